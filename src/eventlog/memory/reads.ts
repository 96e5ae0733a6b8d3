import {
  passes,
  streamNotFound,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StoredEvent,
  type SubscribeOptions,
} from '../event-log.ts'
import type { MemoryStore } from './store.ts'
import { openStream } from './store.ts'
import { checkReadOptions, narrow, streamWindow } from '../stream-window.ts'
import type { Page } from '../subscription.ts'

const PAGE_EVENTS = 256

export function* readStream(store: MemoryStore, name: string, options: ReadStreamOptions): Generator<StoredEvent, void, undefined> {
  checkReadOptions(options)
  const stream = openStream(store, name)
  if (stream.events.length === 0 || stream.status === 'deleted') throw streamNotFound(name)
  const direction = options.direction ?? 'forwards'
  const window = narrow(streamWindow(stream.events.length - 1, stream.metadata, store.clock.now()), direction, options.from)
  let left = options.limit ?? Infinity
  for (let i = 0; i <= window.last - window.first && left > 0; i++) {
    const event = stream.events[direction === 'forwards' ? window.first + i : window.last - i]
    if (event === undefined || event.storedAt <= window.storedAfter) continue
    left -= 1
    yield event
  }
}

export function* readAll({ all }: MemoryStore, options: ReadAllOptions): Generator<StoredEvent, void, undefined> {
  checkReadOptions(options)
  let left = options.limit ?? Infinity
  // What is appended during the read is not part of it.
  const { begin, end, step } = rangeOf(all, options)
  for (let i = begin; i !== end && left > 0; i += step) {
    const event = all[i]
    if (event === undefined || !passes(options.filter, event)) continue
    left -= 1
    yield event
  }
}

const rangeOf = (
  all: readonly StoredEvent[],
  { from, direction = 'forwards' }: ReadAllOptions,
): { begin: number; end: number; step: 1 | -1 } => {
  const boundary = from === undefined ? undefined : firstIndexAtOrAfter(all, from)
  return direction === 'forwards'
    ? { begin: boundary ?? 0, end: all.length, step: 1 }
    : { begin: (boundary ?? all.length) - 1, end: -1, step: -1 }
}

const firstIndexAtOrAfter = (all: readonly StoredEvent[], position: number): number => {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((all[middle]?.position ?? Infinity) < position) low = middle + 1
    else high = middle
  }
  return low
}

export const logPage = ({ all }: MemoryStore, after: number | undefined, options: SubscribeOptions): Page => {
  const begin = after === undefined ? 0 : firstIndexAtOrAfter(all, after + 1)
  const considered = all.slice(begin, begin + PAGE_EVENTS)
  return {
    events: considered.filter((event) => passes(options.filter, event)),
    end: considered.at(-1)?.position ?? after,
    more: begin + considered.length < all.length,
  }
}

export const streamPage = (store: MemoryStore, name: string, after: number | undefined, options: SubscribeOptions): Page => {
  const stream = openStream(store, name)
  if (stream.status === 'deleted' || stream.events.length === 0) return { events: [], end: after, more: false }
  const window = streamWindow(stream.events.length - 1, stream.metadata, store.clock.now())
  const begin = Math.max(window.first, (after ?? -1) + 1)
  const considered = stream.events.slice(begin, begin + PAGE_EVENTS)
  return {
    events: considered.filter((event) => event.storedAt > window.storedAfter && passes(options.filter, event)),
    end: considered.at(-1)?.revision ?? after,
    more: begin + considered.length < stream.events.length,
  }
}
