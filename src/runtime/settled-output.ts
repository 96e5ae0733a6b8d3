import { AppError } from '../errors.ts'
import type { ChartCommand } from '../fold/decide.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { readOutput } from './tool-output.ts'

export interface ReadSettlement {
  readonly command: ChartCommand
  /** Why what a person says a call brought cannot have come from its tool. */
  readonly problem?: AppError
}

/**
 * What a person says a call brought, as the schema of its tool leaves what the tool itself brings: defaults, transforms, without extra keys.
 * The same as it was given where the tool is not known here, and for every other command.
 */
export const withReadOutput = (agent: Agent, { runId, calls, doubts }: RunState, command: ChartCommand): ReadSettlement => {
  if (command.type !== 'settleToolCall' || !command.outcome.succeeded) return { command }
  const { callId, outcome } = command
  const tool = agent.tools.get((calls.get(callId) ?? doubts.get(callId))?.tool ?? '')
  if (tool === undefined) return { command }
  const read = readOutput(tool, outcome.output)
  if (read.ok) return { command: { ...command, outcome: { ...outcome, output: read.output } } }
  const message = `Expected an output of ${tool.name} for ${callId}, found ${read.problem}`
  return { command, problem: new AppError('InvalidInput', message, { details: { runId, callId } }) }
}
