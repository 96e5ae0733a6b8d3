import type { Owed } from '../../fold/run-state.ts'
import type { Agent } from '../agent.ts'
import type { Agents } from '../code/agents.ts'
import { type RuntimeParts, storeNow } from '../runtime-parts.ts'
import type { OriginRecord } from '../seal/origin-record.ts'
import { createSlots, type Slots, type WaitingRuns } from './slots.ts'

/** What a job may know of this process and of now. */
export interface JobContext {
  readonly agent: Agent
  readonly agents: Pick<Agents, 'all'>
  readonly at: number
  /** Now by the clock of the store: leases are counted in it. */
  readonly storeAt: number
  readonly owner: string
  /** A call during which so many processes have ended is given up. */
  readonly mostLostOwners: number
  readonly costOf: RuntimeParts['costOf']
  /** Of a fork: what its origin has recorded behind the copies. */
  readonly record?: OriginRecord
  /** Takes a place for what is about to be claimed, or sees to it that the run is woken when there is one. */
  readonly acquireSlot: (claim: ClaimedPlace) => boolean
}

/** Which attempt of which call a place is for: of a tool, or of a model where none is named. */
export interface ClaimedPlace extends Pick<Owed, 'key' | 'attempt'> {
  readonly tool?: string
  /** It may end this process: of all such calls one is performed at a time. */
  readonly isSuspect?: boolean
}

/** The answer has to wait: for a free place, for a person, for another run. */
export const LATER = undefined

/** The context of one job: the places it takes are given back unless its append is stored. */
export interface JobContextWithSlots extends JobContext {
  /** The claims are stored: each has its place until `JobContexts.release` or `JobContexts.releaseBut`. */
  keepAll(): void
  /** How many it has taken so far. */
  held(): number
  /** Gives back what was taken since so many were held. */
  releaseBeyond(held: number): void
  releaseAll(): void
}

interface Place extends Pick<Owed, 'key' | 'attempt'> {
  readonly slots: Slots
}

export interface JobContexts {
  readonly open: (agent: Agent, runId: string, record?: OriginRecord) => JobContextWithSlots
  /** The effect that a claim took a place for has ended. */
  readonly release: (runId: string, owed: Owed) => void
  /** Gives back the places of a run whose claims will not begin: all but those that are wanted. */
  readonly releaseBut: (runId: string, isWanted: (place: Place) => boolean) => void
  /** No further effect begins. */
  shut(): void
}

export const createJobContexts = (parts: RuntimeParts, waiting: WaitingRuns): JobContexts => {
  const slotsOf = slotsByTool(parts, waiting)
  const suspects = createSlots(parts.clock, ONE_AT_A_TIME, waiting)
  /** Of claims that are stored, by run. */
  const held = new Map<string, readonly Place[]>()
  let isShut = false

  const releaseBut = (runId: string, isWanted: (place: Place) => boolean): void => {
    const places = held.get(runId) ?? []
    const unwanted = places.filter((place) => !isWanted(place))
    if (unwanted.length === 0) return
    if (unwanted.length === places.length) held.delete(runId)
    else held.set(runId, places.filter(isWanted))
    for (const { slots } of unwanted) slots.release()
  }

  return {
    open(agent, runId, record) {
      let taken: Place[] = []
      return {
        agent,
        ...(record && { record }),
        agents: parts.agents,
        at: parts.clock.now(),
        storeAt: storeNow(parts),
        owner: parts.owner,
        mostLostOwners: parts.mostLostOwners ?? MOST_LOST_OWNERS,
        costOf: parts.costOf,
        acquireSlot: ({ key, attempt, tool, isSuspect = false }) => {
          const wanted = isSuspect ? [suspects, slotsOf(agent, tool)] : [slotsOf(agent, tool)]
          if (isShut || !acquireAll(wanted, runId)) return false
          for (const slots of wanted) taken.push({ key, attempt, slots })
          return true
        },
        keepAll: () => {
          if (taken.length > 0) held.set(runId, [...(held.get(runId) ?? []), ...taken])
          taken = []
        },
        held: () => taken.length,
        releaseBeyond: (before) => {
          for (const { slots } of taken.splice(before)) slots.release()
        },
        releaseAll: () => {
          for (const { slots } of taken.splice(0)) slots.release()
        },
      }
    },
    release: (runId, { key, attempt }) => {
      releaseBut(runId, (place) => place.key !== key || place.attempt !== attempt)
    },
    releaseBut,
    shut: () => {
      isShut = true
    },
  }
}

/** Of a tool, or of models where none is named. */
const slotsByTool = (parts: RuntimeParts, waiting: WaitingRuns): ((agent: Agent, tool: string | undefined) => Slots) => {
  const models = createSlots(parts.clock, { concurrency: parts.modelConcurrency, ratePerSecond: Infinity }, waiting)
  const tools = new Map<string, Slots>()
  return (agent, tool) => {
    if (tool === undefined) return models
    const { concurrency = Infinity, ratePerSecond = Infinity } = agent.tools.get(tool) ?? {}
    const slots = tools.get(tool) ?? createSlots(parts.clock, { concurrency, ratePerSecond }, waiting)
    tools.set(tool, slots)
    return slots
  }
}

const MOST_LOST_OWNERS = 3
const ONE_AT_A_TIME = { concurrency: 1, ratePerSecond: Infinity }

/** All or none. */
const acquireAll = (wanted: readonly Slots[], runId: string): boolean => {
  const missing = wanted.findIndex((slots) => !slots.tryAcquire(runId))
  if (missing < 0) return true
  for (const slots of wanted.slice(0, missing)) slots.release()
  return false
}
