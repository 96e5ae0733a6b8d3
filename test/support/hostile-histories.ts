import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NewEvent } from '../../src/eventlog/event-log.ts'

interface Recorded extends NewEvent {
  readonly stream: string
}

const histories = join(import.meta.dirname, '../replay/histories')

/** The runs that are recorded, in order of their files. */
export const recordedHistories = (): (readonly NewEvent[])[] =>
  readdirSync(histories, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ndjson'))
    .map((path) =>
      readFileSync(join(histories, path), 'utf8')
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Recorded]))
        .map(({ id, type, data, meta }) => ({ id, type, data, meta })),
    )

/** The same run as one of an eval, which it has lost. */
export const asCaseOfEval = (events: readonly NewEvent[], changed: (text: string) => string): readonly NewEvent[] => {
  const [first, last] = [events[0], events.at(-1)]
  if (first === undefined || last === undefined) return []
  const tags = Object.fromEntries(['dataset', 'case', 'task'].map((name) => [name, changed(name)]))
  const started = { ...(JSON.parse(first.data) as object), tags: { ...tags, eval: changed('nightly'), epoch: '1' } }
  const score = { name: changed('exact'), value: 0, passed: false, note: changed('lost'), revision: 0, by: 'eval' }
  const id = last.id.replace(/^.{8}/, 'eeeeeeee')
  return [
    { ...first, data: JSON.stringify(started) },
    ...events.slice(1),
    { id, type: 'RunScored', data: JSON.stringify(score), meta: last.meta },
  ]
}

/** What an event is read by: another value of these is no event at all. */
const KEPT: ReadonlySet<string> = new Set(['type', 'class', 'effect', 'purpose', 'next', 'outcome', 'limit', 'settledBy', 'blobs'])

/** The same run with another text in the place of every text of its events. */
export const inEveryField = (events: readonly NewEvent[], changed: (text: string) => string): readonly NewEvent[] => {
  const poisoned = (value: unknown): unknown => {
    if (typeof value === 'string') return changed(value)
    if (Array.isArray(value)) return value.map(poisoned)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, KEPT.has(key) ? inner : poisoned(inner)]))
  }
  const text = (json: string): string => JSON.stringify(poisoned(JSON.parse(json)))
  return events.map(({ id, type, data, meta }) => ({ id: id.replace(/^.{8}/, 'ffffffff'), type, data: text(data), meta: text(meta) }))
}
