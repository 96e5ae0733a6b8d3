import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from 'refold'
import { pageReader } from './reader.ts'
import { alternate, microsecondsEach, spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import { openWorkshop, openWorkshopIn, type Workshop } from './workshop.ts'
import { step } from '../src/fold/fold.ts'
import { refoldStep, type Recorded } from '../src/fold/replay.ts'
import type { RunState } from '../src/fold/run-state.ts'
import { readRun } from '../src/runtime/reading/run-reader.ts'

// The past of one long run: how fast it is lived through again, and how long one has to wait for one moment of it.

export interface Replay {
  readonly events: number
  /** The fold and nothing else, over events already read. */
  readonly foldedPerSecond: Spread
  /** With state, intents, prompts and hashes compared, over events already read. */
  readonly eventsPerSecond: Spread
  /** `run.verify()`: the same, and reading from the file. */
  readonly verifiedPerSecond: Spread
}

export interface StateAt {
  readonly events: number
  /** Milliseconds of `run.at()` at random revisions of a run that was looked at before. */
  readonly ms10000: Spread
  /** At its last revision, where nobody has ever looked at the run. */
  readonly firstLookMs: Spread
}

export interface History {
  readonly replay: Replay
  readonly stateAt: StateAt
}

/** Four events each; with start and answer this is a run of 10,001 events. */
const TURNS = 2_499
const EVENTS = 10_001
const LOOKS = 15
const MICROSECONDS = 1_000_000

export const measureHistory = async (folder: string, limits: RoundLimits): Promise<History> => {
  const workshop = await openWorkshop(folder)
  const [view] = await workshop.readAll(1, TURNS)
  if (view?.revision !== EVENTS - 1)
    throw new Error(`expected a run of ${EVENTS} events, found ${String(view?.revision)} as its last revision`)
  const replay = await measureReplay(workshop, workshop.refold.run(view.runId), limits)
  await workshop.close()
  return { replay, stateAt: await measureStateAt(workshop.folder, view.runId, limits.least) }
}

const measureReplay = async ({ refold }: Workshop, run: Run, limits: RoundLimits): Promise<Replay> => {
  const { program } = pageReader().agent
  const recorded: Recorded[] = []
  for await (const read of readRun(refold, run.id)) recorded.push(read)
  const times = await alternate(limits, {
    folded: () =>
      microsecondsEach(EVENTS, () => {
        recorded.reduce<RunState | undefined>((state, { event }) => step(program, state, event).state, undefined)
      }),
    refolded: () =>
      microsecondsEach(EVENTS, () => {
        recorded.reduce<RunState | undefined>((state, each) => {
          const refold = refoldStep(program, state, each)
          if (!refold.ok) throw new Error(`expected no difference, found one at revision ${refold.difference.revision}`)
          return refold.state
        }, undefined)
      }),
    verified: () =>
      microsecondsEach(EVENTS, async () => {
        const { ok } = await run.verify()
        if (!ok) throw new Error('expected a run that verifies')
      }),
  })
  const perSecond = (each: readonly number[]): Spread => spreadOf(each.map((microseconds) => MICROSECONDS / microseconds))
  return {
    events: EVENTS,
    foldedPerSecond: perSecond(times.folded),
    eventsPerSecond: perSecond(times.refolded),
    verifiedPerSecond: perSecond(times.verified),
  }
}

const measureStateAt = async (folder: string, runId: string, rounds: number): Promise<StateAt> => {
  const chance = parkMiller(1)
  const firstLooks: number[] = []
  const looks: number[] = []
  for (let round = 0; round < rounds; round++) {
    for (const file of ['snapshots.db', 'snapshots.db-wal', 'snapshots.db-shm']) rmSync(join(folder, file), { force: true })
    const workshop = await openWorkshopIn(folder)
    const run = workshop.refold.run(runId)
    firstLooks.push(await millisecondsOfLook(run, EVENTS - 1))
    for (let look = 0; look < LOOKS; look++) looks.push(await millisecondsOfLook(run, Math.floor(chance() * EVENTS)))
    await workshop.close()
  }
  return { events: EVENTS, ms10000: spreadOf(looks), firstLookMs: spreadOf(firstLooks) }
}

const millisecondsOfLook = async (run: Run, revision: number): Promise<number> => {
  const began = performance.now()
  const { revision: found } = await run.at(revision)
  if (found !== revision) throw new Error(`expected revision ${revision}, found ${found}`)
  return performance.now() - began
}

/** Park and Miller's generator: the same revisions each time. */
const parkMiller = (seed: number): (() => number) => {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}
