import { createStore } from '@xstate/store'
import { ask } from '../server/ask.ts'
import type { Prompt } from '../server/contract.ts'
import { promptPath } from '../prompt/prompt-store.ts'

interface AskedCall {
  readonly runId: string
  readonly callId: string
  readonly attempt: number
}

interface FixedParts {
  readonly asked: string
  readonly prompts: readonly [a: Prompt, b: Prompt] | undefined
  readonly error: unknown
}

const nothing: FixedParts = { asked: '', prompts: undefined, error: undefined }

/** Two prompts whose fixed parts differ, rebuilt. */
export const fixedParts = createStore({
  context: nothing,
  on: {
    wanted: (_, { calls }: { calls: readonly [a: AskedCall, b: AskedCall] }, enqueue) => {
      const asked = JSON.stringify(calls)
      enqueue.effect(() => void load(asked, calls))
      return { ...nothing, asked }
    },
    loaded: (before, { asked, prompts }: { asked: string; prompts: readonly [Prompt, Prompt] }) =>
      before.asked === asked ? { ...before, prompts } : before,
    failed: (before, { asked, error }: { asked: string; error: unknown }) => (before.asked === asked ? { ...before, error } : before),
  },
})

const load = async (asked: string, [a, b]: readonly [AskedCall, AskedCall]): Promise<void> => {
  try {
    const prompts = await Promise.all([promptOf(a), promptOf(b)])
    fixedParts.trigger.loaded({ asked, prompts })
  } catch (error) {
    fixedParts.trigger.failed({ asked, error })
  }
}

const promptOf = ({ runId, callId, attempt }: AskedCall): Promise<Prompt> =>
  ask<Prompt>(promptPath({ runId, callId, attempt: String(attempt) }))
