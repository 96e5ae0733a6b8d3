import { AppError } from '../../errors.ts'
import type { Score, ScoredRun, Scorer } from './scorer.ts'

/** A function of one's own: `true`, `false`, a value from 0 to 1, or a whole score. */
export const ownScorer = (
  name: string,
  score: (run: ScoredRun) => boolean | number | Score | Promise<boolean | number | Score>,
): Scorer => ({
  name,
  score: async (run) => scoreFrom(await score(run)),
})

const scoreFrom = (given: boolean | number | Score): Score => {
  if (typeof given === 'boolean') return { value: given ? 1 : 0, passed: given, note: given ? 'It passes' : 'It does not pass' }
  if (typeof given === 'number') return { value: given, passed: given === 1, note: `${given}` }
  return given
}

/** Throws `InvalidConfiguration` for names that two have, or that reports use themselves. */
export const checkScorers = (scorers: readonly Scorer[]): void => {
  const seen = new Set<string>()
  for (const { name } of scorers) {
    if (!SCORER_NAME.test(name) || RESERVED.has(name))
      throw new AppError(
        'InvalidConfiguration',
        `Expected a name of a scorer of letters, digits, "_", "-" and ".", found ${JSON.stringify(name)}`,
      )
    if (seen.has(name)) throw new AppError('InvalidConfiguration', `Expected scorers of different names, found two of "${name}"`)
    seen.add(name)
  }
}

const SCORER_NAME = /^[A-Za-z][\w.-]{0,99}$/
/** What gates name otherwise. */
const RESERVED: ReadonlySet<string> = new Set([
  'accuracy',
  'cost',
  'costPerRun',
  'tokensPerRun',
  'p50',
  'p95',
  'errors',
  'flaky',
  'broken',
  'not',
])
