import { logClosed } from '../event-log.ts'
import type { Connection } from './connection.ts'

export interface ConnectionPool {
  /** Throws `Closed` once closed. */
  take(): { readonly connection: Connection; giveBack(): void }
  close(): Promise<void>
}

/** A server takes 100 conversations on one network connection; a further one would wait for ever. Some are left for calls. */
const MOST_CONVERSATIONS = 80

/** Connections for conversations that last: as many as are needed, none with more than the server takes. */
export const connectionPool = (open: () => Connection): ConnectionPool => {
  const members: { readonly connection: Connection; conversations: number }[] = []
  let isClosed = false
  return {
    take() {
      if (isClosed) throw logClosed()
      let member = members.find(({ conversations }) => conversations < MOST_CONVERSATIONS)
      if (member === undefined) {
        member = { connection: open(), conversations: 0 }
        members.push(member)
      }
      const taken = member
      taken.conversations += 1
      return {
        connection: taken.connection,
        giveBack() {
          taken.conversations -= 1
        },
      }
    },
    async close() {
      isClosed = true
      await Promise.all(members.map(({ connection }) => connection.close()))
    },
  }
}
