import type { EventFilter, StoredEvent } from './event-log.ts'

export const passes = (filter: EventFilter | undefined, event: StoredEvent): boolean =>
  filter === undefined || (event.stream.startsWith(filter.streamPrefix ?? '') && event.type.startsWith(filter.typePrefix ?? ''))
