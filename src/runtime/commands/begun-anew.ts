import type { DataOf } from '../../events/run-events.ts'
import { present } from '../../present.ts'
import type { Agent } from '../agent.ts'
import { asTask, initialDataOf } from './start-run.ts'

/** A run's beginning, as this version of its agent would have it. What a parent leaves it to spend stays. Throws as `initialDataOf`. */
export const begunAnew = (agent: Agent, started: DataOf<'RunStarted'>): DataOf<'RunStarted'> => {
  const { input: _, context: __, instructions: ___, ...kept } = started
  const isTask = started.parent !== undefined
  return {
    ...kept,
    agent: agent.name,
    agentVersion: agent.version,
    chartHash: agent.program.chartHash,
    definition: agent.definition,
    settings: isTask ? { ...asTask(agent), limits: started.settings.limits } : agent.settings,
    ...present(initialDataOf(agent, { input: started.input, context: started.context })),
  }
}
