import { assign, setup } from 'xstate'
import type { Json } from '../../src/json.ts'
import type { ChartEvent } from '../../src/machines/chart-event.ts'
import { defineAgent, type Agent } from '../../src/runtime/agent.ts'
import type { LimitOptions } from '../../src/fold/limits.ts'

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

export interface Wanted {
  readonly agent: string
  readonly input?: Json
  readonly key: string
}

interface ParentOptions {
  readonly name?: string
  readonly limits?: LimitOptions
  /** It waits so long for its first child, ms. */
  readonly patienceMs?: number
}

/** Asks for runs all at once, and ends with what the first of them says. A message makes it drop them and wait. */
export const parentOf = (wanted: readonly Wanted[], { name = 'parent', limits = {}, patienceMs }: ParentOptions = {}): Agent =>
  defineAgent({
    name,
    version: '1',
    limits,
    chart: setup({
      types: { context: {} as { output: Json }, events: {} as ChartEvent },
      actions: { startChildRun: intent, abandon: intent, hear: assign({ output: ({ event }) => outcomeOf(event) }) },
    }).createMachine({
      id: 'parent',
      context: () => ({ output: null }),
      initial: 'delegating',
      output: ({ context }) => context.output,
      states: {
        delegating: {
          entry: wanted.map(({ agent, input = 'Go.', key }) => ({ type: 'startChildRun' as const, params: { agent, input, key } })),
          on: {
            ChildRunSucceeded: { target: 'done', actions: 'hear' },
            ChildRunFailed: { target: 'failed', actions: 'hear' },
            MessageReceived: { target: 'resting', actions: 'abandon' },
          },
          ...(patienceMs === undefined ? {} : { after: { [patienceMs]: 'done' } }),
        },
        resting: { tags: 'human', on: { RunCompleted: 'done' } },
        done: { type: 'final' },
        failed: { type: 'final', tags: 'failed' },
      },
    }),
  })

const outcomeOf = (event: ChartEvent): Json => {
  if (event.type === 'ChildRunSucceeded') return event.output
  return event.type === 'ChildRunFailed' ? event.reason : null
}
