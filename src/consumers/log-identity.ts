import type { EventLog } from '../eventlog/event-log.ts'

/** Tells one log from another: the id of its first event; '' where there is none. */
export const identityOf = async (log: EventLog): Promise<string> => {
  for await (const first of log.readAll({ limit: 1 })) return first.id
  return ''
}
