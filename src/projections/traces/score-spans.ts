import { note, noteAfterwards } from './open-trace.ts'
import { valueContent } from './said-in-turn.ts'
import type { SpansOf } from './spans-of.ts'

const NAME = 'gen_ai.evaluation.result'

/** A score is an event of the turn that is open; once that has ended, a span of no length below it. */
export const scoreSpans: SpansOf<'RunScored'> = {
  RunScored(trace, event) {
    const { name, value, passed, note: why, revision, by } = event.data
    const attributes = {
      'gen_ai.evaluation.name': name,
      'gen_ai.evaluation.score.value': value,
      'gen_ai.evaluation.score.label': passed === undefined ? undefined : passed ? 'pass' : 'fail',
      'refold.evaluation.by': by,
      'refold.evaluation.revision': revision,
    }
    if (trace.turn !== undefined) note(trace, '', event, { name: NAME, attributes })
    else noteAfterwards(trace, event, { name: NAME, attributes, content: valueContent(trace.said, 'gen_ai.evaluation.explanation', why) })
  },
}
