import { createStore } from '@xstate/store'
import { ask } from '../server/ask.ts'
import type { SqlCatalog, SqlResult } from '../server/contract.ts'

/** A question in SQL, as it stands in the address. */
export interface Question {
  readonly sql: string
  /** The values of `$1`, `$2` …, as they were typed; undefined where one is not given yet. */
  readonly parameters: readonly (string | undefined)[]
  readonly timeoutMs: number | undefined
}

interface SqlState {
  /** Tables, queries that have names, and limits; undefined until they are known. */
  readonly catalog: SqlCatalog | undefined
  readonly catalogError: unknown
  /** What is shown is the answer to it, or its refusal. */
  readonly question: Question | undefined
  readonly isAsking: boolean
  readonly result: SqlResult | undefined
  readonly error: unknown
}

const initial: SqlState = {
  catalog: undefined,
  catalogError: undefined,
  question: undefined,
  isAsking: false,
  result: undefined,
  error: undefined,
}

export const sql = createStore({
  context: initial,
  on: {
    catalogWanted: (before, _: unknown, enqueue) => {
      if (before.catalog === undefined) enqueue.effect(() => void loadCatalog())
      return { ...before, catalogError: undefined }
    },
    catalogued: (before, { catalog }: { catalog: SqlCatalog }) => ({ ...before, catalog }),
    catalogFailed: (before, { error }: { error: unknown }) => ({ ...before, catalogError: error }),
    asked: (before, { question }: { question: Question }, enqueue) => {
      if (question.parameters.includes(undefined)) return { ...before, question, isAsking: false }
      enqueue.effect(() => void load(question))
      return { ...before, question, isAsking: true, error: undefined }
    },
    answered: (before, { question, result }: { question: Question; result: SqlResult }) =>
      before.question === question ? { ...before, isAsking: false, result, error: undefined } : before,
    failed: (before, { question, error }: { question: Question; error: unknown }) =>
      before.question === question ? { ...before, isAsking: false, result: undefined, error } : before,
    /** The service ends a query whose asker is gone. */
    cancelled: (before, _: unknown, enqueue) => {
      enqueue.effect(() => {
        running?.abort()
      })
      return { ...before, isAsking: false }
    },
  },
})

let running: AbortController | undefined

const load = async (question: Question): Promise<void> => {
  running?.abort()
  const controller = new AbortController()
  running = controller
  const { sql: text, parameters, timeoutMs } = question
  const body = { sql: text, parameters: parameters.map(valueOf), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
  try {
    const result = await ask<SqlResult>('/v1/sql', { method: 'POST', body, signal: controller.signal })
    sql.trigger.answered({ question, result })
  } catch (error) {
    if (!controller.signal.aborted) sql.trigger.failed({ question, error })
  }
}

/** Postgres finds the type of a parameter where it stands, SQLite compares a number with a number alone. */
const valueOf = (text = ''): string | number | null => {
  if (text.toLowerCase() === 'null') return null
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text
}

const loadCatalog = async (): Promise<void> => {
  try {
    sql.trigger.catalogued({ catalog: await ask<SqlCatalog>('/v1/sql') })
  } catch (error) {
    sql.trigger.catalogFailed({ error })
  }
}
