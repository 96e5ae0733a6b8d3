import type { Clock } from '../../clock.ts'
import { AppError, messageOf } from '../../errors.ts'
import { type ClientPackage, loadClient, CLIENT_PACKAGES } from './client.ts'
import { type Connection, connection } from './connection.ts'
import { withOwnChannel } from './connection-string.ts'

// In @eventstore/db-client 6.2.1 all clients of a process share one table of pending appends: where two append, a failure of one ends
// the appends of the other, and the answers that come later throw. So all event logs of a process append through one client.

interface Shared {
  readonly server: string
  readonly connection: Connection
  readonly forget: () => void
  users: number
}

export interface SharedConnection extends Pick<Connection, 'call'> {
  release(): Promise<void>
}

let shared: Shared | undefined

/** Throws `InvalidConfiguration` while the process appends to another server. */
export const appendConnection = (name: ClientPackage, connectionString: string, clock: Clock): SharedConnection => {
  shared ??= open(name, connectionString, clock)
  const mine = shared
  if (mine.server !== connectionString) {
    throw new AppError('InvalidConfiguration', 'this process appends to another EventStoreDB already: one process writes to one server')
  }
  mine.users += 1
  let isReleased = false
  return {
    call: (work, timeoutMs) => mine.connection.call(work, timeoutMs),
    async release() {
      if (isReleased) return
      isReleased = true
      mine.users -= 1
      if (mine.users > 0) return
      if (shared === mine) shared = undefined
      await mine.connection.close()
      mine.forget()
    },
  }
}

const open = (name: ClientPackage, server: string, clock: Clock): Shared => {
  const ours = connection(async () => (await loadClient(name))(withOwnChannel(server)), clock)
  return { server, connection: ours, forget: onStrayRejection((reason) => ours.replace(reason)), users: 0 }
}

// The client packages let some of their own failures escape as unhandled rejections, and each would end the process. Here those, and
// only those, become a reason to throw the client away. Listening for 'unhandledRejection' would not do: a listener changes what
// becomes of everybody's rejections, and the listeners of others (which like to exit) would hear of ours. So the event itself is kept back.

type OnStray = (reason: string) => void

const listeners = new Set<OnStray>()

/** Frames of the client lie in the stack of what its own code threw, and in what grpc-js adds below "for call at". */
const isStray = (reason: unknown): boolean => {
  const stack = reason instanceof Error ? (reason.stack ?? '') : ''
  const frames = stack.replaceAll('\\', '/')
  return CLIENT_PACKAGES.some((name) => frames.includes(`/node_modules/${name}/`))
}

type Emit = (event: string | symbol, ...values: unknown[]) => boolean

const keepBack =
  (emit: Emit): Emit =>
  (event, ...values) => {
    if (event !== 'unhandledRejection' || !isStray(values[0])) return emit.call(process, event, ...values)
    const reason = messageOf(values[0])
    for (const listener of [...listeners]) listener(reason)
    return true
  }

let isInstalled = false

/** Reports unhandled rejections of the client packages to the listener instead of to the process. Returns what ends it. */
const onStrayRejection = (listener: OnStray): (() => void) => {
  if (!isInstalled) {
    // Stays for good: others may wrap it in turn, and a client that is no longer used may still fail.
    process.emit = keepBack(process.emit.bind(process) as Emit) as typeof process.emit
    isInstalled = true
  }
  listeners.add(listener)
  return () => listeners.delete(listener)
}
