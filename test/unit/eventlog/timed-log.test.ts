import { describe, expect, test } from 'vitest'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { timedLog, type LogCall } from '../../../src/eventlog/timed-log.ts'
import { troubledLog } from '../../support/troubled-log.ts'
import { manualClock } from '../../support/world.ts'

const event = (id: string) => ({ id, type: 'Happened', data: '{}', meta: '{}' })

describe('a log whose calls are timed', () => {
  test('tells of each how long it took and how it ended, and of a read when its first event came', async () => {
    const clock = manualClock()
    const told: LogCall[] = []
    const slow = troubledLog(memoryEventLog({ clock }), { onAppend: () => () => clock.advance(2_500) })
    const log = timedLog(slow, clock, (call) => told.push(call))
    await log.append('s', 'no-stream', [event('00000000-0000-4000-8000-000000000001')])
    await expect(log.append('s', 'no-stream', [event('00000000-0000-4000-8000-000000000002')])).rejects.toThrow()
    for (const read of [log.readStream('s'), log.readAll()]) {
      for await (const { revision } of read) clock.advance(60_000 + revision)
    }
    await expect(log.readStream('t')[Symbol.asyncIterator]().next()).rejects.toThrow()
    await log.head()
    expect(told).toEqual([
      { call: 'append', outcome: 'ok', seconds: 2.5 },
      { call: 'append', outcome: 'EventLogConflict', seconds: expect.any(Number) as number },
      { call: 'readStream', outcome: 'ok', seconds: 0 },
      { call: 'readAll', outcome: 'ok', seconds: 0 },
      { call: 'readStream', outcome: 'StreamNotFound', seconds: 0 },
      { call: 'head', outcome: 'ok', seconds: 0 },
    ])
  })
})
