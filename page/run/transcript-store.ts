import { createStore } from '@xstate/store'
import { hrefOf } from '../address/address.ts'
import { ask } from '../server/ask.ts'
import type { ViewPage } from '../server/contract.ts'

/** Something that was said. */
export interface Said {
  readonly saidRevision: number
  readonly at: number
  readonly role: string
  readonly tool: string | null
  readonly callId: string | null
  readonly asksFor: string | null
  readonly verdict: string | null
  readonly text: string
}

interface Conversation {
  readonly runId: string
  readonly said: readonly Said[]
  readonly error: unknown
  /** Of the newest answer. */
  readonly behind: ViewPage<Said>['behind']
}

const nothing: Conversation = { runId: '', said: [], error: undefined, behind: undefined }

export const conversation = createStore({
  context: nothing,
  on: {
    wanted: (before, { runId }: { runId: string }, enqueue) => {
      enqueue.effect(() => void load(runId))
      return before.runId === runId ? before : { ...nothing, runId }
    },
    loaded: (before, { runId, said, behind }: Pick<Conversation, 'runId' | 'said' | 'behind'>) =>
      before.runId === runId ? { ...before, said, behind, error: undefined } : before,
    failed: (before, { runId, error }: { runId: string; error: unknown }) => (before.runId === runId ? { ...before, error } : before),
  },
})

const load = async (runId: string): Promise<void> => {
  const said: Said[] = []
  try {
    let behind: Conversation['behind']
    let cursor: string | undefined
    do {
      const page: ViewPage<Said> = await ask<ViewPage<Said>>(hrefOf('/v1/views/transcript', { run: runId, limit: '1000', cursor }))
      said.push(...page.rows)
      behind = page.behind
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    conversation.trigger.loaded({ runId, said, behind })
  } catch (error) {
    conversation.trigger.failed({ runId, error })
  }
}
