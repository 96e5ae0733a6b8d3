import { streamOf, decodeEvent, shapeProblems } from '../src/events/codec.ts'
import type { RunEvent } from '../src/events/envelope.ts'
import type { NewEvent, StoredEvent } from '../src/eventlog/event-log.ts'
import { describeDifference, refoldStep, type Recorded } from '../src/fold/replay.ts'
import type { RunState } from '../src/fold/run-state.ts'
import type { Agent } from '../src/runtime/agent.ts'
import { bookkeeper, type Bookkeeper, type MayTakeOver } from './bookkeeper.ts'
import { firstDifference, stateText } from './state-text.ts'

/** One run as the log tells it. */
export interface AuditedRun {
  readonly runId: string
  /** The code that explains all of it. */
  agent: Agent
  /** Whether that is not the code which all should have under its version: whoever has it cannot go on with the run. */
  isOfOtherCode: boolean
  readonly events: RunEvent[]
  /** After each event, by revision. */
  states: RunState[]
}

/** Reads every event the moment it is stored, and believes nobody but the log. */
export interface Auditor {
  readonly runs: ReadonlyMap<string, AuditedRun>
  readonly problems: string[]
  readonly books: Bookkeeper
  stored(event: StoredEvent): void
  /** A state that some process holds has to be the fold of the log up to its revision. */
  compare(state: RunState, holder: string): void
}

export interface AuditedWorld {
  /** By `name@version`: as all should have it, then what else some have under it. */
  readonly agents: ReadonlyMap<string, readonly Agent[]>
  readonly payloads: ReadonlyMap<string, string>
  readonly mayTakeOver: MayTakeOver
  readonly onEvent: (run: AuditedRun, event: RunEvent) => void
}

export const createAuditor = ({ agents, payloads, mayTakeOver, onEvent }: AuditedWorld): Auditor => {
  const runs = new Map<string, AuditedRun>()
  const problems: string[] = []
  const books = bookkeeper(problems, mayTakeOver)

  const recorded = new Map<string, Recorded[]>()

  const runOf = (event: RunEvent): AuditedRun | undefined => {
    const known = runs.get(event.runId)
    if (known !== undefined || event.type !== 'RunStarted') return known
    const agent = agents.get(`${event.data.agent}@${event.data.agentVersion}`)?.[0]
    if (agent === undefined) return undefined
    const run: AuditedRun = { runId: event.runId, agent, isOfOtherCode: false, events: [], states: [] }
    runs.set(event.runId, run)
    recorded.set(event.runId, [])
    return run
  }

  /** By the code that has explained it so far, or else by another one that explains all of it. */
  const follow = (run: AuditedRun, event: RunEvent, history: readonly Recorded[]): string | undefined => {
    const last = history.at(-1)
    if (last === undefined) return undefined
    const hasMoved = event.type === 'RunMoved'
    const refold = refoldStep(run.agent.program, run.states.at(-1), last)
    if (refold.ok && !hasMoved) {
      run.states.push(refold.state)
      return undefined
    }
    const id = hasMoved ? `${event.data.agent}@${event.data.agentVersion}` : run.agent.id
    for (const [index, agent] of (agents.get(id) ?? []).entries()) {
      const states = statesBy(agent, history)
      if (states === undefined) continue
      Object.assign(run, { agent, states, isOfOtherCode: index > 0 })
      return undefined
    }
    return refold.ok ? `${event.runId} has moved to ${id}, which does not explain it` : describeDifference(refold.difference)
  }

  return {
    runs,
    problems,
    books,
    stored(stored) {
      const event = decodeEvent(stored, payloads)
      for (const problem of shapeProblems(event)) problems.push(`${event.runId}@${event.revision} ${event.type}: ${problem}`)
      const run = runOf(event)
      if (run === undefined) return void problems.push(`${event.runId} begins with ${event.type}`)
      if (stored.stream !== streamOf(event.runId)) problems.push(`${event.runId} is in the stream ${stored.stream}`)
      const history = recorded.get(event.runId) ?? []
      history.push({ event, texts: stored })
      const problem = follow(run, event, history)
      if (problem !== undefined) return void problems.push(problem)
      if (event.meta.agent !== run.agent.id)
        problems.push(`${event.runId}@${event.revision} is of ${event.meta.agent}, but it is on ${run.agent.id}`)
      books.note(event)
      run.events.push(event)
      onEvent(run, event)
    },
    compare(state, holder) {
      // A projection of its process has failed: it holds what it should not.
      if (state.broken !== undefined) return
      const truth = runs.get(state.runId)?.states[state.revision]
      if (truth === undefined) return void problems.push(`${holder} knows ${state.runId}@${state.revision}, which is not in the log`)
      const [expected, found] = [stateText(truth), stateText(state)]
      if (expected !== found) problems.push(`${holder} holds another ${state.runId}@${state.revision}: ${firstDifference(expected, found)}`)
    },
  }
}

/** Undefined where that code does not explain it. */
const statesBy = ({ program }: Agent, history: readonly Recorded[]): RunState[] | undefined => {
  const states: RunState[] = []
  for (const each of history) {
    const refold = refoldStep(program, states.at(-1), each)
    if (!refold.ok) return undefined
    states.push(refold.state)
  }
  return states
}

/** What was stored by one append, in its place. */
export const asStored = (
  stream: string,
  events: readonly NewEvent[],
  last: { readonly revision: number; readonly position: number },
): StoredEvent[] =>
  events.map((event, index) => ({
    ...event,
    stream,
    revision: last.revision - events.length + 1 + index,
    position: last.position,
    storedAt: 0,
  }))
