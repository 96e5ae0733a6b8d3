import type { Clock } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import type { ClientPackage } from './client.ts'
import { loadClient } from './client.ts'
import type { Connection } from './connection.ts'
import { connection } from './connection.ts'
import { withOwnChannel } from './connection-string.ts'
import { onStrayRejection } from './stray-rejections.ts'

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
