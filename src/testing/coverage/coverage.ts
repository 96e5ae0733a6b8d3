import { isAppError } from '../../errors.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { step } from '../../fold/fold.ts'
import type { Program, RunState } from '../../fold/run-state.ts'
import type { Agent } from '../../runtime/agent.ts'
import { chartGraph, type ChartEdge, type ChartGraph } from '../../statechart/graph.ts'
import { listenedTo } from '../../statechart/taken-edges.ts'
import { lacking, scriptLine } from './script-line.ts'
import { shortestWays } from './way-to.ts'

/** A transition of a chart of an agent. */
export interface CoveredTransition {
  /** That of the run, or that of each of its tool calls. */
  readonly chart: 'run' | 'toolCall'
  /** As in its graph, which `refold chart` prints. */
  readonly id: string
  readonly source: string
  readonly event: string
  readonly guard: string | null
  readonly target: string
  /** How often the given runs took it. */
  readonly taken: number
}

export interface UncoveredTransition extends CoveredTransition {
  /** Step by step, what a test may do so that a run takes it: the shortest way through the chart, in lines of a script, commands and words. */
  readonly script: readonly string[]
}

export interface Coverage {
  readonly transitions: readonly CoveredTransition[]
  /** Those that no run took, and that one can take. */
  readonly never: readonly UncoveredTransition[]
  /** Those that no run of this agent can take, and what it lacks for them. */
  readonly impossible: readonly (CoveredTransition & { readonly lacks: string })[]
  /** Of the transitions that can be taken: 0 to 1. */
  readonly share: number
  readonly runs: number
  /** Runs that say nothing here, and why: they are of another agent, or this code does not explain them. */
  readonly skipped: readonly { readonly runId: string; readonly reason: string }[]
  /** All of it for people to read. */
  readonly report: string
}

/**
 * Which transitions of its charts the given runs took, whether they come from production (`recordedRuns`), from evals or from tests
 * (`refold.events`), and for each one never taken a script that may lead there.
 */
export const coverage = (agent: Agent, runs: Iterable<readonly RunEvent[]>): Coverage => {
  const taken = { run: new Map<string, number>(), toolCall: new Map<string, number>() }
  const skipped: { runId: string; reason: string }[] = []
  let folded = 0
  const program = counting(agent.program, taken)
  for (const events of runs) {
    const reason = reasonToSkip(agent, events) ?? foldAll(program, events)
    if (reason === undefined) folded += 1
    else skipped.push({ runId: events[0]?.runId ?? '', reason })
  }
  const found = [
    ...edgesOf(agent, 'run', chartGraph(agent.program.run.machine), taken.run),
    ...edgesOf(agent, 'toolCall', chartGraph(agent.program.toolCall.machine), taken.toolCall),
  ]
  const transitions = found.map(({ transition }) => transition)
  const impossible = found.flatMap(({ transition, lacks }) =>
    lacks === undefined || transition.taken > 0 ? [] : [{ ...transition, lacks }],
  )
  const never = found.flatMap(({ transition, lacks, way }) =>
    lacks === undefined && transition.taken === 0 ? [{ ...transition, script: scriptOf(way) }] : [],
  )
  const possible = transitions.length - impossible.length
  const share = possible === 0 ? 1 : (possible - never.length) / possible
  return { transitions, never, impossible, share, runs: folded, skipped, report: reportOf({ never, possible, runs: folded, skipped }) }
}

/** One command may make two charts move. */
const scriptOf = (way: readonly ChartEdge[]): readonly string[] =>
  way.flatMap((edge) => scriptLine(edge) ?? []).filter((line, index, lines) => line !== lines[index - 1])

type Counts = Readonly<Record<CoveredTransition['chart'], Map<string, number>>>

const counting = (program: Program, counts: Counts): Program => ({
  ...program,
  run: listenedTo(program.run, (edges) => add(counts.run, edges)),
  toolCall: listenedTo(program.toolCall, (edges) => add(counts.toolCall, edges)),
})

const add = (counts: Map<string, number>, edges: readonly string[]): void => {
  for (const id of edges) counts.set(id, (counts.get(id) ?? 0) + 1)
}

const reasonToSkip = (agent: Agent, [first]: readonly RunEvent[]): string | undefined => {
  if (first?.type !== 'RunStarted') return 'it has no beginning'
  return first.data.agent === agent.name ? undefined : `it is of ${first.data.agent}`
}

/** Undefined, or why it cannot be folded. */
const foldAll = (program: Program, events: readonly RunEvent[]): string | undefined => {
  let state: RunState | undefined
  try {
    for (const event of events) state = step(program, state, event).state
    return undefined
  } catch (error) {
    if (isAppError(error, 'UnexpectedEvent')) return error.message
    throw error
  }
}

interface Found {
  readonly transition: CoveredTransition
  readonly lacks: string | undefined
  readonly way: readonly ChartEdge[]
}

const edgesOf = (
  agent: Agent,
  chart: CoveredTransition['chart'],
  graph: ChartGraph,
  counts: ReadonlyMap<string, number>,
): readonly Found[] => {
  const ways = shortestWays(graph, (edge) => lacking(agent, edge) === undefined)
  return graph.edges
    .filter(({ kind }) => kind !== 'default')
    .map((edge) => ({
      transition: {
        chart,
        id: edge.id,
        source: edge.source,
        event: edge.event,
        guard: edge.guard,
        target: edge.target,
        taken: counts.get(edge.id) ?? 0,
      },
      lacks: lacking(agent, edge) ?? (ways.has(edge.id) ? undefined : 'a way to where it begins'),
      way: ways.get(edge.id) ?? [],
    }))
}

const reportOf = ({
  never,
  possible,
  runs,
  skipped,
}: Pick<Coverage, 'never' | 'runs' | 'skipped'> & { readonly possible: number }): string =>
  [
    `${possible - never.length} of ${possible} transitions were taken by ${runs} runs${skipped.length === 0 ? '' : `; ${skipped.length} were skipped`}`,
    ...never.flatMap(({ source, event, guard, target, script }) => [
      `never: ${source} — ${event}${guard === null ? '' : ` [${guard}]`} → ${target}`,
      ...script.map((line) => `  ${line}`),
    ]),
  ].join('\n')
