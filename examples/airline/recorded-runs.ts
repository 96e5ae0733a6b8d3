import { z } from 'zod'
import { checkJson, readText } from './check-json.ts'
import { jsonText } from './json-text.ts'
import { parseJson } from './parse-json.ts'
import { asObject, elements, item, objectItem } from './python-operations.ts'
import { messageText } from './python-text.ts'
import type { RunEnd, Task } from './reward.ts'

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
})

const recordedMessage = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.string() }),
  z.strictObject({ role: z.literal('user'), content: z.string() }),
  z.strictObject({ role: z.literal('assistant'), content: z.string().nullable(), tool_calls: z.tuple([toolCall]).optional() }),
  z.strictObject({ role: z.literal('tool'), tool_call_id: z.string(), name: z.string(), content: z.string() }),
])

const recordedLine = z.object({
  task_id: z.int(),
  trial: z.int(),
  reward: z.number(),
  info: z.object({
    task: z.object({
      user_id: z.string(),
      instruction: z.string(),
      actions: z.array(z.object({ name: z.string(), kwargs: z.record(z.string(), z.unknown()) })),
      outputs: z.array(z.string()),
    }),
    reward_info: z
      .object({
        info: z.union([
          z.object({ r_actions: z.number(), gt_data_hash: z.string() }),
          z.object({ r_outputs: z.number(), outputs: z.record(z.string(), z.boolean()) }),
        ]),
      })
      .nullable(),
  }),
  traj: z.array(recordedMessage),
})

export type RecordedMessage = z.infer<typeof recordedMessage>

export interface RecordedRun {
  readonly taskId: number
  readonly trial: number
  readonly task: Task
  /** From the system message to the end. */
  readonly messages: readonly RecordedMessage[]
  readonly reward: number
  /** Where the task names outputs only these were recorded, otherwise only the data; nothing at the step limit. */
  readonly dataMatched?: boolean
  readonly groundTruthHash?: string
  readonly outputs?: Readonly<Record<string, boolean>>
}

export interface RecordedToolCall {
  readonly id: string
  readonly name: string
  readonly argumentsText: string
  readonly result: string
}

/** Loads recorded conversations. Throws `InvalidInput` with the number of the line (from 1) that is not of the expected shape. */
export const loadRecordedRuns = async (folder: string, file = 'trajectories.jsonl'): Promise<readonly RecordedRun[]> => {
  const lines = (await readText(folder, file)).split('\n').filter((line) => line !== '')
  return lines.map((line, i) => readRun(line, `${file} line ${i + 1}`))
}

const readRun = (line: string, where: string): RecordedRun => {
  const { task_id: taskId, trial, reward, info, traj } = checkJson(recordedLine, line, where)
  const found = info.reward_info?.info
  return {
    taskId,
    trial,
    task: {
      userId: info.task.user_id,
      instruction: info.task.instruction,
      actions: readActions(line),
      outputs: info.task.outputs,
    },
    messages: traj,
    reward,
    ...(found && 'gt_data_hash' in found && { dataMatched: found.r_actions === 1, groundTruthHash: found.gt_data_hash }),
    ...(found && 'outputs' in found && { outputs: found.outputs }),
  }
}

/** From the exact text of the line: JSON.parse would make `250.0` an integer. */
const readActions = (line: string): Task['actions'] => {
  const task = objectItem(objectItem(asObject(parseJson(line)), 'info'), 'task')
  return elements(item(task, 'actions'))
    .map(asObject)
    .map((action) => ({ name: messageText(item(action, 'name')), argumentsText: jsonText(item(action, 'kwargs')) }))
}

/** The tool calls in order, each with the result that was recorded for it. */
export const toolCallsOf = (messages: readonly RecordedMessage[]): readonly RecordedToolCall[] =>
  messages.flatMap((message, i) => {
    const call = message.role === 'assistant' ? message.tool_calls?.[0] : undefined
    if (call === undefined) return []
    const result = messages[i + 1]?.content ?? ''
    return [{ id: call.id, name: call.function.name, argumentsText: call.function.arguments, result }]
  })

/** What the agent said to the user. Text beside a tool call is no answer. */
export const answersOf = (messages: readonly RecordedMessage[]): readonly string[] =>
  messages.flatMap((message) => (message.role === 'assistant' && message.tool_calls === undefined ? [message.content ?? ''] : []))

export const endOf = (messages: readonly RecordedMessage[]): RunEnd => {
  const last = messages.at(-1)
  if (last?.role === 'tool' && last.name === 'transfer_to_human_agents') return 'transfer'
  return last?.role === 'user' && last.content.includes('###STOP###') ? 'stop' : 'stepLimit'
}
