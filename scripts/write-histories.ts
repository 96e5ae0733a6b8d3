// Part of a release (`npm version`): keeps a few histories as this version writes them, which every later version has to explain.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runIdOf } from '../src/events/codec.ts'
import type { StoredEvent } from '../src/eventlog/event-log.ts'
import { simulateSeed } from '../simulation/simulate.ts'

const MOST_SEEDS = 400
const LONGEST_HISTORY = 60
/** The one agent on a chart of its own, which is the simulation's to change. */
const OWN_CHART = '"agent":"trip"'

const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8')) as { version: string }
const folder = resolve(import.meta.dirname, '../test/replay/histories', version)

const isKept = (events: readonly StoredEvent[]): boolean =>
  events.length <= LONGEST_HISTORY &&
  events[0]?.data.includes(OWN_CHART) === false &&
  events.every(({ meta }) => !meta.includes('"blobs":'))

/** What of a history no other one has shown yet: types of events, and places to which they lead. */
const novelties = (events: readonly StoredEvent[]): string[] =>
  events.flatMap(({ type, meta }) => [
    type,
    `${type} ${(JSON.parse(meta) as { to: string }).to.replace(/[\d.]+=/g, '').split('; ')[0] ?? ''}`,
  ])

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const shown = new Set<string>()
let written = 0
for (let seed = 1; seed <= MOST_SEEDS; seed++) {
  const { history } = await simulateSeed(seed)
  for (const [stream, events] of Map.groupBy(history, (event) => event.stream)) {
    const found = new Set(novelties(events).filter((novelty) => !shown.has(novelty)))
    if (!isKept(events) || found.size < 3) continue
    for (const novelty of found) shown.add(novelty)
    const lines = events.map(({ id, revision, type, data, meta }) => JSON.stringify({ stream, id, revision, type, data, meta }))
    writeFileSync(join(folder, `seed-${seed}-${runIdOf(stream)}.ndjson`), `${lines.join('\n')}\n`)
    written += 1
  }
}
console.log(`${written} histories of version ${version}, with ${shown.size} different steps`)
