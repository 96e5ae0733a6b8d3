import { messageOf } from '../errors.ts'
import { present } from '../present.ts'
import { ToolFailure, type Tool } from '../tools/tool.ts'

/** What the model is told of what a tool threw, and what stays in the log: only a `ToolFailure` is meant for the model. */
export const toldOf = (tool: Tool, thrown: unknown): { readonly message: string; readonly cause?: string } => {
  const failure = asFailure(thrown)
  if (failure === undefined) return { message: `${tool.name} failed`, cause: messageOf(thrown) }
  return { message: messageOf(failure), ...present({ cause: failure.cause === undefined ? undefined : messageOf(failure.cause) }) }
}

export const saysNothingHappened = (thrown: unknown): boolean => asFailure(thrown)?.happened === false

export const isRetryable = (thrown: unknown): boolean => asFailure(thrown)?.retryable === true

/** Whatever else was thrown, a proxy that throws when it is looked at too, says nothing. */
const asFailure = (thrown: unknown): ToolFailure | undefined => {
  try {
    return thrown instanceof ToolFailure ? thrown : undefined
  } catch {
    return undefined
  }
}
