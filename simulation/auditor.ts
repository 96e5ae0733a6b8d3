import { streamOf, decodeEvent, shapeProblems } from '../src/events/codec.ts'
import type { RunEvent } from '../src/events/envelope.ts'
import type { NewEvent, StoredEvent } from '../src/eventlog/event-log.ts'
import { describeDifference, refoldStep } from '../src/fold/replay.ts'
import type { RunState } from '../src/fold/run-state.ts'
import type { Agent } from '../src/runtime/agent.ts'
import { bookkeeper, type Bookkeeper, type MayTakeOver } from './bookkeeper.ts'
import { firstDifference, stateText } from './state-text.ts'

/** One run as the log tells it. */
export interface AuditedRun {
  readonly runId: string
  readonly agent: Agent
  readonly events: RunEvent[]
  /** After each event, by revision. */
  readonly states: RunState[]
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
  readonly agents: ReadonlyMap<string, Agent>
  readonly payloads: ReadonlyMap<string, string>
  readonly mayTakeOver: MayTakeOver
  readonly onEvent: (run: AuditedRun, event: RunEvent) => void
}

export const createAuditor = ({ agents, payloads, mayTakeOver, onEvent }: AuditedWorld): Auditor => {
  const runs = new Map<string, AuditedRun>()
  const problems: string[] = []
  const books = bookkeeper(problems, mayTakeOver)

  const runOf = (event: RunEvent): AuditedRun | undefined => {
    const known = runs.get(event.runId)
    if (known !== undefined || event.type !== 'RunStarted') return known
    const agent = agents.get(event.data.agent)
    if (agent === undefined) return undefined
    const run: AuditedRun = { runId: event.runId, agent, events: [], states: [] }
    runs.set(event.runId, run)
    return run
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
      const before = run.states.at(-1)
      const refold = refoldStep(run.agent.program, before, { event, texts: stored })
      if (!refold.ok) return void problems.push(describeDifference(refold.difference))
      books.note(event)
      run.events.push(event)
      run.states.push(refold.state)
      onEvent(run, event)
    },
    compare(state, holder) {
      const truth = runs.get(state.runId)?.states[state.revision]
      if (truth === undefined) return void problems.push(`${holder} knows ${state.runId}@${state.revision}, which is not in the log`)
      const [expected, found] = [stateText(truth), stateText(state)]
      if (expected !== found) problems.push(`${holder} holds another ${state.runId}@${state.revision}: ${firstDifference(expected, found)}`)
    },
  }
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
