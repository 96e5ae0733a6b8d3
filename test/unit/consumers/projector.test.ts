import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fc } from '../../support/fast-check.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProjector } from '../../../src/consumers/projector.ts'
import { AppError } from '../../../src/errors.ts'
import type { EventLog, NewEvent } from '../../../src/eventlog/event-log.ts'
import { sqliteEventLog } from '../../../src/eventlog/sqlite/sqlite-event-log.ts'
import { openProjector } from '../../../src/open-projector.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { RUN_STREAM_PREFIX, streamOf } from '../../../src/events/codec.ts'
import { noRecords } from '../../../src/projections/view-records.ts'
import { applyToRunRow, type RunRow } from '../../../src/projections/run-index.ts'
import { viewDifferences } from '../../../simulation/view-differences.ts'
import type { ViewStore } from '../../../src/views/view-store.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { sqliteViewStore } from '../../../src/views/sqlite/sqlite-view-store.ts'
import { anySteps, history, message, newEvent, oneTurn, recorded, START, started, type Recorded } from './run-history.ts'

const newLog = (): EventLog => memoryEventLog({ clock: { now: () => START, setTimer: () => () => undefined } })

const folder = mkdtempSync(join(tmpdir(), 'projector-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})
let files = 0
const newPath = (): string => join(folder, `${++files}.db`)

const rowsOf = async (views: ViewStore): Promise<RunRow[]> =>
  [...(await views.list({ limit: 1000 }))].sort((a, b) => (a.runId < b.runId ? -1 : 1))

/** What the rows have to be: each run's events in order, one by one. */
const expectedRows = async (log: EventLog): Promise<RunRow[]> => {
  const rows = new Map<string, RunRow>()
  for await (const event of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) {
    const runId = event.stream.slice(event.stream.indexOf('-') + 1)
    rows.set(runId, applyToRunRow(rows.get(runId), event))
  }
  return [...rows.values()].sort((a, b) => (a.runId < b.runId ? -1 : 1))
}

interface Writer {
  readonly log: EventLog
  readonly append: (runId: string, ...events: NewEvent[]) => Promise<void>
}

const writer = (log: EventLog = newLog()): Writer => ({
  log,
  async append(runId, ...events) {
    await log.append(streamOf(runId), 'any', events)
  },
})

const start = (runId: string): NewEvent => newEvent(runId, 0, recorded(started(), 'awaitingMessage'))

/** A view store that lets a test in before its next batch is written. */
const interrupted = (views: ViewStore, before: () => Promise<void>): ViewStore => {
  let isFirst = true
  return {
    ...views,
    async apply(batch) {
      if (isFirst) {
        isFirst = false
        await before()
      }
      return views.apply(batch)
    },
  }
}

describe('catching up', () => {
  test('takes in all runs, and nothing else that the log holds', async () => {
    const { log, append } = writer()
    const views = memoryViewStore()
    await log.append('orders-1', 'no-stream', [{ ...start('x'), type: 'OrderPlaced' }])
    await append('run-a', ...history('run-a', oneTurn))
    await append('run-b', start('run-b'))
    await createProjector({ log, views }).catchUp()
    expect((await rowsOf(views)).map(({ runId, revision }) => [runId, revision])).toEqual([
      ['run-a', 11],
      ['run-b', 0],
    ])
    expect(await views.checkpoint()).toMatchObject({ position: await log.head() })
  })
  test('comes to an end where runs write more than it takes in meanwhile', async () => {
    const { log, append } = writer()
    const more = (): Promise<void> => append('run-a', ...Array.from({ length: 1_000 }, () => ({ ...start('run-a'), id: randomUUID() })))
    await more()
    const views = memoryViewStore()
    let batches = 0
    const busy: ViewStore = {
      ...views,
      async apply(batch) {
        batches += 1
        if (batches < 10) await more()
        return views.apply(batch)
      },
    }
    await createProjector({ log, views: busy }).catchUp()
    // With the one that gave the log its name.
    expect(batches).toBe(3)
  })
  test('of an empty log leaves an empty views', async () => {
    const views = memoryViewStore()
    await createProjector({ log: newLog(), views }).catchUp()
    expect(await views.checkpoint()).toBeUndefined()
  })
  test('a second time writes nothing', async () => {
    const { log, append } = writer()
    await append('run-a', ...history('run-a', oneTurn))
    const views = memoryViewStore()
    await createProjector({ log, views }).catchUp()
    let batches = 0
    const watched = interrupted(views, async () => {
      batches += 1
    })
    await createProjector({ log, views: watched }).catchUp()
    expect(batches).toBe(0)
  })
  test('goes on with the rows of a view store that was closed in between', async () => {
    const { log, append } = writer()
    const path = newPath()
    await append('run-a', ...history('run-a', oneTurn.slice(0, 5)))
    const first = sqliteViewStore({ path })
    await createProjector({ log, views: first }).catchUp()
    await first.close()
    await append('run-a', ...history('run-a', oneTurn).slice(5))
    const second = sqliteViewStore({ path })
    await createProjector({ log, views: second }).catchUp()
    expect(await rowsOf(second)).toEqual(await expectedRows(log))
    await second.close()
  })
  test('gives the same rows, however the log is cut into batches and whoever writes them', async () => {
    const anyRuns = fc.array(anySteps, { minLength: 1, maxLength: 4 })
    const anySchedule = fc.array(fc.record({ run: fc.nat(), size: fc.integer({ min: 1, max: 9 }), who: fc.integer({ min: 0, max: 2 }) }), {
      maxLength: 20,
    })
    await fc.assert(
      fc.asyncProperty(anyRuns, anySchedule, async (runs, schedule) => {
        const { log, append } = writer()
        const path = newPath()
        const stores = [sqliteViewStore({ path }), sqliteViewStore({ path }), memoryViewStore()]
        const left = runs.map((steps, number) => history(`run-${number}`, steps))
        for (const { run, size, who } of schedule) {
          const events = left[run % left.length]?.splice(0, size) ?? []
          if (events.length > 0) await append(`run-${run % left.length}`, ...events)
          await createProjector({ log, views: stores[who]! }).catchUp()
        }
        const expected = await expectedRows(log)
        for (const views of stores) {
          await createProjector({ log, views }).catchUp()
          expect(await rowsOf(views)).toEqual(expected)
          expect(await viewDifferences(log, views)).toEqual([])
          await views.close()
        }
      }),
      { numRuns: 40 },
    )
  })
  test('of more than one batch goes through all of them', async () => {
    const { log, append } = writer()
    const views = memoryViewStore()
    for (let run = 0; run < 120; run++) await append(`run-${run}`, ...history(`run-${run}`, oneTurn))
    await createProjector({ log, views }).catchUp()
    expect(await rowsOf(views)).toEqual(await expectedRows(log))
  })
})

describe('what is far behind', () => {
  const clock = { now: () => START, setTimer: () => () => undefined }
  const RUNS = 250
  let path: string
  let log: EventLog
  const opened = () => {
    const views = newPath()
    return { views: sqliteViewStore({ path: views }), beside: openProjector({ log: path, views }) }
  }
  beforeAll(async () => {
    path = newPath()
    log = sqliteEventLog({ path, clock })
    const { append } = writer(log)
    await Promise.all(Array.from({ length: RUNS }, (_, run) => append(`run-${run}`, ...history(`run-${run}`, oneTurn))))
  })
  afterAll(() => log.close())

  test('is taken in on a thread, as it would be here, and what follows as well', async () => {
    const { views, beside } = opened()
    let handedOver = 0
    const projector = createProjector({
      log,
      views,
      beside: (place) => {
        handedOver += 1
        return beside.readOn(place)
      },
    })
    await projector.catchUp()
    expect(handedOver).toBe(1)
    expect(await views.checkpoint()).toMatchObject({ position: await log.head() })
    expect(await viewDifferences(log, views)).toEqual([])
    await writer(log).append('run-0', newEvent('run-0', oneTurn.length, recorded(message('more'), 'thinking')))
    await projector.catchUp()
    expect(await viewDifferences(log, views)).toEqual([])
    await beside.close()
    await views.close()
  })
  test('is taken in from where the thread has stopped, however it has ended', async () => {
    const { views, beside } = opened()
    const catchingUp = createProjector({
      log,
      views,
      beside: async (place) => {
        const [isDone] = await Promise.all([beside.readOn(place), beside.close()])
        return isDone
      },
    }).catchUp()
    await expect(catchingUp).rejects.toMatchObject({ code: 'Closed' })
    const reached = (await views.checkpoint())?.position ?? 0
    expect(reached).toBeLessThan((await log.head()) ?? 0)
    await expect(beside.readOn({ since: undefined, head: 0 })).rejects.toMatchObject({ code: 'Closed' })
    await createProjector({ log, views }).catchUp()
    expect(await viewDifferences(log, views)).toEqual([])
    await views.close()
  })
  test('is taken in here, once it was said that there can be no thread', async () => {
    const { views } = opened()
    const beside = openProjector({ log: path, views: newPath() }, join(folder, 'no-program.js'))
    const projector = createProjector({ log, views, beside: beside.readOn })
    await expect(projector.catchUp()).rejects.toThrow('no-program')
    await projector.catchUp()
    expect(await views.checkpoint()).toMatchObject({ position: await log.head() })
    expect(await viewDifferences(log, views)).toEqual([])
    await Promise.all([beside.close(), views.close()])
  })
  test('says with the code of the store why a thread could not take it in', async () => {
    const { views, beside } = opened()
    const elsewhere = openProjector({ log: path, views: folder })
    await expect(elsewhere.readOn({ since: undefined, head: 1 })).rejects.toMatchObject({ code: 'StoreUnavailable', retryable: true })
    await Promise.all([elsewhere.close(), beside.close(), views.close()])
  })
})

describe('a log that is shared with others', () => {
  const foreign = (count: number): NewEvent[] =>
    Array.from({ length: count }, () => ({ id: randomUUID(), type: 'OrderPlaced', data: '{}', meta: '{}' }))

  /** Counts what is read of the whole log, and where it begins. */
  const counting = (log: EventLog): { readonly log: EventLog; readonly read: { events: number } } => {
    const read = { events: 0 }
    return {
      read,
      log: {
        ...log,
        async *backlog({ filter = {}, ...options } = {}) {
          for await (const item of log.backlog(options)) {
            if (item.kind === 'event') read.events += 1
            if (item.kind !== 'event') yield item
            else if (item.event.stream.startsWith(filter.streamPrefix ?? '')) yield item
            else yield { kind: 'passed', position: item.event.position }
          }
        },
      },
    }
  }

  test('is passed once: what others have written is not read again, also by another process', async () => {
    const { log, append } = writer()
    const views = memoryViewStore()
    await append('run-a', ...history('run-a', oneTurn))
    for (let stream = 0; stream < 20; stream++) await log.append(`orders-${stream}`, 'no-stream', foreign(100))
    await createProjector({ log, views }).catchUp()
    const counted = counting(log)
    await createProjector({ log: counted.log, views }).catchUp()
    expect(counted.read.events).toBeLessThanOrEqual(1)
    await append('run-b', ...history('run-b', oneTurn))
    await createProjector({ log: counted.log, views }).catchUp()
    expect(await rowsOf(views)).toEqual(await expectedRows(log))
  })

  test('is not gone through from the begin again by a process that is stopped on its way past others', async () => {
    const { log, append } = writer()
    const views = memoryViewStore()
    for (let stream = 0; stream < 30; stream++) await log.append(`orders-${stream}`, 'no-stream', foreign(100))
    await append('run-a', ...history('run-a', oneTurn))
    const away = counting(log)
    const stopping: EventLog = {
      ...away.log,
      async *backlog(options) {
        for await (const item of away.log.backlog(options)) {
          if (away.read.events === 2_000) throw new AppError('EventLogUnavailable', 'the log is away')
          yield item
        }
      },
    }
    await expect(createProjector({ log: stopping, views }).catchUp()).rejects.toMatchObject({ code: 'EventLogUnavailable' })
    const counted = counting(log)
    await createProjector({ log: counted.log, views }).catchUp()
    expect(counted.read.events).toBeLessThan(1_600)
    expect(await rowsOf(views)).toEqual(await expectedRows(log))
  })

  test('of which only others have written is passed once as well', async () => {
    const { log } = writer()
    const views = memoryViewStore()
    await log.append('orders-1', 'no-stream', foreign(100))
    await createProjector({ log, views }).catchUp()
    const counted = counting(log)
    await createProjector({ log: counted.log, views }).catchUp()
    expect(counted.read.events).toBeLessThanOrEqual(1)
  })

  test('is the same log when its first events are gone: no view is filled again', async () => {
    const { log, append } = writer()
    await log.append('orders-1', 'no-stream', foreign(3))
    await append('run-a', ...history('run-a', oneTurn))
    const views = memoryViewStore()
    await createProjector({ log, views }).catchUp()
    const cleared = { ...views, clear: () => Promise.reject(new Error('the views were cleared')) }
    for (const gone of ['orders-1', streamOf('run-a')]) {
      const scavenged: EventLog = {
        ...log,
        async *readAll({ limit = Infinity, ...options } = {}) {
          let left = limit
          for await (const event of log.readAll(options)) if (event.stream !== gone && left-- > 0) yield event
        },
        async *backlog(options) {
          for await (const item of log.backlog(options)) if (item.kind !== 'event' || item.event.stream !== gone) yield item
        },
      }
      await createProjector({ log: scavenged, views: cleared }).catchUp()
    }
    expect((await rowsOf(views)).map(({ runId }) => runId)).toEqual(['run-a'])
  })

  test('keeps views whose checkpoint names the log by its first event, as it was done before', async () => {
    const { log, append } = writer()
    await append('run-a', ...history('run-a', oneTurn))
    const [first] = await Array.fromAsync(log.readAll({ limit: 1 }))
    const views = memoryViewStore()
    await views.apply({ rows: [], records: noRecords, since: undefined, checkpoint: { log: first!.id, position: first!.position } })
    const kept = { ...views, clear: () => Promise.reject(new Error('the views were cleared')) }
    await createProjector({ log, views: kept }).catchUp()
    await createProjector({ log, views: kept }).catchUp()
    expect((await rowsOf(views)).map(({ runId, revision }) => [runId, revision])).toEqual([['run-a', 11]])
  })
})

describe('an event that cannot be read', () => {
  test('is a problem of its own run, and the others go on', async () => {
    const { log, append } = writer()
    const views = sqliteViewStore({ path: newPath() })
    await append('run-a', start('run-a'))
    await append('run-b', start('run-b'))
    await append('run-a', { ...newEvent('run-a', 1, recorded(message('Hi'), 'thinking')), data: '{"text":' })
    await append('run-b', newEvent('run-b', 1, recorded(message('Hi'), 'thinking')))
    await append('run-c', { ...start('run-c'), type: 'RunTeleported' })
    await createProjector({ log, views }).catchUp()
    const [a, b, c] = await rowsOf(views)
    expect(a).toMatchObject({
      runId: 'run-a',
      status: 'active',
      reason: null,
      problem: expect.stringContaining('Expected JSON in the data') as string,
    })
    expect(b).toMatchObject({ runId: 'run-b', lastText: 'Hi' })
    expect(b?.problem).toBeUndefined()
    expect(c).toMatchObject({ runId: 'run-c', problem: expect.stringContaining('RunTeleported') as string })
    expect(await views.checkpoint()).toMatchObject({ position: await log.head() })
    await views.close()
  })
})

describe('two projectors on one view store', () => {
  test('let the one that is ahead win', async () => {
    const { log, append } = writer()
    const views = memoryViewStore()
    await append('run-a', ...history('run-a', oneTurn.slice(0, 3)))
    const ahead = async (): Promise<void> => {
      await append('run-a', ...history('run-a', oneTurn).slice(3))
      await createProjector({ log, views }).catchUp()
    }
    await createProjector({ log, views: interrupted(views, ahead) }).catchUp()
    expect(await rowsOf(views)).toEqual(await expectedRows(log))
    expect(await views.checkpoint()).toMatchObject({ position: await log.head() })
  })
  test('begin again where one of them clears it under the other', async () => {
    const { log, append } = writer()
    const views = memoryViewStore()
    await append('run-a', ...history('run-a', oneTurn.slice(0, 3)))
    await createProjector({ log, views }).catchUp()
    await append('run-a', ...history('run-a', oneTurn).slice(3))
    await createProjector({ log, views: interrupted(views, () => views.clear()) }).catchUp()
    expect(await rowsOf(views)).toEqual(await expectedRows(log))
  })
})

describe('a view store that does not fit its log', () => {
  const filled = async (views: ViewStore): Promise<ViewStore> => {
    const { log, append } = writer()
    await append('run-old', ...history('run-old', oneTurn))
    await createProjector({ log, views }).catchUp()
    return views
  }

  test('is filled again where the log is another', async () => {
    const views = await filled(sqliteViewStore({ path: newPath() }))
    const { log, append } = writer()
    for (const runId of ['run-a', 'run-b']) await append(runId, ...history(runId, oneTurn))
    await createProjector({ log, views }).catchUp()
    expect(await rowsOf(views)).toEqual(await expectedRows(log))
    await views.close()
  })
  test('is filled again where it is ahead of the log, which was restored from a copy', async () => {
    const views = await filled(memoryViewStore())
    const { log, append } = writer()
    await append('run-old', ...history('run-old', oneTurn.slice(0, 4)))
    await createProjector({ log, views }).catchUp()
    expect(await rowsOf(views)).toMatchObject([{ runId: 'run-old', revision: 3 }])
  })
  test('is emptied where the log is empty', async () => {
    const views = await filled(memoryViewStore())
    await createProjector({ log: newLog(), views }).catchUp()
    expect(await rowsOf(views)).toEqual([])
  })
  test('is an error where two logs are written into it at once', async () => {
    const { log, append } = writer()
    await append('run-a', start('run-a'))
    const views = memoryViewStore()
    const shared = interrupted(views, async () => {
      await filled(views)
    })
    await expect(createProjector({ log, views: shared }).catchUp()).rejects.toMatchObject({ code: 'InvalidInput' })
    expect((await rowsOf(views)).map((row) => row.runId)).toEqual(['run-old'])
  })
})

/** So that no history is used by accident that the fold itself takes for broken. */
test('the sample turn is a history without a problem', async () => {
  const { log, append } = writer()
  const steps: readonly Recorded[] = oneTurn
  await append('run-a', ...history('run-a', steps))
  expect((await expectedRows(log))[0]?.problem).toBeUndefined()
})
