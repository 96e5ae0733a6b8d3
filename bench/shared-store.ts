import { randomUUID } from 'node:crypto'
import { systemClock } from '../src/clock.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import { eventStoreDbEventLog } from '../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import type { ServerAddresses } from './on-servers.ts'
import { spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import { openSqliteView } from './sqlite-view.ts'
import { openWorkshopOn, type Workshop } from './workshop.ts'

/** A store that others fill: so many of their events lie behind the newest of ours. */
export interface SharedStore {
  readonly foreignEvents: number
  /** An existing view takes in all of it, which happens once. */
  readonly catchUpMs: Spread
  readonly foreignEventsPerSecond: Spread
  /** `openRefold` of a process whose views have not passed them yet. */
  readonly firstOpenMs: Spread
  /** The same once they have. */
  readonly openMs: Spread
  /** What is done every 5 s: the views, and which runs are due. */
  readonly idleSweepMs: Spread
  /** The same where others have written 100 events since. */
  readonly sweepBesideOthersMs: Spread
}

const EVENTS_PER_APPEND = 500
const APPENDS_AT_ONCE = 4
const VIEWS = 3

export const measureSharedStore = async (
  { servers, folder }: { readonly servers: ServerAddresses; readonly folder: string },
  foreignEvents: number,
  limits: RoundLimits,
): Promise<SharedStore> => {
  const log = eventStoreDbEventLog({ connectionString: servers.eventStore, clock: systemClock })
  await liveOneRun(servers)
  const views = Array.from({ length: VIEWS }, () => openSqliteView(folder))
  for (const view of views) await view.catchUp(log)
  await writeForeign(log, foreignEvents)
  const catchUps: number[] = []
  for (const view of views) {
    catchUps.push(await millisecondsOf(() => view.catchUp(log)))
    await view.close()
  }
  const firstOpen = await millisecondsOf(async () => (await openWorkshopOn(servers)).close())
  const opens = await repeated(limits, () => millisecondsOf(async () => (await openWorkshopOn(servers)).close()))
  const workshop = await openWorkshopOn(servers)
  const idle = await repeated(limits, () => millisecondsOf(() => sweep(workshop)))
  const beside = await repeated(limits, async () => {
    await writeForeign(log, 100)
    return millisecondsOf(() => sweep(workshop))
  })
  await workshop.close()
  await log.close()
  return {
    foreignEvents,
    catchUpMs: spreadOf(catchUps),
    foreignEventsPerSecond: spreadOf(catchUps.map((ms) => (foreignEvents * 1_000) / ms)),
    firstOpenMs: spreadOf([firstOpen]),
    openMs: spreadOf(opens),
    idleSweepMs: spreadOf(idle),
    sweepBesideOthersMs: spreadOf(beside),
  }
}

/** So that there are views, whose checkpoint lies before what others write now. */
const liveOneRun = async (servers: ServerAddresses): Promise<void> => {
  const workshop = await openWorkshopOn(servers)
  await workshop.readAll(1, 1)
  await sweep(workshop)
  await workshop.close()
}

const sweep = async ({ refold }: Workshop): Promise<void> => {
  await refold.projector.catchUp()
  await refold.views.due(Date.now(), 1_000)
}

const writeForeign = async (log: EventLog, count: number): Promise<void> => {
  let left = count
  const write = async (): Promise<void> => {
    while (left > 0) {
      const events = Math.min(left, EVENTS_PER_APPEND)
      left -= events
      await log.append(`bench-others-${randomUUID()}`, 'no-stream', Array.from({ length: events }, foreignEvent))
    }
  }
  await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, write))
}

const foreignEvent = () => ({ id: randomUUID(), type: 'OrderPlaced', data: '{"order":17,"items":["kettle","lamp"]}', meta: '{}' })

const millisecondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** The first one warms up and is forgotten. */
const repeated = async ({ least, most, withinMs }: RoundLimits, measure: () => Promise<number>): Promise<number[]> => {
  const figures: number[] = []
  const began = performance.now()
  while (figures.length <= least || (figures.length <= most && performance.now() - began < withinMs)) figures.push(await measure())
  return figures.slice(1)
}
