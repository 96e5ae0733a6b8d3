import type { Interval } from '../statistics/interval.ts'
import { wilsonInterval } from '../statistics/wilson.ts'

/** Where one run, or one call of a model, would go otherwise. */
export interface Difference {
  readonly runId: string
  /** Of the recorded run. */
  readonly revision: number
  /** What was decided, and what would be. */
  readonly recorded: string
  readonly now: string
  readonly detail: string
  /** The fork that shows it. */
  readonly fork?: string
}

export type Example = Omit<Difference, 'recorded' | 'now'>

/** All differences of one kind. */
export interface CountedDifference extends Interval {
  readonly recorded: string
  readonly now: string
  readonly count: number
  /** Of all that was compared; `low` and `high` are its 95 % interval by Wilson. */
  readonly share: number
  readonly examples: readonly Example[]
}

export interface Tally {
  add(difference: Difference): void
  /** The most frequent first. `all`: how many were compared. */
  counted(all: number): readonly CountedDifference[]
}

const MOST_EXAMPLES = 5
/** Words that models write are part of what is counted by. */
const MOST_KINDS = 500
const OTHERS = 'something else'

/** Keeps counts and some examples, however many are added. */
export const createTally = (): Tally => {
  const kinds = new Map<string, { recorded: string; now: string; count: number; examples: Example[] }>()
  return {
    add({ recorded, now, ...example }) {
      const name = JSON.stringify([recorded, now])
      const isKept = kinds.has(name) || kinds.size < MOST_KINDS
      const key = isKept ? name : OTHERS
      const kind = kinds.get(key) ?? { ...(isKept ? { recorded, now } : { recorded: OTHERS, now: OTHERS }), count: 0, examples: [] }
      kinds.set(key, kind)
      kind.count += 1
      kind.examples.push(example)
      // The same ones, in whatever order runs are looked at.
      kind.examples.sort((a, b) => compareText(a.runId, b.runId) || a.revision - b.revision).splice(MOST_EXAMPLES)
    },
    counted: (all) =>
      [...kinds.values()]
        .map(({ recorded, now, count, examples }) => ({ recorded, now, count, ...shareOf(count, all), examples }))
        .sort((one, other) => other.count - one.count || compareText(one.recorded + one.now, other.recorded + other.now)),
  }
}

export const shareOf = (count: number, all: number): Interval & { readonly share: number } => ({
  share: all === 0 ? 0 : count / all,
  ...wilsonInterval(count, all),
})

const compareText = (one: string, other: string): number => (one < other ? -1 : Number(one > other))
