import { expect, test } from 'vitest'
import { createProjector } from '../../../src/consumers/projector.ts'
import { rebuildViews } from '../../../src/consumers/rebuild-views.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { streamOf } from '../../../src/events/codec.ts'
import { noRecords } from '../../../src/projections/view-records.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import type { ViewStore } from '../../../src/views/view-store.ts'
import { viewDifferences } from '../../../simulation/view-differences.ts'
import { manualClock } from '../../support/world.ts'
import { history, oneTurn } from './run-history.ts'

const filled = async (): Promise<{ log: EventLog; views: ViewStore }> => {
  const log = memoryEventLog({ clock: manualClock() })
  for (const runId of ['run-a', 'run-b']) await log.append(streamOf(runId), 'no-stream', history(runId, oneTurn))
  const views = memoryViewStore()
  await createProjector({ log, views }).catchUp()
  return { log, views }
}

/** A row that no event has made. */
const spoil = async (views: ViewStore): Promise<void> => {
  const checkpoint = (await views.checkpoint())!
  const row = { ...(await views.get('run-a'))!, revision: 50, state: 'wrong' }
  await views.apply({ rows: [row], records: noRecords, since: checkpoint, checkpoint })
}

test('a rebuild from the log corrects what was wrong, and the projector goes on behind it', async () => {
  const { log, views } = await filled()
  await spoil(views)
  expect(await viewDifferences(log, views)).not.toEqual([])
  const projector = createProjector({ log, views })
  const seen: number[] = []
  const read = await log.head()
  const events = await rebuildViews({
    log,
    views: {
      async beginRebuild() {
        const rebuild = await views.beginRebuild()
        return {
          ...rebuild,
          async finish(place) {
            // It comes when the log has been read, and the projector takes it in at once.
            await log.append(streamOf('run-late'), 'no-stream', history('run-late', oneTurn))
            await projector.catchUp()
            await rebuild.finish(place)
          },
        }
      },
    },
    progress: (taken) => seen.push(taken),
  })
  expect(events).toBe(24)
  expect(seen.at(-1)).toBe(24)
  expect(await views.get('run-late')).toBeUndefined()
  expect((await views.checkpoint())?.position).toBe(read)
  await projector.catchUp()
  expect(await viewDifferences(log, views)).toEqual([])
})

test('a rebuild that is given up leaves the views as they were', async () => {
  const { log, views } = await filled()
  const stop = new AbortController()
  stop.abort()
  await expect(rebuildViews({ log, views, signal: stop.signal })).rejects.toMatchObject({ code: 'Closed' })
  expect(await viewDifferences(log, views)).toEqual([])
})

test('views that were deleted are folded from the log to the same', async () => {
  const { log, views } = await filled()
  const before = await views.query('timeline', { limit: 100 }, 0)
  await views.clear()
  expect(await viewDifferences(log, views)).not.toEqual([])
  await createProjector({ log, views }).catchUp()
  expect(await views.query('timeline', { limit: 100 }, 0)).toEqual(before)
  expect(await viewDifferences(log, views)).toEqual([])
})
