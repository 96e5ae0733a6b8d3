import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { fromMessage, toMessage, toOmission } from '../../../src/consumers/event-message.ts'
import type { StoredEvent } from '../../../src/eventlog/event-log.ts'
import { sha256 } from '../../../src/hash.ts'

const anyText = fc.string({ unit: 'grapheme' })

const anyEvent: fc.Arbitrary<StoredEvent> = fc.record({
  id: fc.uuid(),
  type: fc.string({ minLength: 1 }),
  data: anyText,
  meta: fc.oneof(
    anyText,
    fc.record({ agent: anyText, correlationId: anyText, traceparent: fc.oneof(anyText, fc.integer()) }).map((meta) => JSON.stringify(meta)),
  ),
  stream: anyText.map((runId) => `run.${sha256(runId).slice(0, 2)}-${runId}`),
  revision: fc.nat(),
  position: fc.nat(),
  storedAt: fc.integer({ min: 0, max: 4_000_000_000_000 }),
})

describe('an event on the bus', () => {
  test('is the stored event again, whatever its texts are', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        fc.pre(event.type !== 'EventOmitted')
        expect(fromMessage(toMessage(event))).toEqual({ kind: 'event', event })
      }),
    )
  })
  test('that is left out still tells its place', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const { stream, revision } = event
        expect(fromMessage(toOmission(event, 1))).toEqual({ kind: 'omitted', place: { stream, revision } })
      }),
    )
  })
})
