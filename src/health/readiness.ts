import type { Clock } from '../clock.ts'
import { withDeadline } from '../runtime/deadline.ts'

/** A server that a process cannot work without. */
export interface Dependency {
  readonly name: string
  /** Resolves where it answers. */
  readonly ask: () => Promise<unknown>
}

/** One that takes longer has stopped, for whoever waits behind a load balancer. */
const ANSWER_WITHIN_MS = 2_000

/** Names of those that do not answer, or not soon enough. */
export const unanswered = async (clock: Clock, dependencies: readonly Dependency[]): Promise<readonly string[]> => {
  const asked = dependencies.map(({ name, ask }) =>
    answersWithin(clock, ANSWER_WITHIN_MS, ask).then(
      () => [],
      () => [name],
    ),
  )
  return (await Promise.all(asked)).flat()
}

const NEVER = new AbortController().signal

/** Rejects after `timeoutMs`; what is asked goes on, and its late answer goes nowhere. */
export const answersWithin = <Answer>(clock: Clock, timeoutMs: number, ask: () => Promise<Answer>): Promise<Answer> =>
  withDeadline(clock, { timeoutMs, outer: NEVER, late: () => undefined }, ask)
