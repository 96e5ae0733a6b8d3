import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeEvent, type StoredTexts } from '../../../src/events/codec.ts'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { outlineRow as rowContract } from '../../../src/http/outline-contract.ts'
import { recordedWorkAfter, type OpenWork } from '../../../src/projections/open-work.ts'
import { eventOfRow, outlineRow } from '../../../src/projections/outline-row.ts'
import { askedAfter, timersAfter, type Asked, type Due } from '../../../src/projections/run-index-work.ts'

const folder = join(import.meta.dirname, '../../replay/histories')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ndjson'))

const eventsIn = (file: string): RunEvent[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [decodeEvent(JSON.parse(line) as StoredTexts, new Map())]))

interface Folded {
  readonly work: ReadonlyMap<string, OpenWork>
  readonly asked: Asked
  readonly timers: Due
}

const nothing: Folded = { work: new Map(), asked: {}, timers: {} }

const folded = (before: Folded, event: RunEvent): Folded => ({
  work: recordedWorkAfter(before.work, event),
  asked: askedAfter(before.asked, event),
  timers: timersAfter(before.timers, event),
})

describe('the rows of an outline', () => {
  test.for(files)('fold to the same open work, questions and timers as their events, at every revision: %s', (file) => {
    const events = eventsIn(file)
    const revisions = new Map(events.map(({ id, revision }) => [id, revision]))
    let [ofEvents, ofRows] = [nothing, nothing]
    for (const event of events) {
      const row = outlineRow(event, (id) => revisions.get(id))
      ofEvents = folded(ofEvents, { ...event, id: String(event.revision) })
      ofRows = folded(ofRows, eventOfRow(row, event.runId))
      expect(ofRows, `${event.revision} ${event.type}`).toEqual(ofEvents)
    }
  })

  test.for(files)('are what the contract says: %s', (file) => {
    for (const event of eventsIn(file)) {
      const row = outlineRow(event, () => undefined)
      expect(rowContract.parse(row), `${event.revision} ${event.type}`).toEqual(row)
    }
  })

  test('are short, whatever models, tools and people have said', () => {
    const [event] = eventsIn(files[0] ?? '')
    const long = 'x\u202e\0\n'.repeat(100_000)
    const rows = [
      { type: 'MessageReceived', data: { text: long } },
      {
        type: 'ModelCallSucceeded',
        data: {
          callId: '1.0',
          attempt: 1,
          model: long,
          parts: Array.from({ length: 500 }, () => ({ type: 'toolCall', id: 'a', name: long, argumentsText: long })),
          usage: {},
          durationMs: 1,
          stop: long,
        },
      },
      { type: 'ToolCallFailed', data: { callId: '1.0', attempt: 1, class: 'error', message: long, cause: long, by: long } },
      { type: 'RunEscalated', data: { reason: long } },
      { type: 'InputRejected', data: { guardrail: long, reason: long, evidence: long } },
    ].map((fact) => outlineRow({ ...event, ...fact } as unknown as RunEvent, () => undefined))
    for (const row of rows) {
      expect(JSON.stringify(row).length, row.type).toBeLessThan(150_000)
      expect(Array.from(row.summary).length).toBeLessThanOrEqual(200)
      expect(row.summary).not.toMatch(/[\u202e\0\n]/)
    }
  })
})
