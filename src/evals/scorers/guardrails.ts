import type { RunEvent } from '../../events/envelope.ts'
import { toolCallsIn } from '../dataset-case.ts'
import { fails, passes, type Scorer } from './scorer.ts'
import { shortNote } from './short-text.ts'

/** What guardrails and people are expected to have done: nothing; to have blocked something; to have kept a call from its tool. */
export type GuardrailExpectation =
  | { readonly expect: 'nothing blocked' }
  /** By this guardrail, or by any. */
  | { readonly expect: 'blocked'; readonly guardrail?: string }
  /** By a guardrail, a person or because nobody has answered: of this tool, or of any. */
  | { readonly expect: 'action denied'; readonly tool?: string }

/** Whether guardrails did what they should. The step that lost it is what was blocked without need; what was not blocked has no step. */
export const guardrailScorer = (expectation: GuardrailExpectation, name = 'guardrails'): Scorer => ({
  name,
  score({ events }) {
    const stopped = stopsIn(events)
    if (expectation.expect === 'nothing blocked') {
      const [first] = stopped
      return first === undefined ? passes('Nothing was blocked') : fails(shortNote(first.note), first.revision)
    }
    const fits = ({ guardrail, tool, isAction }: Stop): boolean =>
      expectation.expect === 'blocked'
        ? guardrail !== undefined && (expectation.guardrail === undefined || guardrail === expectation.guardrail)
        : isAction && (expectation.tool === undefined || tool === expectation.tool)
    const found = stopped.find(fits)
    return found === undefined ? fails(`Expected ${wordsOf(expectation)}, found nothing of it`) : passes(shortNote(found.note))
  },
})

const wordsOf = (expectation: Exclude<GuardrailExpectation, { expect: 'nothing blocked' }>): string =>
  expectation.expect === 'blocked'
    ? `something blocked by ${expectation.guardrail ?? 'a guardrail'}`
    : `a call of ${expectation.tool ?? 'a tool'} denied`

interface Stop {
  readonly revision: number
  readonly note: string
  readonly guardrail?: string | undefined
  readonly tool?: string | undefined
  readonly isAction: boolean
}

const stopsIn = (events: readonly RunEvent[]): readonly Stop[] => {
  const tools = new Map(toolCallsIn(events).map(({ callId, tool }) => [callId, tool]))
  return events.flatMap((event): readonly Stop[] => {
    const { revision } = event
    switch (event.type) {
      case 'InputRejected': {
        const { guardrail, reason } = event.data
        return [{ revision, note: `${guardrail} blocked the message: ${reason}`, guardrail, isAction: false }]
      }
      case 'OutputRejected': {
        const { guardrail, reason } = event.data
        return guardrail === undefined ? [] : [{ revision, note: `${guardrail} blocked the answer: ${reason}`, guardrail, isAction: false }]
      }
      case 'ToolCallRejected': {
        const { guardrail = 'a guardrail', reason, message, callId } = event.data
        const tool = tools.get(callId)
        return reason === 'guardrail'
          ? [{ revision, note: `${guardrail} blocked a call of ${tool ?? 'a tool'}: ${message}`, guardrail, tool, isAction: true }]
          : []
      }
      case 'ToolCallDenied': {
        const { callId, by, reason } = event.data
        const tool = tools.get(callId)
        return [{ revision, note: `${by} denied a call of ${tool ?? 'a tool'}: ${reason}`, tool, isAction: true }]
      }
      default:
        return []
    }
  })
}
