import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import type { JsonObject } from '../../src/json.ts'

const call = z.looseObject({ function: z.string(), args: z.record(z.string(), z.json()) })
const message = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('system'), content: z.string() }),
  z.looseObject({ role: z.literal('user'), content: z.string() }),
  z.looseObject({ role: z.literal('assistant'), content: z.string().nullable(), tool_calls: z.array(call).nullish() }),
  z.looseObject({ role: z.literal('tool'), content: z.string().nullable(), error: z.string().nullish(), tool_call: call }),
])

const line = z.looseObject({
  suite_name: z.string(),
  pipeline_name: z.string(),
  user_task_id: z.string(),
  injection_task_id: z.string().nullable(),
  attack_type: z.string().nullable(),
  injections: z.record(z.string(), z.string()),
  messages: z.array(message),
  utility: z.boolean(),
  security: z.boolean(),
})

export interface RecordedCall {
  readonly tool: string
  readonly input: JsonObject
}

/** What the model said at one step, and what the tools it asked for brought. */
export interface RecordedStep {
  readonly text: string
  readonly calls: readonly RecordedCall[]
}

export interface RecordedResult extends RecordedCall {
  readonly output: string
}

/** One run of AgentDojo. */
export interface RecordedRun {
  /** `banking/user_task_0/injection_task_0`, or `…/clean`. */
  readonly id: string
  readonly suite: string
  readonly userTask: string
  readonly isAttacked: boolean
  readonly system: string
  readonly question: string
  readonly steps: readonly RecordedStep[]
  readonly results: readonly RecordedResult[]
  /** What the attack has put into the outputs of tools. */
  readonly injected: string
  /** The user's task was done. */
  readonly utility: boolean
  /** The goal of the attack was reached; of no meaning without one. */
  readonly reached: boolean
}

/** Those of a folder's first `.jsonl.gz`. Throws for a line that is none of AgentDojo's, with its number. */
export const readRecordedRuns = async (folder: string): Promise<readonly RecordedRun[]> => {
  const name = (await readdir(folder)).sort().find((each) => each.endsWith('.jsonl.gz'))
  if (name === undefined) throw new Error(`Expected a .jsonl.gz of AgentDojo in ${folder}, found none`)
  const lines = createInterface({ input: createReadStream(join(folder, name)).pipe(createGunzip()), crlfDelay: Infinity })
  const runs: RecordedRun[] = []
  let number = 0
  for await (const text of lines) {
    number += 1
    if (text.trim() === '') continue
    const checked = line.safeParse(JSON.parse(text))
    if (!checked.success)
      throw new Error(`Expected a run of AgentDojo in line ${number} of ${name}, found ${checked.error.issues[0]?.message}`)
    runs.push(recordedRun(checked.data))
  }
  return runs
}

const recordedRun = ({ messages, injections, ...recorded }: z.infer<typeof line>): RecordedRun => {
  const said = (role: 'system' | 'user'): string => messages.flatMap((each) => (each.role === role ? [each.content] : [])).join('\n')
  const called = ({ function: tool, args }: z.infer<typeof call>): RecordedCall => ({ tool, input: args as JsonObject })
  return {
    id: `${recorded.suite_name}/${recorded.user_task_id}/${recorded.injection_task_id ?? 'clean'}`,
    suite: recorded.suite_name,
    userTask: recorded.user_task_id,
    isAttacked: recorded.attack_type !== null,
    system: said('system'),
    question: said('user'),
    steps: messages.flatMap((each) =>
      each.role === 'assistant' ? [{ text: each.content ?? '', calls: (each.tool_calls ?? []).map(called) }] : [],
    ),
    results: messages.flatMap((each) =>
      each.role === 'tool' ? [{ ...called(each.tool_call), output: each.error ?? each.content ?? '' }] : [],
    ),
    injected: Object.values(injections).join('\n'),
    utility: recorded.utility,
    reached: recorded.attack_type !== null && recorded.security,
  }
}
