import { createStore } from '@xstate/store'
import { pathPart } from '../address/path-part.ts'
import { ask, Refused } from '../server/ask.ts'
import type { Run } from '../server/contract.ts'
import { commands, type CommandName } from './commands.ts'

/** The one command that somebody is about to give. */
interface Asked {
  readonly name: CommandName
  readonly runId: string
  readonly callId: string
  /** As it was when the dialog opened: what is decided on. */
  readonly run: Run | undefined
  readonly isSending: boolean
  readonly error: unknown
  /** Of this one: repeated, it is granted once. */
  readonly key: string
}

interface CommandState {
  readonly asked: Asked | undefined
  /** What was done last, in words. */
  readonly done: string
}

const initial: CommandState = { asked: undefined, done: '' }

/** For a request that may be sent twice and counts once; also where the page is not served over TLS. */
export const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')

export const command = createStore({
  context: initial,
  on: {
    opened: (before, { name, runId, callId = '' }: { name: CommandName; runId: string; callId?: string | undefined }, enqueue) => {
      enqueue.effect(() => void lookUp(runId))
      return { ...before, asked: { name, runId, callId, run: undefined, isSending: false, error: undefined, key: newKey() } }
    },
    known: (before, { run }: { run: Run }) =>
      before.asked?.runId === run.runId ? { ...before, asked: { ...before.asked, run: before.asked.run ?? run } } : before,
    given: (before, { values }: { values: Readonly<Record<string, string>> }, enqueue) => {
      const { asked } = before
      if (asked === undefined || asked.isSending) return before
      enqueue.effect(() => void send(asked, values))
      return { ...before, asked: { ...asked, isSending: true, error: undefined } }
    },
    done: (_, { words }: { words: string }) => ({ asked: undefined, done: words }),
    failed: (before, { error }: { error: unknown }) => ({
      ...before,
      asked: before.asked && { ...before.asked, isSending: false, error },
    }),
    closed: (before) => ({ ...before, asked: undefined }),
  },
})

const lookUp = async (runId: string): Promise<void> => {
  try {
    command.trigger.known({ run: await ask<Run>(`/v1/runs/${pathPart(runId)}`) })
  } catch (error) {
    command.trigger.failed({ error })
  }
}

const send = async ({ name, runId, callId, run, key }: Asked, values: Readonly<Record<string, string>>): Promise<void> => {
  try {
    const body = { ...commands[name].body(values), ...boundTo(name, callId, run) }
    await ask(commands[name].path(runId, callId), { method: 'POST', body, headers: { 'idempotency-key': key } })
    command.trigger.done({ words: `${commands[name].title}: done` })
  } catch (error) {
    command.trigger.failed({ error: error instanceof SyntaxError ? notJson(error) : error })
  }
}

/** A decision holds for what was shown alone. */
const boundTo = (name: CommandName, callId: string, run: Run | undefined): Readonly<Record<string, unknown>> => {
  const digest = run?.approvals.find((approval) => approval.callId === callId)?.digest
  if (name === 'grantApproval' || name === 'grantChanged') return { digest, seen: run?.revision }
  const holder = run?.takenOver?.by
  if (name === 'takeRunOver') return holder === undefined ? {} : { from: holder }
  return name === 'denyApproval' ? { digest } : {}
}

const notJson = ({ message }: SyntaxError): Refused =>
  new Refused({
    type: '',
    title: 'This is no JSON',
    status: 400,
    detail: message,
    code: '',
    requestId: '',
    retryable: false,
  })
