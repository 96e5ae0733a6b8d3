import type { DataOf, RunFact } from '../events/run-events.ts'
import type { Json } from '../json.ts'
import { present } from '../present.ts'
import type { Tool } from '../tools/tool.ts'
import { checkedJson } from './checked-json.ts'

type ReadOutput =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly class: 'invalidOutput' | 'outputTooLarge'; readonly problem: string; readonly cause?: string }

/** What a tool brought back, as the log can hold it. Never throws, whatever it is. */
export const readOutput = (tool: Tool, value: unknown): ReadOutput => {
  const checked = checkedJson(tool.output, value)
  if (!checked.ok)
    return { ok: false, class: 'invalidOutput', problem: `an invalid output: ${checked.problem}`, ...present({ cause: checked.cause }) }
  const bytes = Buffer.byteLength(checked.text)
  if (bytes <= tool.maxOutputBytes) return { ok: true, output: checked.value }
  return { ok: false, class: 'outputTooLarge', problem: `${bytes} bytes, of which ${tool.maxOutputBytes} are allowed` }
}

/** What all words on one attempt say of it. */
export type Attempted = Pick<DataOf<'ToolCallSucceeded'>, 'callId' | 'attempt' | 'durationMs' | 'settledBy'>

/** A call that has changed something has happened, whether its answer can be read or not; one that only reads has failed without it. */
export const answered = (tool: Tool, call: Attempted, value: unknown): RunFact => {
  const read = readOutput(tool, value)
  if (read.ok) return { type: 'ToolCallSucceeded', data: { ...call, output: read.output } }
  const message = `${tool.name} gave ${read.problem}`
  if (tool.effect === 'read')
    return { type: 'ToolCallFailed', data: { ...call, class: read.class, message, ...present({ cause: read.cause }) } }
  return { type: 'ToolCallSucceeded', data: { ...call, output: null, note: `It happened, but its answer cannot be read: ${message}` } }
}
