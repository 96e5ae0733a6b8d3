import { AppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { step } from '../fold/fold.ts'
import type { Program } from '../fold/run-state.ts'
import type { Agent } from '../runtime/agent.ts'
import { isWithoutCode } from '../runtime/code/code-errors.ts'
import { foldRun, type Known } from '../runtime/reading/fold-run.ts'
import { readRun } from '../runtime/reading/run-reader.ts'
import { beyond, stateAt } from '../runtime/reading/state-at.ts'
import { chartGraph } from '../statechart/graph.ts'
import { activeStates, listenedTo } from '../statechart/taken-edges.ts'
import type { ServedRefold } from './api-parts.ts'
import type { ChartCatalog } from './chart-catalog.ts'

type Parts = Pick<ServedRefold, 'log' | 'blobs' | 'agents' | 'snapshots'>
type Chart = Program['run']

interface ChartStep {
  readonly runId: string
  readonly revision: number
  readonly charts: readonly {
    /** Of a tool call; null is the chart of the run. */
    readonly callId: string | null
    /** Its hash. */
    readonly chart: string
    readonly active: readonly string[]
    readonly taken: readonly string[]
  }[]
}

/**
 * The step of one event, taken again by charts that are listened to. Of a run that is there. Rejects with `InvalidInput` beyond its newest
 * revision, and with `NotPossible` where its code is not here.
 */
export const chartStepAt = async (
  parts: Parts,
  catalog: Pick<ChartCatalog, 'hashesOf'>,
  { runId, revision }: { readonly runId: string; readonly revision: number },
): Promise<ChartStep> => {
  const event = await eventAt(parts, runId, revision)
  const { before, after } = await around(parts, runId, revision)
  const { agent } = after
  const hashes = catalog.hashesOf(agent.id)
  const listened = heard(agent)
  const { state } = step(listened.program, before?.state, event)
  const moved = movedCall(event.meta.to)
  const call = listened.toolCall.seen()
  return {
    runId,
    revision,
    charts: [
      {
        callId: null,
        chart: hashes?.run ?? '',
        active: activeStates(chartGraph(agent.program.run.machine), state.chart),
        taken: listened.run.seen()?.taken ?? [],
      },
      ...(call === undefined || moved === undefined
        ? []
        : [{ callId: moved, chart: hashes?.toolCall ?? '', active: call.active, taken: call.taken }]),
    ],
  }
}

interface Around {
  readonly before: Known | undefined
  readonly after: Known
}

/** From the nearest state that is kept on. */
const around = async (parts: Parts, runId: string, revision: number): Promise<Around> => {
  try {
    const before = revision === 0 ? undefined : await stateAt(parts, runId, revision - 1)
    for await (const after of foldRun(parts, runId, before)) return { before, after }
  } catch (error) {
    if (isWithoutCode(error)) throw new AppError('NotPossible', error.message, { cause: error })
    throw error
  }
  throw beyond(runId, revision, revision - 1)
}

const eventAt = async (parts: Parts, runId: string, revision: number): Promise<RecordedRunEvent> => {
  for await (const { event } of readRun(parts, runId, revision)) return event
  throw new AppError('InvalidInput', `Expected a revision that ${runId} has, found ${revision}`)
}

/** An event moves one tool call at most. */
const movedCall = (to: string): string | undefined => {
  const [, moved] = to.split('; ')
  return moved?.slice(0, moved.lastIndexOf('='))
}

interface Seen {
  readonly active: readonly string[]
  readonly taken: readonly string[]
}

interface Heard {
  readonly chart: Chart
  /** Of the last step; undefined where it made none. */
  readonly seen: () => Seen | undefined
}

const heard = (agent: Agent): { readonly program: Program; readonly run: Heard; readonly toolCall: Heard } => {
  const run = heardChart(agent.program.run)
  const toolCall = heardChart(agent.program.toolCall)
  return { program: { ...agent.program, run: run.chart, toolCall: toolCall.chart }, run, toolCall }
}

/** What the fold hands to a chart, it alone knows. */
const heardChart = (chart: Chart): Heard => {
  const graph = chartGraph(chart.machine)
  let seen: Seen | undefined
  return {
    chart: listenedTo(chart, (taken, snapshot) => (seen = { active: activeStates(graph, snapshot), taken })),
    seen: () => seen,
  }
}
