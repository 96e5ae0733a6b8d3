import { describe, expect, test } from 'vitest'
import { identityOf } from '../../../src/consumers/log-identity.ts'
import { createProjector } from '../../../src/consumers/projector.ts'
import { newestRestore, placeOfViews, recordRestore } from '../../../src/consumers/restored-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { streamOf } from '../../../src/events/codec.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { copiedLog } from '../../support/copied-log.ts'
import { manualClock } from '../../support/world.ts'
import { history, oneTurn } from './run-history.ts'

const clock = manualClock()

const begin = async (log: EventLog, runId: string, events = oneTurn.length): Promise<void> => {
  const all = history(runId, oneTurn)
  await log.append(streamOf(runId), 'no-stream', all.slice(0, events))
}

const goOn = async (log: EventLog, runId: string, from: number): Promise<void> => {
  await log.append(streamOf(runId), from - 1, history(runId, oneTurn).slice(from))
}

/** Two runs in the copy, of which one goes on beyond it, and one that begins beyond it. */
const restored = async () => {
  const original = memoryEventLog({ clock })
  const views = memoryViewStore()
  await begin(original, 'run-1')
  await begin(original, 'run-2', 2)
  await createProjector({ log: original, views }).catchUp()
  const log = await copiedLog(original, { clock })
  await goOn(original, 'run-2', 2)
  await begin(original, 'run-3')
  await createProjector({ log: original, views }).catchUp()
  return { log, views, original }
}

/** What another program writes to the same store, until it ends beyond what the views know. */
const growBeyond = async (log: EventLog, position: number): Promise<void> => {
  for (let each = 0; ((await log.head()) ?? 0) <= position; each++) await begin(log, `other-${each}`)
}

describe('an older copy of a log', () => {
  test('is found out by what the views know beyond it, and recorded with that before they forget it', async () => {
    const { log, views } = await restored()
    const told: string[] = []
    await createProjector({ log, views, restored: ({ id }) => told.push(id) }).catchUp()
    const { restores, id, root } = await identityOf(log)
    expect(restores).toMatchObject([
      {
        lostRuns: new Map([
          ['run-3', oneTurn.length - 1],
          ['run-2', oneTurn.length - 1],
        ]),
      },
    ])
    expect(told).toEqual(restores.map((restore) => restore.id))
    expect(id).not.toBe(root)
    expect((await views.list({ limit: 10 })).map(({ runId, revision }) => [runId, revision])).toEqual([
      ['run-2', 1],
      ['run-1', oneTurn.length - 1],
    ])
  })

  test('is recorded once, however many processes find it out at one time, and then the views are of this log again', async () => {
    const { log, views } = await restored()
    const found = await Promise.all([1, 2, 3].map(() => newestRestore({ log, views })))
    expect(new Set(found.map((restore) => restore?.id)).size).toBe(1)
    await createProjector({ log, views }).catchUp()
    expect(await newestRestore({ log, views })).toMatchObject({ id: found[0]?.id })
    expect(await placeOfViews({ log, views })).toMatchObject({ isStale: false, since: { log: (await identityOf(log)).id } })
    expect((await identityOf(log)).restores).toHaveLength(1)
  })

  test('is found out by its newest run, where others have made the store grow beyond the checkpoint', async () => {
    const { log, views } = await restored()
    await growBeyond(log, (await views.checkpoint())?.position ?? 0)
    expect((await newestRestore({ log, views }))?.lostRuns.size).toBe(2)
  })

  test('is found out again, where the copy is older than an earlier restore', async () => {
    const { log, views } = await restored()
    const older = await copiedLog(log, { clock })
    await createProjector({ log, views }).catchUp()
    await growBeyond(older, 1_000_000)
    expect(await newestRestore({ log: older, views })).toBeDefined()
    await createProjector({ log: older, views }).catchUp()
    expect(await placeOfViews({ log: older, views })).toMatchObject({ isStale: false })
    expect((await identityOf(older)).restores).toHaveLength(1)
  })

  test('whose restore a person tells once more is still missing the same runs', async () => {
    const { log, views } = await restored()
    await createProjector({ log, views }).catchUp()
    const { identity, head, since } = await placeOfViews({ log, views })
    await recordRestore({ log, views }, { identity, head, known: since, by: 'dana' })
    const { restores } = await identityOf(log)
    expect(restores.map(({ by }) => by)).toEqual([undefined, 'dana'])
    expect([...(restores[1]?.lostRuns.keys() ?? [])]).toEqual(['run-3', 'run-2'])
  })

  test('that was found out without views is missing what the views know, which they say before they are cleared', async () => {
    const { log, views } = await restored()
    await recordRestore({ log }, { identity: await identityOf(log), head: (await log.head()) ?? 0, known: undefined, by: 'the relay' })
    await createProjector({ log, views }).catchUp()
    const { restores } = await identityOf(log)
    expect(restores.map(({ lostRuns }) => [...lostRuns.keys()])).toEqual([[], ['run-3', 'run-2']])
    await createProjector({ log, views }).catchUp()
    expect((await identityOf(log)).restores).toHaveLength(2)
  })

  test('is known by the word of a person, where nothing remembers more', async () => {
    const { log } = await restored()
    const views = memoryViewStore()
    await createProjector({ log, views }).catchUp()
    await recordRestore({ log, views }, { ...(await placeOfViews({ log, views })), known: undefined, by: 'ann' })
    expect(await newestRestore({ log, views })).toMatchObject({ by: 'ann', lostRuns: new Map() })
    await createProjector({ log, views }).catchUp()
    expect(await views.list({ limit: 10 })).toHaveLength(2)
  })
})

describe('a log that was not restored', () => {
  test('is none because its views are behind, empty, or of another log', async () => {
    const { original, log } = await restored()
    const views = memoryViewStore()
    expect(await newestRestore({ log: original, views })).toBeUndefined()
    await createProjector({ log, views }).catchUp()
    expect(await newestRestore({ log: original, views })).toBeUndefined()
    const another = memoryEventLog({ clock })
    await begin(another, 'elsewhere')
    expect(await newestRestore({ log: another, views })).toBeUndefined()
  })

  test('is none because runs of it were deleted for good', async () => {
    const { original, views } = await restored()
    await original.tombstoneStream(streamOf('run-3'), 'any')
    expect(await newestRestore({ log: original, views })).toBeUndefined()
  })
})
