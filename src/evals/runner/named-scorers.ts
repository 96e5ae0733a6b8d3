import { AppError } from '../../errors.ts'
import { answerScorer, containsScorer } from '../scorers/answers.ts'
import { schemaScorer } from '../scorers/schema.ts'
import type { Scorer } from '../scorers/scorer.ts'
import { stateScorer } from '../scorers/state.ts'
import { argumentsScorer, trajectoryScorer } from '../scorers/tool-calls.ts'

/** Scorers that need nothing but a name, as `--scorer` takes them. */
const NAMED: Readonly<Record<string, () => Scorer>> = {
  exact: () => answerScorer('exact', { normalised: false }),
  answer: () => answerScorer(),
  contains: () => containsScorer(),
  schema: () => schemaScorer(),
  strict: () => trajectoryScorer('strict', {}, 'strict'),
  unordered: () => trajectoryScorer('unordered', {}, 'unordered'),
  subset: () => trajectoryScorer('subset', {}, 'subset'),
  superset: () => trajectoryScorer('superset', {}, 'superset'),
  arguments: () => argumentsScorer(),
  state: () => stateScorer(),
}

/** Throws `InvalidInput` for a name that is none of them. */
export const scorerNamed = (name: string): Scorer => {
  const make = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined
  if (make !== undefined) return make()
  throw new AppError('InvalidInput', `Expected a scorer of ${Object.keys(NAMED).join(', ')}, found ${JSON.stringify(name)}`)
}
