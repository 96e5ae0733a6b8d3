import { createStore } from '@xstate/store'
import type { z } from 'zod'
import type { session as contract } from '../../src/http/session-contract.ts'
import { ask, request } from '../server/ask.ts'

type Session = z.infer<typeof contract>

interface SessionState {
  /** Who looks; undefined until that is known. */
  readonly who: Session | undefined
  readonly error: unknown
}

const initial: SessionState = { who: undefined, error: undefined }

export const session = createStore({
  context: initial,
  on: {
    asked: (before, _: unknown, enqueue) => {
      enqueue.effect(() => void load())
      return before
    },
    known: (_, { who }: { who: Session }) => ({ who, error: undefined }),
    keyGiven: (before, { key }: { key: string }, enqueue) => {
      enqueue.effect(() => void signIn(key))
      return { ...before, error: undefined }
    },
    left: (before, _: unknown, enqueue) => {
      enqueue.effect(() => void signOut())
      return before
    },
    failed: (before, { error }: { error: unknown }) => ({ ...before, error }),
  },
})

const PATH = '/v1/session'

const load = async (): Promise<void> => {
  // Where it wants a key, the page asks for one.
  const who = await ask<Session>(PATH).catch(() => undefined)
  if (who !== undefined) session.trigger.known({ who })
}

/** What was asked without the key is asked again. */
const signIn = async (key: string): Promise<void> => {
  try {
    await ask(PATH, { method: 'POST', body: { key } })
    location.reload()
  } catch (error) {
    session.trigger.failed({ error })
  }
}

const signOut = async (): Promise<void> => {
  try {
    await request(PATH, { method: 'DELETE' })
    location.reload()
  } catch (error) {
    session.trigger.failed({ error })
  }
}
