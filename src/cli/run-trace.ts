import { AppError } from '../errors.ts'
import { step } from '../fold/fold.ts'
import type { Program, RunState } from '../fold/run-state.ts'
import type { OpenRefold } from '../open-refold.ts'
import type { TraceStep } from '../pictures/chart-html.ts'
import type { Agent } from '../runtime/agent.ts'
import { agentAt, laterCode } from '../runtime/reading/fold-run.ts'
import { readRun } from '../runtime/reading/run-reader.ts'
import { isWithoutCode } from '../runtime/code/code-errors.ts'
import { chartGraph, type ChartGraph } from '../statechart/graph.ts'
import { activeStates, listenedTo } from '../statechart/taken-edges.ts'
import { offset } from './amounts.ts'
import { eventSummary } from '../projections/event-summary.ts'
import { oneLine } from '../projections/printable.ts'

export interface RunTrace {
  readonly agent: Agent
  readonly graph: ChartGraph
  /** One for each event, up to and with the last revision that was asked for. */
  readonly steps: readonly TraceStep[]
}

const LONGEST_NOTE = 240

/** A run as steps on its chart. Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`, and `InvalidInput` beyond its newest revision. */
export const traceRun = async (refold: OpenRefold, runId: string, upTo = Infinity): Promise<RunTrace> => {
  const steps: TraceStep[] = []
  const { agent, graph, taken, program } = traceAgent(await agentOf(refold, runId, upTo))
  let state: RunState | undefined
  let startedAt = 0
  for await (const { event } of readRun(refold, runId)) {
    if (event.revision > upTo) break
    if (state === undefined) startedAt = event.meta.at
    taken.length = 0
    state = step(program, state, event).state
    const note = oneLine(`${offset(event.meta.at - startedAt)} ${eventSummary(event)}`, LONGEST_NOTE)
    steps.push({ label: `${event.revision} ${event.type}`, active: activeStates(graph, state.chart), taken: [...taken], note })
  }
  const newest = steps.length - 1
  if (upTo !== Infinity && upTo > newest) {
    throw new AppError('InvalidInput', `Expected a revision of ${runId} between 0 and ${newest}, found ${upTo}`, {
      details: { runId, newest },
    })
  }
  return { agent, graph, steps }
}

/** One chart shows all steps: that which the run was on last, or where it is not here, one that it has moved to later. */
const agentOf = async (refold: OpenRefold, runId: string, upTo: number): Promise<Agent> => {
  try {
    return await agentAt(refold, runId, upTo)
  } catch (error) {
    if (!isWithoutCode(error) || upTo === Infinity) throw error
    for await (const { agent } of laterCode(refold, runId, upTo)) return agent
    throw error
  }
}

interface TracedAgent {
  readonly agent: Agent
  readonly graph: ChartGraph
  readonly program: Program
  /** Of the step that was made last. */
  readonly taken: string[]
}

/** The same program, listened to: what the fold hands to the chart, it alone knows. */
const traceAgent = (agent: Agent): TracedAgent => {
  const { run } = agent.program
  const taken: string[] = []
  const listening = listenedTo(run, (edges) => taken.push(...edges))
  return { agent, graph: chartGraph(run.machine), program: { ...agent.program, run: listening }, taken }
}
