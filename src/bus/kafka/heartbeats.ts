import type { Clock } from '../../clock.ts'

export interface Heartbeats {
  readonly clock: Clock
  readonly everyMs: number
  readonly beat: () => Promise<void>
  /** The group has gone on without this member, or cannot be reached. */
  readonly lost: () => void
}

/** Shows signs of life while the work goes on: the client shows none between two fetches. Rejects with what a lost beat said. */
export const withHeartbeats = async ({ clock, everyMs, beat, lost }: Heartbeats, work: () => Promise<void>): Promise<void> => {
  let isDone = false
  let failure: { readonly reason: unknown } | undefined
  let disarm = (): void => undefined
  const again = (): void => {
    disarm = clock.setTimer(everyMs, () => {
      beat()
        .catch((reason: unknown) => {
          // While a group rebalances every beat fails, and still it is what keeps the member in the group until it is done.
          failure ??= { reason }
          lost()
        })
        .finally(() => {
          if (!isDone) again()
        })
    })
  }
  again()
  try {
    await work()
  } finally {
    isDone = true
    disarm()
  }
  if (failure !== undefined) throw failure.reason
}
