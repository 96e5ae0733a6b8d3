import { createStore } from '@xstate/store'
import { hrefOf } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import { ask } from '../server/ask.ts'
import type { Prompt } from '../server/contract.ts'

/** Which prompt somebody looks at. */
export interface PromptPlace {
  readonly runId: string
  readonly callId: string
  /** The newest where it is undefined. */
  readonly attempt: string | undefined
}

interface PromptState {
  readonly path: string
  readonly prompt: Prompt | undefined
  readonly error: unknown
}

const nothing: PromptState = { path: '', prompt: undefined, error: undefined }

export const promptPath = ({ runId, callId, attempt }: PromptPlace): string =>
  hrefOf(`/v1/runs/${pathPart(runId)}/model-calls/${pathPart(callId)}/prompt`, { attempt })

export const prompts = createStore({
  context: nothing,
  on: {
    wanted: (before, { place }: { place: PromptPlace }, enqueue) => {
      const path = promptPath(place)
      enqueue.effect(() => void load(path))
      return before.path === path ? before : { ...nothing, path }
    },
    loaded: (before, { path, prompt }: { path: string; prompt: Prompt }) =>
      before.path === path ? { path, prompt, error: undefined } : before,
    failed: (before, { path, error }: { path: string; error: unknown }) => (before.path === path ? { ...before, error } : before),
  },
})

const load = async (path: string): Promise<void> => {
  try {
    prompts.trigger.loaded({ path, prompt: await ask<Prompt>(path) })
  } catch (error) {
    prompts.trigger.failed({ path, error })
  }
}
