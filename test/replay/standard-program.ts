import type { Program } from '../../src/fold/run-state.ts'
import { agentRun } from '../../src/machines/agent-run.ts'
import { toolCall } from '../../src/machines/tool-call.ts'
import { chartDriver } from '../../src/statechart/driver.ts'

/** All that a replay of an agent on the standard chart needs: neither its tools nor its words. */
export const standardProgram: Program = {
  run: chartDriver(agentRun),
  toolCall: chartDriver(toolCall),
  chartHash: '',
  projections: [],
}
