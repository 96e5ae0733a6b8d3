import { describe, expect, test } from 'vitest'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { appendBatch, type Batch } from '../../../src/runtime/actors/batch.ts'
import type { RuntimeParts } from '../../../src/runtime/runtime-parts.ts'
import { outcomeUnknown, unavailable } from '../../support/troubled-log.ts'
import { manualClock } from '../../support/world.ts'

const batch = { sealed: [{ texts: { id: '00000000-0000-4000-8000-000000000001', type: 'Noted', data: '{}', meta: '{}' }, blobs: [] }] }

describe('an append of which nobody knows whether it was stored', () => {
  test('stays so at the end of its process, whatever the log says of its repetitions', async () => {
    const clock = manualClock()
    const end = new AbortController()
    const said = [outcomeUnknown(), unavailable()]
    const append: EventLog['append'] = () => Promise.reject(said.shift() ?? unavailable())
    const parts = { log: { ...memoryEventLog({ clock }), append }, clock, notify: () => undefined } as unknown as RuntimeParts
    const failed = (): void => {
      if (said.length === 0) end.abort()
      else queueMicrotask(() => clock.next())
    }
    const appended = appendBatch(parts, {
      runId: 'run-1',
      batch: batch as unknown as Batch,
      before: undefined,
      store: () => Promise.resolve(),
      signal: end.signal,
      failed,
    })
    await expect(appended).rejects.toMatchObject({ code: 'OutcomeUnknown' })
  })
})
