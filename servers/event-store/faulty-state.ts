import type { AppendFault, Faults, ReadFault, Report } from './faults.ts'
import { NO_FAULTS } from './faults.ts'

export type EndSubscription = (code: number | undefined, details: string) => void

/** The faults that are on, and what was seen so far. */
export interface FaultyState {
  readonly faults: Faults
  set(faults: Partial<Faults>): void
  /** Counts the append and says what is to become of it. */
  nextAppend(connectionName: string): AppendFault
  nextRead(): ReadFault
  /** Resolves once so many appends have arrived since the start. */
  arrived(appends: number): Promise<void>
  /** To be done by `answerLate`. */
  keepAnswer(send: () => void): void
  answerLate(): void
  readonly openSubscriptions: Set<EndSubscription>
  seen(peer: string): void
  /** A read or a subscription has gone through an event of the whole log. */
  lookedAt(): void
  /** Whether a conversation that begins now is still answered. */
  newBatchStream(): { readonly isWedged: () => boolean }
  wedge(): void
  report(): Report
}

export const faultyState = (): FaultyState => {
  let faults = NO_FAULTS
  let appendsLeft = Infinity
  let readsLeft = Infinity
  let appends = 0
  let batchStreams = 0
  let wedged = 0
  let lookedAt = 0
  let late: (() => void)[] = []
  const onArrival = new Set<() => void>()
  const peers = new Set<string>()
  const openSubscriptions = new Set<EndSubscription>()

  return {
    get faults() {
      return faults
    },
    set(changed) {
      faults = { ...faults, ...changed }
      if (changed.appends !== undefined) appendsLeft = changed.appendCount ?? Infinity
      if (changed.reads !== undefined) readsLeft = changed.readCount ?? Infinity
    },
    nextAppend(connectionName) {
      appends += 1
      for (const look of onArrival) look()
      if (faults.appendsOf !== undefined && faults.appendsOf !== connectionName) return NO_FAULTS.appends
      appendsLeft -= 1
      return appendsLeft < 0 ? NO_FAULTS.appends : faults.appends
    },
    arrived: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (appends < wanted) return
          onArrival.delete(look)
          resolve()
        }
        onArrival.add(look)
        look()
      }),
    nextRead() {
      readsLeft -= 1
      return readsLeft < 0 ? NO_FAULTS.reads : faults.reads
    },
    keepAnswer(send) {
      late.push(send)
    },
    answerLate() {
      const waiting = late
      late = []
      for (const send of waiting) send()
    },
    openSubscriptions,
    seen(peer) {
      peers.add(peer)
    },
    lookedAt() {
      lookedAt += 1
    },
    newBatchStream() {
      batchStreams += 1
      const number = batchStreams
      return { isWedged: () => number <= wedged }
    },
    wedge() {
      wedged = batchStreams
    },
    report: () => ({ subscriptions: openSubscriptions.size, appends, batchStreams, connections: peers.size, lookedAt }),
  }
}
