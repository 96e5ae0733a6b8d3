import type { Clock } from '../../clock.ts'
import type { Connection } from './connection.ts'
import type { Contact } from './contact.ts'

export interface ReadParts {
  readonly connection: Connection
  readonly clock: Clock
  readonly contact: Contact
  /** For the first event, and from one to the next. */
  readonly timeoutMs: number
  /** In what steps the client tells when an event was stored. */
  readonly storedAtStepMs: number
}
