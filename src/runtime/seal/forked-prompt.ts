import { promptText } from '../../fold/prompt.ts'
import type { RunState } from '../../fold/run-state.ts'
import { sha256 } from '../../hash.ts'
import type { Agent } from '../agent.ts'

/** The fixed part of the prompts of a fork that was given instructions of its own, as the blob store keeps it. */
export const forkedPromptText = ({ prompt }: Agent, instructions: string): string => promptText({ ...prompt, instructions })

/** Of the fixed part of a run's prompts. */
export const promptHashOf = (agent: Agent, { fork }: Pick<RunState, 'fork'>): string =>
  fork?.instructions === undefined ? agent.promptHash : sha256(forkedPromptText(agent, fork.instructions))
