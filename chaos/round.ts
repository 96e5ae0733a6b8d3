import { setTimeout as pause } from 'node:timers/promises'
import type { Chance } from '../src/evals/statistics/chance.ts'
import { isAppError } from '../src/errors.ts'
import type { Fault } from './fault.ts'
import { faultsOn, killsOn } from './faults.ts'
import { hasEnded, type Histories } from './histories.ts'
import { startRuns, type RequestedRun } from './load.ts'
import { playPeople } from './people.ts'
import type { Stage } from './stage.ts'
import { judge, type Verdict } from './verdict.ts'

export interface RoundOptions {
  /** 1, 2 … */
  readonly round: number
  readonly runs: number
  readonly chance: Chance
}

/** One thing that happened, in ms since the epoch. */
export interface Happening {
  readonly name: string
  readonly from: number
  /** The part was back. */
  readonly to: number
}

export interface RoundReport extends Verdict {
  readonly round: number
  readonly runs: number
  readonly happenings: readonly Happening[]
  readonly requested: readonly RequestedRun[]
  /** From the last start to the last end. */
  readonly drainMs: number
}

/** What happens in turn happens alone: what came of the fault before is over. */
const PAUSE_BETWEEN_MS = 10_000
const TURN_LOAD_MS = 90_000
const RANDOM_LOAD_MS = 30_000
const LONGEST_DRAIN_MS = 180_000
const RELAY_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 500

/** So many runs are started while parts fail, in turn in every other round and at random in the others; then all of it is judged. */
export const playRound = async (stage: Stage, histories: Histories, { round, runs, chance }: RoundOptions): Promise<RoundReport> => {
  const isTurn = round % 2 === 1
  await histories.readOn()
  const before = histories.runIds().length
  const stop = new AbortController()
  const people = playPeople(stage, stop.signal)
  const happenings: Happening[] = []
  const starting = startRuns(stage, { prefix: `r${round}-`, runs, overMs: isTurn ? TURN_LOAD_MS : RANDOM_LOAD_MS })
  await (isTurn ? inTurn(stage, chance, happenings) : atRandom(stage, chance, happenings))
  const requested = await starting
  const loaded = performance.now()
  const since = (): readonly string[] => histories.runIds().slice(before)
  await untilRest(stage, histories, since, runs)
  const drainMs = performance.now() - loaded
  stop.abort()
  await people
  await histories.readOn()
  const verdict = await judge({ scene: stage, histories, requested, runIds: since(), relayWithinMs: RELAY_WITHIN_MS })
  return { round, runs: since().length, happenings, requested, drainMs, ...verdict }
}

const happen = async (chance: Chance, fault: Fault): Promise<Happening> => {
  const from = Date.now()
  await fault.happen(chance)
  return { name: fault.name, from, to: Date.now() }
}

const inTurn = async (stage: Stage, chance: Chance, happenings: Happening[]): Promise<void> => {
  for (const fault of killsOn(stage)) {
    await pause(PAUSE_BETWEEN_MS)
    happenings.push(await happen(chance, fault))
  }
}

const RANDOM_FAULTS = 9

/** Also at the same time, if they are not of the same part. */
const atRandom = async (stage: Stage, chance: Chance, happenings: Happening[]): Promise<void> => {
  const hit = new Map<string, Promise<void>>()
  for (let number = 0; number < RANDOM_FAULTS; number++) {
    await pause(chance.between(0, (2 * RANDOM_LOAD_MS) / RANDOM_FAULTS))
    const fault = chance.pick<Fault>(faultsOn(stage))
    const part = fault.name.slice(0, fault.name.lastIndexOf(' '))
    const before = hit.get(part) ?? Promise.resolve()
    hit.set(
      part,
      before.then(async () => {
        happenings.push(await happen(chance, fault))
      }),
    )
  }
  await Promise.all(hit.values())
}

/** Until all runs have ended and the views show it, or it takes too long. */
export const untilRest = async (stage: Stage, histories: Histories, runIdsNow: () => readonly string[], runs: number): Promise<void> => {
  const deadline = performance.now() + LONGEST_DRAIN_MS
  while (performance.now() < deadline) {
    try {
      await histories.readOn()
      const runIds = runIdsNow()
      const ended = runIds.filter((runId) => hasEnded(histories.of(runId)))
      if (runIds.length >= runs && ended.length === runIds.length && (await areShown(stage, histories, runIds))) return
    } catch (error) {
      if (!isAppError(error)) throw error
    }
    await pause(LOOK_EVERY_MS)
  }
}

const areShown = async ({ refold }: Stage, histories: Histories, runIds: readonly string[]): Promise<boolean> => {
  const rows = new Map((await refold.views.getMany(runIds)).map((row) => [row.runId, row.revision]))
  return runIds.every((runId) => rows.get(runId) === histories.of(runId).length - 1)
}
