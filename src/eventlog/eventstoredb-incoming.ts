import type { Clock } from '../clock.ts'
import type { ClientSubscription, ResolvedEvent } from './eventstoredb-client.ts'
import type { Lease } from './eventstoredb-connection.ts'

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

export const incoming = (subscription: ClientSubscription, lease: Lease, clock: Clock, silenceMs: number): Incoming => {
  /** How many events come before each `caughtUp`: it is announced while some may still wait to be pulled. */
  const caughtUpAfter: number[] = []
  let pulled = 0
  let failure: { readonly error: unknown } | undefined
  let hasEnded = false
  let ring: () => void = () => undefined

  const wake = (): void => ring()
  // Stays for good: an error that nobody listens to would end the process.
  subscription.on('error', (error: unknown) => {
    failure ??= { error }
    ring()
  })
  subscription.on('caughtUp', () => {
    caughtUpAfter.push(pulled + subscription.readableLength)
    ring()
  })
  subscription.on('readable', wake)
  for (const event of ['end', 'close']) {
    subscription.on(event, () => {
      hasEnded = true
      ring()
    })
  }
  const takeBackUse = lease.onCutOff((error) => {
    failure ??= { error }
    ring()
  })

  const atHand = (): IncomingItem | undefined => {
    if (failure !== undefined) throw failure.error
    if (caughtUpAfter[0] !== undefined && caughtUpAfter[0] <= pulled) {
      caughtUpAfter.shift()
      return { kind: 'caughtUp' }
    }
    const event = subscription.read() as ResolvedEvent | null
    if (event === null) return hasEnded ? { kind: 'end' } : undefined
    pulled += 1
    return { kind: 'event', event }
  }
  const rung = (): Promise<'rung' | 'silent'> =>
    new Promise((resolve) => {
      const takeBack = clock.setTimer(silenceMs, () => resolve('silent'))
      ring = () => {
        takeBack()
        resolve('rung')
      }
    })

  return {
    async next() {
      let item = atHand()
      while (item === undefined) {
        if ((await rung()) === 'silent') return { kind: 'silence' }
        item = atHand()
      }
      return item
    },
    wake,
    stop() {
      takeBackUse()
      ring()
      void subscription.unsubscribe().then(undefined, () => undefined)
      subscription.destroy()
    },
  }
}
