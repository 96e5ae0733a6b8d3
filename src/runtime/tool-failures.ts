import { messageOf } from '../errors.ts'
import { present } from '../present.ts'
import { ToolFailure, type Tool } from '../tools/tool.ts'

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
