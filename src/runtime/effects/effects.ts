import { messageOf } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import type { Agent } from '../agent.ts'
import { callsModels, runsForReal, withSource } from '../seal/sealed.ts'
import { isOutage } from '../retry-pause.ts'
import { type RuntimeParts, storeNow } from '../runtime-parts.ts'
import { createLaterLookUps, performLookUp } from './look-up.ts'
import { performModelCall } from './perform-model.ts'
import { performToolCall } from './perform-tool.ts'
import { createAttempts, type Attempts, createUnderWayTable, type UnderWay, type UnderWayTable } from './under-way.ts'

// Performs what the log says this process has claimed.
//
//   EFFECT1. What is claimed by this owner and not in the table has never begun: the claim was stored, and only then it begins.
//   EFFECT2. An effect stays in the table until its result is stored or nobody wants it, so it never begins a second time.
//   EFFECT3. What the run no longer wants is aborted. What a call that changes something says after it was left behind is reported like any other
//       result; all other late results are dropped and counted.
//   EFFECT4. It begins only if all the time that it may take fits into its lease: others may have taken a claim for lost
//       that was acknowledged late. Such a claim is made again, which conflicts if they have. A look-up changes nothing, and begins.
//   EFFECT5. A call that changes something is not taken for one that never happened while the code of an attempt has not returned.

export interface EffectCounts {
  /** Model calls, tool calls and look-ups of this process, of all runs. */
  readonly effectsUnderWay: number
  /** How many of them ended so, by the type of the event that says it; since the start. */
  readonly results: Readonly<Record<string, number>>
}

export interface EffectTable {
  /** Begins and aborts until the table is what the state says. */
  reconcile(agent: Agent, state: RunState): void
  /** Whether this process performs it, or reports what has come of it. */
  readonly isUnderWay: (runId: string, call: Pick<Owed, 'key' | 'attempt'>) => boolean
  /** Whether anything of the run is under way. */
  readonly isPerforming: (runId: string) => boolean
  readonly counts: () => EffectCounts
  /** Runs that something is performed for. */
  readonly performing: () => readonly string[]
  /** Whether the code of any tool call has not returned, whoever still waits for it. */
  readonly isAtWork: () => boolean
  /** Resolves once nothing is under way, or after `graceMs`. */
  drain(graceMs: number): Promise<void>
  /** Aborts everything, as if the process had ended: what is open stays open in the log. */
  abandon(): void
}

export interface EffectOptions {
  /** Resolves once the result is stored, or dropped because nobody wants it any more. */
  readonly report: (runId: string, owed: Owed, fact: RunFact) => Promise<unknown>
  /** Claims again what has never begun. */
  readonly claimAgain: (runId: string, owed: Owed) => Promise<unknown>
  readonly releaseSlot: (runId: string, owed: Owed) => void
  /** Keeps a run in memory until what is returned is called. */
  readonly hold: (runId: string) => () => void
}

export const createEffects = (parts: RuntimeParts, { report, claimAgain, releaseSlot, hold }: EffectOptions): EffectTable => {
  const table = createUnderWayTable()
  const attempts = createAttempts()
  const results: Record<string, number> = {}
  const lookUps = createLaterLookUps(parts, attempts, report)
  const resultOf = performing(parts, { attempts, table, report, releaseSlot })

  const carryOut = async (agent: Agent, state: RunState, owed: Owed, perform: Perform): Promise<void> => {
    const { runId } = state
    const entry: UnderWay = { owed, controller: new AbortController(), phase: 'performing' }
    table.enter(runId, entry)
    const letGo = hold(runId)
    try {
      const fact = await resultOf(agent, state, entry, perform)
      entry.phase = 'reporting'
      if (fact === undefined) await claimAgain(runId, owed)
      else {
        results[fact.type] = (results[fact.type] ?? 0) + 1
        await report(runId, owed, fact)
      }
      table.leave(runId, owed)
    } catch (error) {
      if (entry.controller.signal.aborted) {
        table.leave(runId, owed)
        lookUps.plan(agent, state, owed)
      } else {
        table.lose(entry)
        parts.notify({ type: 'runBroken', runId, message: messageOf(error) })
      }
    } finally {
      letGo()
    }
  }

  return {
    reconcile(agent, state) {
      for (const entry of table.of(state.runId)) if (!isWanted(state, entry.owed)) giveUp(table, state.runId, entry)
      if (state.broken !== undefined) return
      for (const owed of state.owed.values()) {
        if (!mayPerform(owed, parts.owner) || table.has(state.runId, owed)) continue
        const perform = performerOf(agent, state, owed)
        if (perform !== undefined) void carryOut(agent, state, owed, perform)
      }
    },
    isUnderWay: (runId, { key, attempt }) => {
      for (const { owed } of table.of(runId)) if (owed.key === key && owed.attempt === attempt) return true
      return false
    },
    isPerforming: (runId) => {
      for (const { phase } of table.of(runId)) if (phase !== 'lost') return true
      return false
    },
    counts: () => ({ effectsUnderWay: table.size(), results: { ...results } }),
    performing: table.performing,
    isAtWork: attempts.any,
    drain: (graceMs) => table.drain(parts.clock, graceMs),
    abandon: () => {
      lookUps.stop()
      table.abortAll()
    },
  }
}

interface Performing extends Pick<EffectOptions, 'report' | 'releaseSlot'> {
  readonly attempts: Attempts
  readonly table: UnderWayTable
}

/** What an effect comes to. Undefined where it would take longer than its lease: it has not begun then. */
const performing = (parts: RuntimeParts, { attempts, table, report, releaseSlot }: Performing) => {
  const reportLate = ({ runId }: RunState, owed: Owed, fact: RunFact | undefined): void => {
    // What is said after a process has let go of everything, the next one has to find out for itself.
    if (table.isShut()) return
    if (fact === undefined) return parts.notify({ type: 'resultDropped', runId, callId: owed.key, result: 'after its deadline' })
    report(runId, owed, fact).catch((error: unknown) => {
      if (!isOutage(error)) parts.notify({ type: 'runBroken', runId, message: messageOf(error) })
    })
  }

  return async (agent: Agent, state: RunState, { owed, controller }: UnderWay, perform: Perform): Promise<RunFact | undefined> => {
    const late = (fact: RunFact | undefined): void => {
      reportLate(state, owed, fact && told(state, owed, fact))
    }
    try {
      if (!isInTime(parts, agent, state, owed)) return undefined
      return told(state, owed, await perform(parts, agent, { state, owed, signal: controller.signal, attempts, late }))
    } finally {
      releaseSlot(state.runId, owed)
    }
  }
}

/** A result that is on its way into the log is refused there. */
const giveUp = (table: UnderWayTable, runId: string, { owed, controller, phase }: UnderWay): void => {
  if (phase === 'performing') controller.abort()
  else if (phase === 'lost') table.leave(runId, owed)
}

interface Performed {
  readonly attempts: Attempts
  readonly state: RunState
  readonly owed: Owed
  readonly signal: AbortSignal
  readonly late: (fact: RunFact | undefined) => void
}

type Perform = (parts: RuntimeParts, agent: Agent, performed: Performed) => Promise<RunFact>

/** In a fork each result says that it is none of the record. */
const told = ({ fork }: RunState, { intent }: Owed, fact: RunFact): RunFact =>
  fork === undefined ? fact : withSource(fact, intent === 'callModel' ? 'live' : 'real')

const mayPerform = ({ status, owner, lookUpFirst }: Owed, self: string): boolean =>
  status === 'claimed' && owner === self && lookUpFirst !== true

const performerOf = (agent: Agent, state: RunState, owed: Owed): Perform | undefined => {
  if (owed.intent === 'callModel') return callsModels(state) ? performModelCall : undefined
  const tool = agent.tools.get(state.calls.get(owed.key)?.tool ?? '')
  if (tool === undefined || !runsForReal(state, tool)) return undefined
  const perform = owed.intent === 'lookUp' ? performLookUp : performToolCall
  return (parts, ofAgent, performed) => perform(parts, { ...performed, agent: ofAgent, tool })
}

/** Of a call that nobody knows the outcome of, its own late word is the best there is. */
const isWanted = (state: RunState, { intent, key, attempt }: Owed): boolean => {
  const now = state.owed.get(key)
  return now?.attempt === attempt && (now.intent === intent || now.intent === 'lookUp')
}

const isInTime = (parts: RuntimeParts, agent: Agent, state: RunState, owed: Owed): boolean =>
  owed.intent === 'lookUp' || storeNow(parts) + timeLimitMs(agent, state, owed) <= (owed.leaseUntil ?? 0)

const timeLimitMs = (agent: Agent, state: RunState, { intent, key }: Owed): number =>
  intent === 'callModel' ? agent.modelTimeoutMs : (agent.tools.get(state.calls.get(key)?.tool ?? '')?.timeoutMs ?? 0)
