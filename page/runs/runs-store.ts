import { createStore } from '@xstate/store'
import type { z } from 'zod'
import type { runPage, runRow } from '../../src/http/run-list-contract.ts'
import { ask } from '../server/ask.ts'

interface Runs {
  readonly rows: readonly z.infer<typeof runRow>[] | undefined
  readonly error: unknown
}

const initial: Runs = { rows: undefined, error: undefined }

export const runs = createStore({
  context: initial,
  on: {
    asked: (before, _: unknown, enqueue) => {
      enqueue.effect(() => void load())
      return { ...before, error: undefined }
    },
    loaded: (_, { page }: { page: z.infer<typeof runPage> }) => ({ rows: page.runs, error: undefined }),
    failed: (before, { error }: { error: unknown }) => ({ ...before, error }),
  },
})

const load = async (): Promise<void> => {
  try {
    runs.trigger.loaded({ page: await ask<z.infer<typeof runPage>>('/v1/runs?limit=200') })
  } catch (error) {
    runs.trigger.failed({ error })
  }
}
