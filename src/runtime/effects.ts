import type { RunFact } from '../events/run-events.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { performModelCall } from './perform-model.ts'
import { performLookUp, performToolCall } from './perform-tool.ts'
import type { Tool } from '../tools/tool.ts'
import type { RuntimeParts } from './runtime-parts.ts'

// Performs what the log says this process has claimed.
//
//   E1. What is claimed by this owner and not under way here has never begun: the claim was stored, and only then it begins.
//   E2. An effect stays in the table until its result is stored or nobody wants it, so it never begins a second time.
//   E3. What the run no longer wants is aborted; its late result is dropped and counted.

export interface EffectTable {
  /** Begins and aborts until the table is what the state says. */
  reconcile(agent: Agent, state: RunState): void
  /** Of one run. */
  underWay(runId: string): number
  /** Resolves once nothing is under way, or after `graceMs`. */
  drain(graceMs: number): Promise<void>
  /** Aborts everything, as if the process had ended: what is open stays open in the log. */
  abandon(): void
}

export type Report = (runId: string, owed: Owed, fact: RunFact) => Promise<void>

export interface EffectOptions {
  readonly report: Report
  readonly releaseSlot: (agent: Agent, state: RunState, owed: Owed) => void
}

interface UnderWay {
  readonly owed: Owed
  readonly controller: AbortController
}

export const createEffects = (parts: RuntimeParts, { report, releaseSlot }: EffectOptions): EffectTable => {
  const runs = new Map<string, Map<string, UnderWay>>()
  const drained: (() => void)[] = []

  const begin = (agent: Agent, state: RunState, owed: Owed, perform: Perform): void => {
    const controller = new AbortController()
    const entries = runs.get(state.runId) ?? new Map<string, UnderWay>()
    runs.set(state.runId, entries.set(slotKey(owed), { owed, controller }))
    const late = (): void => {
      parts.notify({ type: 'resultDropped', runId: state.runId, callId: owed.key, result: 'after its deadline' })
    }
    void perform(parts, agent, { state, owed, signal: controller.signal, late })
      .then(
        (fact) => {
          if (owed.intent !== 'lookUp') releaseSlot(agent, state, owed)
          return report(state.runId, owed, fact)
        },
        () => {
          if (owed.intent !== 'lookUp') releaseSlot(agent, state, owed)
        },
      )
      .finally(() => {
        entries.delete(slotKey(owed))
        if (entries.size === 0 && runs.get(state.runId) === entries) runs.delete(state.runId)
        if (runs.size === 0) for (const resolve of drained.splice(0)) resolve()
      })
  }

  return {
    reconcile(agent, state) {
      for (const [key, { controller }] of runs.get(state.runId) ?? []) if (!isWanted(state, key)) controller.abort()
      for (const owed of state.owed.values()) {
        const perform = performerOf(agent, state, owed, parts.owner)
        if (perform !== undefined && !(runs.get(state.runId)?.has(slotKey(owed)) ?? false)) begin(agent, state, owed, perform)
      }
    },
    underWay: (runId) => runs.get(runId)?.size ?? 0,
    drain: (graceMs) =>
      new Promise((resolve) => {
        if (runs.size === 0) return resolve()
        const giveUp = parts.clock.setTimer(graceMs, resolve)
        drained.push(() => {
          giveUp()
          resolve()
        })
      }),
    abandon() {
      for (const entries of runs.values()) for (const { controller } of entries.values()) controller.abort()
    },
  }
}

interface Performed {
  readonly state: RunState
  readonly owed: Owed
  readonly signal: AbortSignal
  readonly late: () => void
}

type Perform = (parts: RuntimeParts, agent: Agent, performed: Performed) => Promise<RunFact>

const performerOf = (agent: Agent, state: RunState, owed: Owed, owner: string): Perform | undefined => {
  const tool = agent.tools.get(state.calls.get(owed.key)?.tool ?? '')
  if (owed.status === 'wanted') return lookUpOf(owed, tool)
  if (owed.status !== 'claimed' || owed.owner !== owner) return undefined
  if (owed.intent === 'callModel') return performModelCall
  return tool === undefined ? undefined : (parts, ofAgent, performed) => performToolCall(parts, ofAgent, { ...performed, tool })
}

const lookUpOf = ({ intent }: Owed, tool: Tool | undefined): Perform | undefined =>
  intent === 'lookUp' && tool?.lookup !== undefined ? (parts, _, performed) => performLookUp(parts, { ...performed, tool }) : undefined

const slotKey = ({ intent, key, attempt }: Owed): string => `${intent} ${key} ${attempt}`

const isWanted = (state: RunState, key: string): boolean => [...state.owed.values()].some((owed) => slotKey(owed) === key)
