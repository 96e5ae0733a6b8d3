import { setImmediate } from 'node:timers/promises'
import { messageOf } from '../src/errors.ts'
import { RUN_STREAM_PREFIX } from '../src/events/codec.ts'
import type { EventLog, StoredEvent } from '../src/eventlog/event-log.ts'
import type { AuditedRun } from './auditor.ts'
import { seededChance, type Chance } from '../src/evals/statistics/chance.ts'
import { calmed, drawClimate, type Climate } from './chaos.ts'
import { isAtRest, lastLook, lookAtWorkers } from './last-look.ts'
import { createPeople, type People } from './people.ts'
import { drawScenario } from './scenario.ts'
import { setStage, type Beginning, type Stage } from './stage.ts'
import { newTally, type Counts, type Tally } from './tally.ts'
import { virtualTime, type VirtualTime } from './virtual-time.ts'
import { createCallers, type Callers } from './callers.ts'

/** What became of one seed. */
export interface SeedReport {
  readonly seed: number
  readonly problems: readonly string[]
  /** What was done to the cluster, and how often. */
  readonly counts: Counts
  /** Effects that tools have had on the world. */
  readonly effects: number
  readonly events: number
  /** Every event of every run, as it was stored. */
  readonly history: readonly StoredEvent[]
  /** The same by run, with what it was after each event. */
  readonly runs: readonly AuditedRun[]
  /** What happened, in order of time; empty unless it was asked for. */
  readonly story: readonly string[]
}

const BEGINS_AT = 1_700_000_000_000
const WORKERS = 3
/** Without processes that die there is time for more runs, which then get in each other's way. */
const MOST_RUNS = { calm: 3, stormy: 2 }
/** So long everything may go wrong, ms; then it has to come to rest. */
const CHAOS_MS = 40_000
const LONGEST_DRAIN_MS = 20 * 60_000
const MOST_STEPS = 40_000
const LAST_SWEEPS_MS = 60_000
const LAST_LOOK_MS = 1_000

/** Plays one seed from its start until nothing happens any more, and says what was not as it has to be. */
export const simulateSeed = async (seed: number, { story: tells = false } = {}): Promise<SeedReport> => {
  const story: string[] = []
  const play = createPlay(seed, { tell: teller(story, tells) })
  const { auditor, world, log } = play.stage
  const onRejection = (error: unknown): void => void auditor.problems.push(`nobody awaits: ${messageOf(error)}`)
  process.on('unhandledRejection', onRejection)
  try {
    await perform(play)
    await audit(play)
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  return {
    seed,
    problems: [...new Set(auditor.problems)],
    counts: play.tally.counts(),
    effects: world.effects(),
    events: [...auditor.runs.values()].reduce((sum, { events }) => sum + events.length, 0),
    history: await historyOf(log),
    runs: [...auditor.runs.values()],
    story,
  }
}

export const historyOf = async (log: EventLog): Promise<StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const event of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) events.push(event)
  return events
}

export interface Play {
  readonly chance: Chance
  readonly time: VirtualTime
  readonly stage: Stage
  readonly callers: Callers
  readonly people: People
  readonly tally: Tally
  climate(): Climate
  calm(): void
}

interface Opening {
  readonly tell: (time: VirtualTime, line: () => string) => void
  /** What it goes on from, and what its callers are called. */
  readonly after?: { readonly time: VirtualTime; readonly beginning: Beginning; readonly name: string }
}

export const createPlay = (seed: number, { tell, after }: Opening): Play => {
  const chance = seededChance(seed)
  const time = after?.time ?? virtualTime(BEGINS_AT)
  let climate = drawClimate(chance)
  const tally = newTally()
  const stage = setStage({
    chance,
    time,
    climate: () => climate,
    workers: WORKERS,
    count: tally.count,
    tell: (line) => {
      tell(time, line)
    },
    onEvent: (run, event) => {
      people.onEvent(run, event)
    },
    beginning: after?.beginning,
  })
  const callers = createCallers({
    ...stage.cluster,
    chance,
    auditor: stage.auditor,
    workers: stage.workers,
    name: after?.name ?? 'command',
  })
  const people = createPeople({ time, chance, world: stage.world, callers, count: tally.count })
  tell(time, () => `seed ${seed}: ${JSON.stringify(climate)}`)
  return {
    chance,
    time,
    stage,
    callers,
    people,
    tally,
    climate: () => climate,
    calm: () => {
      climate = calmed(climate)
    },
  }
}

export const teller =
  (story: string[], tells: boolean): Opening['tell'] =>
  (time, line) => {
    if (tells) story.push(`${((time.now() - BEGINS_AT) / 1000).toFixed(3).padStart(9)}  ${line()}`)
  }

const perform = async (play: Play): Promise<void> => {
  begin(play)
  await comeToRest(play, BEGINS_AT + CHAOS_MS)
}

/** Runs are asked for, and whatever can go wrong does. */
export const begin = (play: Play): void => {
  const { chance, time, stage, callers, people, tally } = play
  stage.startAll()
  const runs = 1 + chance.below(play.climate().sweeps ? MOST_RUNS.stormy : MOST_RUNS.calm)
  for (let number = 1; number <= runs; number++) {
    const { agent, options } = drawScenario(chance)
    time.schedule(chance.between(0, 3_000), () => callers.send({ runId: `run-${number}`, start: agent, options }))
  }
  for (let number = 0; number < play.climate().interference * runs; number++) {
    const runId = `run-${1 + chance.below(runs)}`
    time.schedule(chance.between(100, 15_000), () => {
      const run = stage.auditor.runs.get(runId)
      if (run === undefined) return
      tally.count('interferences')
      people.interfere(run)
    })
  }
  disturb(play, BEGINS_AT + CHAOS_MS)
}

export const comeToRest = async (play: Play, ends: number): Promise<void> => {
  const { time, stage, people } = play
  await steps(play, ends, () => false)
  play.calm()
  stage.cluster.tell(() => 'the storm is over')
  for (const { clock } of stage.workers()) clock.step(0)
  stage.endOtherCode()
  stage.startAll()
  people.becomeDiligent(stage.auditor.runs.values())
  await steps(play, ends + LONGEST_DRAIN_MS, () => !time.hasWork() && isAtRest(stage))
}

/** Clocks that are set, and processes that end for no reason of ours. */
export const disturb = ({ chance, time, stage, tally, climate }: Play, until: number): void => {
  const again = (): void => {
    const workers = stage.workers()
    const worker = workers[chance.below(workers.length)]
    if (worker !== undefined && chance.hits(climate().crash * 10)) stage.cluster.crash(worker.life)
    else if (worker !== undefined && chance.hits(climate().crash * 3)) stage.retire(worker)
    else {
      if (climate().clockStepMs > 0) tally.count('clockSteps')
      worker?.clock.step(chance.between(-1, 1) * climate().clockStepMs)
    }
    if (time.now() < until) time.schedule(chance.between(500, 6_000), again)
  }
  time.schedule(chance.between(500, 6_000), again)
}

export const steps = async ({ time, stage }: Play, until: number, isOver: () => boolean): Promise<void> => {
  let idleSince: number | undefined
  for (let count = 0; time.step(until); count++) {
    await setImmediate()
    if (isOver()) return
    idleSince = time.hasWork() ? undefined : (idleSince ?? time.now())
    // Only those who look for lost runs are awake: they get some time to find one.
    if (idleSince !== undefined && time.now() - idleSince > LAST_SWEEPS_MS) return
    if (count > MOST_STEPS) return void stage.auditor.problems.push(`it does not come to rest within ${MOST_STEPS} steps`)
  }
  if (time.hasWork() && isOver.length === 0 && time.now() > until) stage.auditor.problems.push('it does not come to rest')
}

export const audit = async ({ stage, callers, time, chance }: Play): Promise<void> => {
  callers.audit()
  await lastLook(stage, time.now())
  lookAtWorkers(stage, chance)
  const until = time.now() + LAST_LOOK_MS
  while (time.step(until)) await setImmediate()
}
