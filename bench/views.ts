// How fast the views of a whole log are folded anew, on SQLite. Run: node --conditions=refold:source bench/views.ts [events]
import { join } from 'node:path'
import { createProjector } from '../src/consumers/projector.ts'
import { rebuildView } from '../src/consumers/rebuild-view.ts'
import { viewStoreFeed } from '../src/consumers/view-store-feed.ts'
import { sqliteViewStore } from '../src/views/view-store.sqlite.ts'
import { inTemporaryFolder, openWorkshop } from './workshop.ts'

const TURNS = 11
const EVENTS_PER_RUN = 4 * TURNS + 5
const RUNS_AT_ONCE = 100
const ROUNDS = 5

const wanted = Number(process.argv[2] ?? 50_000)

const perSecond = async (events: number, work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return Math.round((events / (performance.now() - began)) * 1_000)
}

await inTemporaryFolder(undefined, async (folder) => {
  const workshop = await openWorkshop(folder)
  for (let runs = 0; runs * EVENTS_PER_RUN < wanted; runs += RUNS_AT_ONCE) await workshop.readAll(RUNS_AT_ONCE, TURNS)
  const { log } = workshop.refold
  const views = sqliteViewStore({ path: join(folder, 'views.db') })
  const feed = viewStoreFeed(views)
  let events = await rebuildView({ log, view: feed })
  const rebuilt: number[] = []
  const caughtUp: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    rebuilt.push(await perSecond(events, async () => (events = await rebuildView({ log, view: feed }))))
    await views.clear()
    caughtUp.push(await perSecond(events, () => createProjector({ log, views }).catchUp()))
  }
  const text = (figures: readonly number[]): string => figures.toSorted((a, b) => a - b).join(', ')
  console.log(`${events} events; events per second, each round: rebuild ${text(rebuilt)}; projector ${text(caughtUp)}`)
  await views.close()
  await workshop.close()
})
