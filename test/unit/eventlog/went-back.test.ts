import { describe, expect, test } from 'vitest'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog, NewEvent } from '../../../src/eventlog/event-log.ts'
import { noticingLog } from '../../../src/eventlog/went-back.ts'
import { copiedLog } from '../../support/copied-log.ts'
import { manualClock } from '../../support/world.ts'

let count = 0
const event = (): NewEvent => ({
  id: `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
  type: 'Noted',
  data: '{}',
  meta: '{}',
})

/** A log under a process, in whose place another one can be put. */
const replaceable = (first: EventLog): { readonly log: EventLog; replace(by: EventLog): void } => {
  let now = first
  const log = new Proxy({} as EventLog, { get: (_, name: keyof EventLog) => (now[name] as (...given: never[]) => unknown).bind(now) })
  return {
    log,
    replace(by) {
      now = by
    },
  }
}

const restored = async () => {
  const clock = manualClock()
  const original = memoryEventLog({ clock })
  await original.append('run-1', 'no-stream', [event(), event()])
  const copy = await copiedLog(original, { clock })
  const under = replaceable(original)
  const noticing = noticingLog(under.log)
  const { log } = noticing
  await log.append('run-1', 1, [event(), event()])
  return { noticing, log, original, restore: () => under.replace(copy), copy }
}

const RESTORED = { code: 'LogRestored' }

describe('a log that goes back under a process', () => {
  test('is noticed by where it ends', async () => {
    const { log, noticing, restore } = await restored()
    await expect(log.head()).resolves.toBeGreaterThan(0)
    restore()
    await expect(log.head()).rejects.toMatchObject(RESTORED)
    expect(noticing.wentBack.reason).toMatchObject(RESTORED)
  })

  test('is noticed by the first append to a stream that has become shorter, also where it ends beyond what was known', async () => {
    const { log, restore, copy } = await restored()
    restore()
    await copy.append('run-2', 'no-stream', [event(), event(), event(), event(), event()])
    await expect(log.append('run-1', 3, [event()])).rejects.toMatchObject(RESTORED)
  })

  test('is noticed by what a reader has read', async () => {
    const { original, copy } = await restored()
    const under = replaceable(original)
    const { log } = noticingLog(under.log)
    for await (const { revision } of log.readStream('run-1')) expect(revision).toBeLessThan(4)
    under.replace(copy)
    await expect(log.head()).rejects.toMatchObject(RESTORED)
  })

  test('is of no use from then on: reads, appends and subscriptions end with that error', async () => {
    const { log, restore } = await restored()
    const items = log.subscribe({ stream: 'run-1', after: 3 })[Symbol.asyncIterator]()
    expect(await items.next()).toMatchObject({ value: { kind: 'caughtUp' } })
    const waiting = items.next()
    restore()
    await expect(log.head()).rejects.toMatchObject(RESTORED)
    await expect(waiting).rejects.toMatchObject(RESTORED)
    await expect(log.append('run-9', 'no-stream', [event()])).rejects.toMatchObject(RESTORED)
    await expect(log.readStream('run-1')[Symbol.asyncIterator]().next()).rejects.toMatchObject(RESTORED)
    expect(() => log.readAll()).toThrow(expect.objectContaining(RESTORED))
  })
})

describe('a log that only goes on', () => {
  test('conflicts as before, where others were faster', async () => {
    const { log, noticing, original } = await restored()
    await original.append('run-1', 3, [event()])
    await expect(log.append('run-1', 3, [event()])).rejects.toMatchObject({ code: 'EventLogConflict' })
    await expect(log.append('run-7', 2, [event()])).rejects.toMatchObject({ code: 'EventLogConflict' })
    expect(noticing.wentBack.aborted).toBe(false)
  })

  test('may be appended to while it is asked where it ends', async () => {
    const { log, noticing } = await restored()
    const asked = Promise.all([log.head(), log.append('run-1', 3, [event()]), log.head()])
    await expect(asked).resolves.toHaveLength(3)
    expect(noticing.wentBack.aborted).toBe(false)
  })

  test('ends a subscription that nobody reads any more, and one whose signal has come', async () => {
    const { log } = await restored()
    const items = log.subscribe({ after: 0 })[Symbol.asyncIterator]()
    await items.next()
    await expect(items.return?.()).resolves.toMatchObject({ done: true })
    const stop = new AbortController()
    const others = log.subscribe({ stream: 'run-1', after: 3, signal: stop.signal })[Symbol.asyncIterator]()
    await others.next()
    const waiting = others.next()
    stop.abort()
    await expect(waiting).resolves.toMatchObject({ done: true })
  })
})
