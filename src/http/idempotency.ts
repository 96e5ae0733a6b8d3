import { isAppError } from '../errors.ts'
import { canonicalJson, type Json } from '../json.ts'
import { readRun } from '../runtime/run-reader.ts'
import type { RuntimeParts } from '../runtime/runtime-parts.ts'

/** What a run was started with, as far as the request says it. */
export interface StartRequest {
  readonly agent: string
  readonly message?: string
  readonly input?: Json
}

/** Of a command: the same key may come again with another command, or about another call. */
export const commandIdFor = (command: string, callId: string | undefined, key: string): string =>
  [command, ...(callId === undefined ? [] : [callId]), key].join(':')

/** The request that a run was started with, or undefined where there is no such run. */
export const recordedStart = async (parts: Pick<RuntimeParts, 'log' | 'blobs'>, runId: string): Promise<StartRequest | undefined> => {
  let request: StartRequest | undefined
  let commandId: string | undefined
  try {
    for await (const { event } of readRun(parts, runId)) {
      if (event.type === 'RunStarted') {
        commandId = event.meta.commandId
        request = { agent: event.data.agent, ...(event.data.input === undefined ? {} : { input: event.data.input }) }
        continue
      }
      // The message of the start carries its command id; one that was sent later carries another.
      const isOfStart = event.type === 'MessageReceived' && event.meta.commandId === commandId
      return request === undefined || !isOfStart ? request : { ...request, message: event.data.text }
    }
    return request
  } catch (error) {
    if (isAppError(error, 'RunNotFound')) return undefined
    throw error
  }
}

export const isSameStart = (one: StartRequest, other: StartRequest): boolean => canonicalJson(one) === canonicalJson(other)
