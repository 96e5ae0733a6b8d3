import type { AnyStateMachine } from 'xstate'
import { sha256 } from '../hash.ts'
import { agentRun } from '../machines/agent-run.ts'
import { toolCall } from '../machines/tool-call.ts'
import type { Projection } from '../projections/projection.ts'
import { chartDriver } from '../statechart/driver.ts'
import { chartGraph } from '../statechart/graph.ts'
import { structureHash } from '../statechart/structure-hash.ts'
import type { Program } from './run-state.ts'

/** What folds the runs of a chart, which has to be a valid one. */
export const programOf = (chart: AnyStateMachine, projections: readonly Projection[]): Program => ({
  run: chartDriver(chart),
  toolCall: chartDriver(toolCall),
  chartHash: chartsHash(chart),
  projections,
})

/** Both charts that a run is folded by. */
const chartsHash = (chart: AnyStateMachine): string =>
  sha256([chart, toolCall].map((each) => structureHash(chartGraph(each))).join('\n')).slice(0, 16)

/** Folds the run of any agent on the standard chart, whose code need not be here: all but what projections of its own would say. */
export const standardProgram = (): Program => programOf(agentRun, [])
