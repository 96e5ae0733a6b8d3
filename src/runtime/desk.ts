import type { Owed, RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import type { Agents } from './agents.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { storeNow } from './store-now.ts'
import { createSlots, type Slots, type WaitingRuns } from './slots.ts'

/** What answering needs to know of this process. */
export interface Desk {
  readonly agent: Agent
  readonly agents: Pick<Agents, 'all'>
  readonly at: number
  /** Now by the clock of the store: leases are counted in it. */
  readonly storeAt: number
  readonly owner: string
  /** Takes a place for an effect, or sees to it that the run is woken when there is one. */
  readonly takeSlot: (kind: 'model' | 'tool', name: string) => boolean
}

/** The answer has to wait: for a free place, for a person, for another run. */
export const LATER = undefined

/** A desk for one job: the places it takes are given back unless its append is stored. */
export interface DeskWithSlots extends Desk {
  keepAll(): void
  /** How many it has taken so far. */
  held(): number
  /** Gives back what was taken since so many were held. */
  releaseBeyond(held: number): void
  releaseAll(): void
}

export interface Desks {
  readonly open: (agent: Agent, runId: string) => DeskWithSlots
  /** The effect that a claim took a place for has ended. */
  readonly release: (agent: Agent, state: RunState, owed: Owed) => void
  /** No further effect begins. */
  shut(): void
}

export const createDesks = (parts: RuntimeParts, waiting: WaitingRuns): Desks => {
  const models = createSlots(parts.clock, { concurrency: parts.modelConcurrency, ratePerSecond: Infinity }, waiting)
  const tools = new Map<string, Slots>()
  let isShut = false

  const slotsOf = (agent: Agent, kind: 'model' | 'tool', name: string): Slots =>
    kind === 'model' ? models : (tools.get(name) ?? newToolSlots(agent, name))

  const newToolSlots = (agent: Agent, name: string): Slots => {
    const { concurrency = Infinity, ratePerSecond = Infinity } = agent.tools.get(name) ?? {}
    const slots = createSlots(parts.clock, { concurrency, ratePerSecond }, waiting)
    tools.set(name, slots)
    return slots
  }

  return {
    open(agent, runId) {
      let taken: Slots[] = []
      return {
        agent,
        agents: parts.agents,
        at: parts.clock.now(),
        storeAt: storeNow(parts),
        owner: parts.owner,
        takeSlot: (kind, name) => {
          const slots = slotsOf(agent, kind, name)
          if (isShut || !slots.take(runId)) return false
          taken.push(slots)
          return true
        },
        keepAll: () => {
          taken = []
        },
        held: () => taken.length,
        releaseBeyond: (held) => {
          for (const slots of taken.splice(held)) slots.release()
        },
        releaseAll: () => {
          for (const slots of taken.splice(0)) slots.release()
        },
      }
    },
    release: (agent, state, owed) => {
      slotsOf(agent, owed.intent === 'callModel' ? 'model' : 'tool', state.calls.get(owed.key)?.tool ?? '').release()
    },
    shut: () => {
      isShut = true
    },
  }
}
