import { isAppError, messageOf, AppError } from '../errors.ts'
import type { ContentPart } from '../events/content.ts'
import type { GivenContent } from '../events/given-content.ts'
import type { DataOf } from '../events/run-events.ts'
import type { ChartCommand } from '../fold/decide.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Json } from '../json.ts'
import { present } from '../present.ts'
import type { Transcript } from '../projections/transcript.ts'
import { type Tool, ToolFailure, WithContent } from '../tools/tool.ts'
import type { ResultFact } from './runtime-parts.ts'
import type { Agent } from './agent.ts'
import { readContent, strangeBlob } from './given-content.ts'
import { checkedJson } from './checked-json.ts'

type ReadOutput =
  | { readonly ok: true; readonly output: Json; readonly content?: readonly ContentPart[]; readonly bytes?: readonly Uint8Array[] }
  | { readonly ok: false; readonly class: 'invalidOutput' | 'outputTooLarge'; readonly problem: string; readonly cause?: string }

/** What a tool brought back, as the log can hold it. Never throws, whatever it is. */
const readOutput = (tool: Tool, transcript: Transcript, value: unknown): ReadOutput => {
  if (!(value instanceof WithContent)) return readPlainOutput(tool, value)
  const { output, content } = value as WithContent<unknown>
  const read = readPlainOutput(tool, output)
  return read.ok ? withReadContent(read.output, transcript, content) : read
}

const withReadContent = (output: Json, transcript: Transcript, given: GivenContent): ReadOutput => {
  try {
    const { parts, bytes } = readContent(given, 'content')
    // What a model has given its tool to name is no word of the run's own.
    const strange = strangeBlob(parts, { transcript, bytes, where: 'content' })
    if (strange !== undefined) throw strange
    return { ok: true, output, content: parts, bytes }
  } catch (error) {
    return {
      ok: false,
      class: isAppError(error, 'TooLarge') ? 'outputTooLarge' : 'invalidOutput',
      problem: `an invalid content: ${messageOf(error)}`,
    }
  }
}

const readPlainOutput = (tool: Tool, value: unknown): ReadOutput => {
  const checked = checkedJson(tool.output, value, tool.maxOutputBytes)
  if (!checked.ok) {
    const { problem, cause, isTooLarge = false } = checked
    return {
      ok: false,
      class: isTooLarge ? 'outputTooLarge' : 'invalidOutput',
      problem: `an invalid output: ${problem}`,
      ...present({ cause }),
    }
  }
  const { value: output, bytes } = checked
  if (bytes <= tool.maxOutputBytes) return { ok: true, output }
  return { ok: false, class: 'outputTooLarge', problem: `${bytes} bytes, of which ${tool.maxOutputBytes} are allowed` }
}

/** What all words on one attempt say of it. */
export type Attempted = Pick<DataOf<'ToolCallSucceeded'>, 'callId' | 'attempt' | 'durationMs' | 'settledBy'>

/** A call that has changed something has happened, whether its answer can be read or not; one that only reads has failed without it. */
export const answered = (tool: Tool, { transcript }: Pick<RunState, 'transcript'>, call: Attempted, value: unknown): ResultFact => {
  const read = readOutput(tool, transcript, value)
  if (read.ok) {
    const { output, content, bytes } = read
    const data = { ...call, output, ...present({ content: content && [...content] }) }
    return { type: 'ToolCallSucceeded', data, ...present({ bytes }) }
  }
  const message = `${tool.name} gave ${read.problem}`
  if (tool.effect === 'read')
    return { type: 'ToolCallFailed', data: { ...call, class: read.class, message, ...present({ cause: read.cause }) } }
  return { type: 'ToolCallSucceeded', data: { ...call, output: null, note: `It happened, but its answer cannot be read: ${message}` } }
}

/** What a tool has said by what it threw. */
export interface ReadFailure {
  /** For the model. */
  readonly message: string
  /** For the log alone. */
  readonly cause?: string
  /** It certainly did nothing, and will do nothing. */
  readonly didNothing: boolean
  readonly isRetryable: boolean
}

/**
 * What is told of what a tool threw: only a `ToolFailure` is meant for the model. Reads it once. Never throws: whatever else was thrown, and
 * a failure of which anything cannot be read, says nothing of whether it happened.
 */
export const readFailure = (tool: Tool, thrown: unknown): ReadFailure =>
  statedBy(thrown) ?? { message: `${tool.name} failed`, cause: messageOf(thrown), didNothing: false, isRetryable: false }

const statedBy = (thrown: unknown): ReadFailure | undefined => {
  try {
    if (!(thrown instanceof ToolFailure)) return undefined
    const { message, happened, retryable, cause } = thrown
    return {
      message: messageOf(message === '' ? thrown : message),
      didNothing: happened === false,
      isRetryable: (retryable as unknown) === true,
      ...present({ cause: cause === undefined ? undefined : messageOf(cause) }),
    }
  } catch {
    return undefined
  }
}

export interface ReadSettlement {
  readonly command: ChartCommand
  /** Why what a person says a call brought cannot have come from its tool. */
  readonly problem?: AppError
}

/**
 * What a person says a call brought, as the schema of its tool leaves what the tool itself brings: defaults, transforms, without extra keys.
 * The same as it was given where the tool is not known here, and for every other command.
 */
export const withReadOutput = (agent: Agent, { runId, calls, doubts, transcript }: RunState, command: ChartCommand): ReadSettlement => {
  if (command.type !== 'settleToolCall' || !command.outcome.succeeded) return { command }
  const { callId, outcome } = command
  const tool = agent.tools.get((calls.get(callId) ?? doubts.get(callId))?.tool ?? '')
  if (tool === undefined) return { command }
  const read = readOutput(tool, transcript, outcome.output)
  if (read.ok) return { command: { ...command, outcome: { ...outcome, output: read.output } } }
  const message = `Expected an output of ${tool.name} for ${callId}, found ${read.problem}`
  return { command, problem: new AppError('InvalidInput', message, { details: { runId, callId } }) }
}
