import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import { fails, type Score, type ScoredRun, type Scorer } from './scorer.ts'
import { shortNote, shortValue } from './short-text.ts'

export interface ScoringOptions {
  readonly clock: Pick<Clock, 'setTimer'>
  /** A scorer that takes longer has failed; a minute without it. */
  readonly timeoutMs?: number
}

const A_MINUTE = 60_000

/** What a scorer says of a run. Fails closed: one that throws, takes too long or gives no score is a failed score that says so. */
export const scored = async (scorer: Scorer, run: ScoredRun, { clock, timeoutMs = A_MINUTE }: ScoringOptions): Promise<Score> => {
  try {
    return scoreIn(scorer.name, await withinTime(Promise.resolve(scorer.score(run)), clock, timeoutMs), run)
  } catch (thrown) {
    return fails(shortNote(`The scorer ${scorer.name} failed: ${messageOf(thrown)}`))
  }
}

const withinTime = async <Value>(given: Promise<Value>, clock: Pick<Clock, 'setTimer'>, timeoutMs: number): Promise<Value> => {
  let takeBack = (): void => undefined
  const late = new Promise<never>((_, reject) => {
    takeBack = clock.setTimer(timeoutMs, () => {
      reject(new Error(`it gave no score within ${timeoutMs} ms`))
    })
  })
  try {
    return await Promise.race([given, late])
  } finally {
    takeBack()
  }
}

const scoreIn = (name: string, given: unknown, run: ScoredRun): Score => {
  const { value, passed, note, revision } = Object(given) as Readonly<Record<string, unknown>>
  const isScore = typeof value === 'number' && value >= 0 && value <= 1 && typeof passed === 'boolean' && typeof note === 'string'
  if (!isScore)
    return fails(shortNote(`The scorer ${name} gave no score: expected a value from 0 to 1, passed and a note, found ${shown(given)}`))
  const place = typeof revision === 'number' && run.events.some((event) => event.revision === revision) ? { revision } : {}
  return { value, passed, note: shortNote(note), ...place }
}

const shown = (given: unknown): string => {
  try {
    return shortValue(given)
  } catch {
    return `a ${typeof given}`
  }
}
