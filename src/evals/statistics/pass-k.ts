/** How often one task was tried, and how often that passed. */
export interface Tries {
  readonly tried: number
  readonly passed: number
}

/** Of tasks that were tried often enough; undefined where none was. */
export interface PassK {
  readonly k: number
  readonly value: number | undefined
  /** Tasks that it is of: those that were tried `k` times at least. */
  readonly tasks: number
}

/** The chance that at least one of `k` tries passes, without bias: 1 - C(n-c, k) / C(n, k), as a mean over tasks. */
export const passAtK = (tasks: readonly Tries[], k: number): PassK =>
  meanOver(tasks, k, ({ tried, passed }) => 1 - chosenShare(tried - passed, tried, k))

/** The chance that all of `k` tries pass: C(c, k) / C(n, k), as a mean over tasks. */
export const passHatK = (tasks: readonly Tries[], k: number): PassK =>
  meanOver(tasks, k, ({ tried, passed }) => chosenShare(passed, tried, k))

const meanOver = (tasks: readonly Tries[], k: number, value: (tries: Tries) => number): PassK => {
  const often = tasks.filter(({ tried }) => tried >= k)
  const sum = often.reduce((total, tries) => total + value(tries), 0)
  return { k, value: often.length === 0 ? undefined : sum / often.length, tasks: often.length }
}

/** C(some, k) / C(all, k), without numbers that grow. */
const chosenShare = (some: number, all: number, k: number): number => {
  let share = 1
  for (let taken = 0; taken < k && share > 0; taken++) share *= Math.max(0, some - taken) / (all - taken)
  return share
}
