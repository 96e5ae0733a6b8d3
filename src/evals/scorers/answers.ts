import { sameJson } from './same-json.ts'
import { saidTexts } from './said-texts.ts'
import { fails, passes, type Score, type ScoredRun, type Scorer } from './scorer.ts'
import { normalText } from './normal-text.ts'
import { shortNote, shortValue } from './short-text.ts'

/** The last answer is the expected one: as it is written, or `normalised`: see {@link normalText}. The result of a run that has ended with one has to be the same JSON. */
export const answerScorer = (name = 'answer', { normalised = true }: { readonly normalised?: boolean } = {}): Scorer => ({
  name,
  score(run) {
    const { expected, output } = run.case
    if (expected?.answer === undefined && output.output !== null) return resultScore(run)
    const wanted = expected?.answer ?? output.answer
    if (wanted === null) return fails('The case says nothing of an answer: neither in `expected` nor in what was recorded')
    if (run.answer === null) return fails('There is no answer', run.events.at(-1)?.revision)
    const isSame = normalised ? normalText(run.answer) === normalText(wanted) : run.answer === wanted
    return isSame
      ? passes('The answer is the expected one')
      : fails(`Expected ${shortValue(wanted)}, found ${shortValue(run.answer)}`, answeredAt(run))
  },
})

const resultScore = (run: ScoredRun): Score =>
  sameJson(run.output, run.case.output.output)
    ? passes('The result is the expected one')
    : fails(`Expected ${shortValue(run.case.output.output)}, found ${shortValue(run.output)}`, run.events.at(-1)?.revision)

/** All expected texts stand in what the agent has said, in whichever of its answers, by {@link normalText}. The value is the share of them. */
export const containsScorer = (name = 'contains'): Scorer => ({
  name,
  score(run) {
    const wanted = run.case.expected?.contains
    if (wanted === undefined) return fails('The case expects no texts: `expected.contains` is missing')
    const said = normalText(saidTexts(run.events).join('\n'))
    const missing = wanted.filter((text) => !said.includes(normalText(text)))
    if (missing.length === 0) return passes(`All of ${wanted.length} texts were said`)
    const note = `Not said: ${missing.map(shortValue).join(', ')}`
    return { ...fails(shortNote(note), answeredAt(run)), value: 1 - missing.length / wanted.length }
  },
})

/** Where the last answer was given. */
const answeredAt = ({ events }: ScoredRun): number | undefined =>
  events.findLast(({ type }) => type === 'ModelCallSucceeded' || type === 'HumanAnswerReceived')?.revision
