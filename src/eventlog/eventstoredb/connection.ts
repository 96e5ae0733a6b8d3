import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import { logClosed } from '../event-log.ts'
import type { DatabaseClient } from './client.ts'
import { cutOff, isConfused, isCutOff, isFatal } from './errors.ts'

// A client object of EventStoreDB that is thrown away and built again when it is of no further use.
//
//   CONNECT1. A call ends when its time is up or its client is thrown away, whatever the client does.
//   CONNECT2. The new client is used only after the old one has ended its conversations: in @eventstore/db-client 6.2.1
//       the failing conversation of one client ends the pending appends of all clients.

export interface Connection {
  /** Rejects as the client does, or with a cut-off error; `Closed` once closed. */
  call<T>(work: (client: DatabaseClient) => Promise<T>, timeoutMs: number): Promise<T>
  /** For what lasts longer than a call. Rejects with `Closed` once closed, and with what the client cannot be built for. */
  lease(): Promise<Lease>
  /** Throws the client away; the next call builds a new one. */
  replace(reason: string): void
  close(): Promise<void>
}

export interface Lease {
  readonly client: DatabaseClient
  /** Is called when the client is thrown away. Returns what takes it back. */
  onCutOff(end: (error: Error) => void): () => void
  /** The server was heard of. */
  answered(): void
  /** The server was not heard of when it should have been; after the second time in a row the client is thrown away. */
  silent(): void
  /** Throws the client away where the error, or a row of such errors, is one that it does not recover from. */
  failed(error: unknown): void
}

interface Generation {
  readonly client: DatabaseClient
  readonly bornAt: number
  readonly users: Set<(error: Error) => void>
  silences: number
  /** Failures in a row after which the client stays with its node. */
  confusions: number
}

const SILENCES_BEFORE_REPLACEMENT = 2
const CONFUSIONS_BEFORE_REPLACEMENT = 5

/** So long a client is given to find a node, whatever its node says. */
const SETTLING_MS = 1_000

/** So long the conversations of a client that is thrown away may take to end. */
const FAREWELL_MS = 500

export const connection = (build: () => Promise<DatabaseClient>, clock: Clock): Connection => {
  let current: Promise<Generation> | undefined
  let farewell: Promise<unknown> = Promise.resolve()
  let isClosed = false

  const generation = async (): Promise<Generation> => {
    await farewell
    return { client: await build(), bornAt: clock.now(), users: new Set(), silences: 0, confusions: 0 }
  }
  const discard = async (old: Promise<Generation>, error: Error): Promise<void> => {
    if (current === old) current = undefined
    const ended = old.then(({ client, users }) => {
      for (const end of [...users]) end(error)
      return within(client.dispose(), FAREWELL_MS, clock)
    })
    farewell = Promise.all([farewell, ended]).catch(() => undefined)
    await farewell
  }
  const replace = (old: Promise<Generation> | undefined, reason: string): void => {
    if (old !== undefined && old === current) void discard(old, cutOff(`the client was thrown away: ${reason}`))
  }
  const lease = async (): Promise<Lease> => {
    if (isClosed) throw logClosed()
    current ??= generation()
    const mine = current
    try {
      return leaseOf(await mine, clock, (reason) => replace(mine, reason))
    } catch (error) {
      if (current === mine) current = undefined
      throw error
    }
  }

  return {
    lease,
    async call(work, timeoutMs) {
      return callOn(await lease(), work, timeoutMs, clock)
    },
    replace: (reason) => replace(current, reason),
    async close() {
      isClosed = true
      if (current !== undefined) await discard(current, logClosed())
      await farewell
    },
  }
}

const leaseOf = (generation: Generation, clock: Clock, giveUp: (reason: string) => void): Lease => ({
  client: generation.client,
  onCutOff(end) {
    generation.users.add(end)
    return () => generation.users.delete(end)
  },
  answered() {
    generation.silences = 0
    generation.confusions = 0
  },
  silent() {
    generation.silences += 1
    if (generation.silences >= SILENCES_BEFORE_REPLACEMENT) giveUp('it was silent twice in a row')
  },
  failed(error) {
    if (isFatal(error)) giveUp(messageOf(error))
    if (isCutOff(error)) return
    generation.silences = 0
    generation.confusions = isConfused(error) ? generation.confusions + 1 : 0
    const hasSettled = clock.now() - generation.bornAt >= SETTLING_MS
    if (generation.confusions >= CONFUSIONS_BEFORE_REPLACEMENT && hasSettled) giveUp(messageOf(error))
  },
})

const callOn = <T>(lease: Lease, work: (client: DatabaseClient) => Promise<T>, timeoutMs: number, clock: Clock): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const answer = work(lease.client)
    const leave = (): void => {
      takeBackTimer()
      takeBackUse()
    }
    const takeBackUse = lease.onCutOff((error) => {
      leave()
      reject(error)
    })
    const takeBackTimer = clock.setTimer(timeoutMs, () => {
      leave()
      reject(cutOff(`no answer within ${timeoutMs} ms`))
      lease.silent()
    })
    answer.then(
      (value) => {
        leave()
        lease.answered()
        resolve(value)
      },
      (error: unknown) => {
        leave()
        lease.failed(error)
        reject(error)
      },
    )
  })

/** Resolves when the promise settles or the time is up. */
const within = (promise: Promise<unknown>, timeoutMs: number, clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    const takeBack = clock.setTimer(timeoutMs, resolve)
    const done = (): void => {
      takeBack()
      resolve()
    }
    promise.then(done, done)
  })
