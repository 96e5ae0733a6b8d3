import type { Run } from 'refold'
import { pageReader } from './reader.ts'
import { alternate, microsecondsEach, spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import { openWorkshop, type Workshop } from './workshop.ts'
import { step } from '../src/fold/fold.ts'
import { refoldStep, type Recorded } from '../src/fold/replay.ts'
import type { RunState } from '../src/fold/run-state.ts'
import { readRun } from '../src/runtime/run-reader.ts'

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
  /** Milliseconds of `run.at()` at random revisions. */
  readonly ms10000: Spread
}

export interface History {
  readonly replay: Replay
  readonly stateAt: StateAt
}

/** Four events each; with start and answer this is a run of 10,001 events. */
const TURNS = 2_499
const EVENTS = 10_001
const SAMPLES = 25
const MICROSECONDS = 1_000_000

export const measureHistory = async (folder: string, limits: RoundLimits): Promise<History> => {
  const workshop = await openWorkshop(folder)
  const [view] = await workshop.readAll(1, TURNS)
  if (view?.revision !== EVENTS - 1)
    throw new Error(`expected a run of ${EVENTS} events, found ${String(view?.revision)} as its last revision`)
  const run = workshop.refold.run(view.runId)
  const history = { replay: await measureReplay(workshop, run, limits), stateAt: await measureStateAt(run) }
  await workshop.close()
  return history
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

const measureStateAt = async (run: Run): Promise<StateAt> => {
  const chance = park(1)
  const times: number[] = []
  for (let sample = 0; sample < SAMPLES; sample++) {
    const revision = Math.floor(chance() * (EVENTS - 1))
    times.push(
      (await microsecondsEach(1, async () => {
        const { revision: found } = await run.at(revision)
        if (found !== revision) throw new Error(`expected revision ${revision}, found ${found}`)
      })) / 1_000,
    )
  }
  return { events: EVENTS, ms10000: spreadOf(times) }
}

/** Park and Miller's generator: the same revisions each time. */
const park = (seed: number): (() => number) => {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}
