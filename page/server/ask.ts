import type { Problem } from '../../src/http/contract.ts'
import { connection, noteAnswer, noteSilence } from './connection.ts'

/** What the server has refused, in its own words. */
export class Refused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
  }
}

/** Nobody has answered. */
export class Silent extends Error {}

interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: unknown
  readonly signal?: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
}

/** Rejects with `Refused` or `Silent`, and with the reason of the signal. */
export const ask = async <Answer>(path: string, asked: Asked = {}): Promise<Answer> => {
  const response = await request(path, asked)
  return (await response.json()) as Answer
}

/** The response itself, if it is a good one. */
export const request = async (path: string, { method = 'GET', body, signal, headers = {} }: Asked = {}): Promise<Response> => {
  const response = await reached(path, {
    method,
    headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })
  noteAnswer()
  if (response.ok) return response
  const problem = await problemIn(response)
  if (response.status === 401) connection.trigger.keyWanted()
  throw new Refused(problem)
}

const reached = async (path: string, options: RequestInit): Promise<Response> => {
  try {
    return await fetch(path, options)
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    noteSilence()
    throw new Silent('Nobody has answered', { cause: error })
  }
}

/** A proxy in between may answer with words of its own. */
const problemIn = async (response: Response): Promise<Problem> => {
  const { status } = response
  try {
    const problem = (await response.json()) as Partial<Problem>
    if (typeof problem.detail === 'string' && typeof problem.code === 'string') return problem as Problem
  } catch {
    // What follows says all there is to say.
  }
  const detail = `The answer was ${status} ${response.statusText}`
  return { type: '', title: 'No answer of Refold', status, detail, code: '', requestId: '', retryable: status >= 500 }
}
