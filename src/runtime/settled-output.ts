import { AppError } from '../errors.ts'
import type { Command } from '../fold/decide.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { readOutput } from './tool-output.ts'

/** Why what a person says a call brought cannot have come from its tool; undefined where it can, or where the tool is not known here. */
export const misshapen = (agent: Agent, { runId, calls, doubts }: RunState, command: Command): AppError | undefined => {
  if (command.type !== 'settleToolCall' || !command.outcome.succeeded) return undefined
  const { callId, outcome } = command
  const tool = agent.tools.get((calls.get(callId) ?? doubts.get(callId))?.tool ?? '')
  const read = tool === undefined ? undefined : readOutput(tool, outcome.output)
  if (tool === undefined || read?.ok !== false) return undefined
  return new AppError('InvalidInput', `Expected an output of ${tool.name} for ${callId}, found ${read.problem}`, {
    details: { runId, callId },
  })
}
