import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeEvent, shapeProblems, type StoredTexts } from '../../src/events/codec.ts'
import { describeDifference, refoldStep } from '../../src/fold/replay.ts'
import type { RunState } from '../../src/fold/run-state.ts'
import { standardProgram } from './standard-program.ts'

const folder = join(import.meta.dirname, 'histories')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ndjson'))

const eventsIn = (file: string): StoredTexts[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as StoredTexts]))

/** Refolds all of it; returns what differs from the record, or the state at its end. */
const refold = (events: readonly StoredTexts[]): RunState | string => {
  let state: RunState | undefined
  for (const texts of events) {
    const step = refoldStep(standardProgram, state, { event: decodeEvent(texts, new Map()), texts })
    if (!step.ok) return describeDifference(step.difference)
    // No event may change the state that it finds.
    state = Object.freeze(step.state)
  }
  return state ?? 'it is empty'
}

describe('the histories of every release', () => {
  test.for(files)('are explained by this one: %s', (file) => {
    expect(refold(eventsIn(file))).toMatchObject({ revision: eventsIn(file).length - 1 })
  })

  test.for(files)('have the published shapes: %s', (file) => {
    for (const texts of eventsIn(file)) expect(shapeProblems(decodeEvent(texts, new Map()))).toEqual([])
  })

  test('are of every release that there was', () => {
    expect(new Set(files.map((file) => file.split('/')[0]))).toContain('0.1.0')
  })
})

describe('a history that this release cannot explain', () => {
  const [file = ''] = files

  test('is found at its first event that leads elsewhere', () => {
    const events = eventsIn(file)
    const wrong = events.map((event) =>
      event.revision === 3 ? { ...event, type: 'TurnCompleted', data: '{"turn":1,"outcome":"answered"}' } : event,
    )
    expect(refold(wrong)).toMatch(/differs at revision 3/)
  })

  test('is found at its first event that is missing', () => {
    expect(refold(eventsIn(file).toSpliced(2, 1))).toMatch(/differs at revision 3/)
  })
})
