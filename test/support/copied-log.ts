import type { Clock } from '../../src/clock.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'

/** What a backup holds: the log up to a position, or all of it. Positions, revisions and ids are those of the original. */
export const copiedLog = async (log: EventLog, { clock, upTo = Infinity }: { clock: Clock; upTo?: number }): Promise<EventLog> => {
  const copy = memoryEventLog({ clock })
  for await (const { stream, id, type, data, meta, position } of log.readAll())
    if (position <= upTo) await copy.append(stream, 'any', [{ id, type, data, meta }])
  return copy
}
