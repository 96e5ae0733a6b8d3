import { createStore } from '@xstate/store'
import { go } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import { newKey } from '../commands/command-store.ts'
import { runHref } from '../runs/run-row.tsx'
import { ask } from '../server/ask.ts'
import type { AgentList, Prompt, Receipt } from '../server/contract.ts'
import { forking, type Forking } from './forking.ts'
import { emptyDraft, type ForkDraft } from './fork-request.ts'

interface ForkState {
  readonly draft: ForkDraft
  readonly agents: AgentList['agents'] | undefined
  /** Of this dialog: sent twice, it is one fork. */
  readonly key: string
  readonly isSending: boolean
  readonly error: unknown
}

const initial: ForkState = { draft: emptyDraft, agents: undefined, key: '', isSending: false, error: undefined }

/** A fork that somebody is about to make. */
export const fork = createStore({
  context: initial,
  on: {
    begun: (before, _: unknown, enqueue) => {
      enqueue.effect(() => void loadAgents())
      return { ...initial, agents: before.agents, key: newKey() }
    },
    agentsKnown: (before, { agents }: { agents: AgentList['agents'] }) => ({ ...before, agents }),
    /** What is sent is another fork then. */
    changed: (before, { change }: { change: Partial<ForkDraft> }) => ({
      ...before,
      key: newKey(),
      draft: { ...before.draft, ...change },
      error: undefined,
    }),
    /** Nobody's words are written over. */
    instructionsKnown: (before, { text }: { text: string }) =>
      before.draft.instructions === '' ? { ...before, draft: { ...before.draft, instructions: text } } : before,
    sent: (before, { from, body }: { from: Forking; body: Readonly<Record<string, unknown>> }, enqueue) => {
      if (before.isSending) return before
      enqueue.effect(() => void send(from, body, before.key))
      return { ...before, isSending: true, error: undefined }
    },
    failed: (before, { error }: { error: unknown }) => ({ ...before, isSending: false, error }),
    done: (before) => ({ ...before, isSending: false }),
  },
})

const loadAgents = async (): Promise<void> => {
  try {
    fork.trigger.agentsKnown({ agents: (await ask<AgentList>('/v1/agents')).agents })
  } catch (error) {
    fork.trigger.failed({ error })
  }
}

const pathOf = (runId: string): string => `/v1/runs/${pathPart(runId)}`

/** As a model call of the run was given them. Where they cannot be had, they are written anew. */
export const loadInstructions = async (runId: string, callId: string): Promise<void> => {
  const prompt = await ask<Prompt>(`${pathOf(runId)}/model-calls/${pathPart(callId)}/prompt`).catch(() => undefined)
  if (typeof prompt?.instructions === 'string') fork.trigger.instructionsKnown({ text: prompt.instructions })
}

const send = async ({ runId }: Forking, body: Readonly<Record<string, unknown>>, key: string): Promise<void> => {
  try {
    const made = await ask<Receipt>(`${pathOf(runId)}/forks`, { method: 'POST', body, headers: { 'idempotency-key': key } })
    fork.trigger.done()
    forking.trigger.closed()
    go(runHref(made.runId))
  } catch (error) {
    fork.trigger.failed({ error })
  }
}
