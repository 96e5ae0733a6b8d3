import type { Clock } from '../clock.ts'
import type { ClientSubscription, ResolvedEvent } from './eventstoredb-client.ts'
import type { Lease } from './eventstoredb-connection.ts'
import { drain } from './eventstoredb-watched-read.ts'

export type IncomingItem =
  | { readonly kind: 'event'; readonly event: ResolvedEvent }
  | { readonly kind: 'caughtUp' }
  /** Nothing came for so long, which may be well. */
  | { readonly kind: 'silence' }
  /** The server ended it, as if all were well. */
  | { readonly kind: 'end' }

/** One subscription of the client, pulled item by item; what is not pulled yet stays with the server. */
export interface Incoming {
  /** Rejects with what the client failed with. */
  next(): Promise<IncomingItem>
  /** A sign of life that is no item, or a reason to look up. */
  wake(): void
  stop(): void
}

interface Arrivals {
  failure: { readonly error: unknown } | undefined
  hasEnded: boolean
  pulled: number
  /** How many events come before each `caughtUp`: it is announced while some may still wait to be pulled. */
  readonly caughtUpAfter: number[]
  /** Wakes who waits for something to arrive. */
  ring: () => void
}

export const incoming = (subscription: ClientSubscription, lease: Lease, clock: Clock, silenceMs: number): Incoming => {
  const arrivals: Arrivals = { failure: undefined, hasEnded: false, pulled: 0, caughtUpAfter: [], ring: () => undefined }
  listen(subscription, arrivals)
  const takeBackUse = lease.onCutOff((error) => fail(arrivals, error))
  const rung = (): Promise<'rung' | 'silent'> =>
    new Promise((resolve) => {
      const takeBack = clock.setTimer(silenceMs, () => resolve('silent'))
      arrivals.ring = () => {
        takeBack()
        resolve('rung')
      }
    })
  return {
    async next() {
      let item = atHand(subscription, arrivals)
      while (item === undefined) {
        if ((await rung()) === 'silent') return { kind: 'silence' }
        item = atHand(subscription, arrivals)
      }
      return item
    },
    wake: () => arrivals.ring(),
    stop() {
      takeBackUse()
      arrivals.hasEnded = true
      arrivals.ring()
      drain(subscription, () => subscription.unsubscribe())
    },
  }
}

const fail = (arrivals: Arrivals, error: unknown): void => {
  arrivals.failure ??= { error }
  arrivals.ring()
}

const listen = (subscription: ClientSubscription, arrivals: Arrivals): void => {
  // Stays for good: an error that nobody listens to would end the process.
  subscription.on('error', (error: unknown) => fail(arrivals, error))
  subscription.on('readable', () => arrivals.ring())
  subscription.on('caughtUp', () => {
    arrivals.caughtUpAfter.push(arrivals.pulled + subscription.readableLength)
    arrivals.ring()
  })
  for (const event of ['end', 'close']) {
    subscription.on(event, () => {
      arrivals.hasEnded = true
      arrivals.ring()
    })
  }
}

const atHand = (subscription: ClientSubscription, arrivals: Arrivals): IncomingItem | undefined => {
  if (arrivals.failure !== undefined) throw arrivals.failure.error
  const [nextCaughtUp] = arrivals.caughtUpAfter
  if (nextCaughtUp !== undefined && nextCaughtUp <= arrivals.pulled) {
    arrivals.caughtUpAfter.shift()
    return { kind: 'caughtUp' }
  }
  const event = subscription.read() as ResolvedEvent | null
  if (event === null) return arrivals.hasEnded ? { kind: 'end' } : undefined
  arrivals.pulled += 1
  return { kind: 'event', event }
}
