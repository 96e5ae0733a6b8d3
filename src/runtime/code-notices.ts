import type { AppError } from '../errors.ts'
import { present } from '../present.ts'
import type { Batch } from './batch.ts'
import type { RuntimeParts } from './runtime-parts.ts'

/** Tells operators of code of the agent that failed, once it is recorded what that led to; of one stop once, however often it is met. */
export const codeNotices = ({ notify }: RuntimeParts, runId: string): ((batch: Batch, stopped: AppError | undefined) => void) => {
  let told: string | undefined
  return ({ sealed }, stopped) => {
    for (const { event } of sealed) {
      if (!('cause' in event.data) || event.data.cause === undefined) continue
      const { cause, callId, retryAt } = event.data as { readonly cause: string; readonly callId?: string; readonly retryAt?: number }
      if (retryAt !== undefined) continue
      notify({ type: 'codeFailed', runId, ...present({ callId }), message: cause })
    }
    if (stopped !== undefined && stopped.message !== told) notify({ type: 'runBroken', runId, message: stopped.message })
    told = stopped?.message
  }
}
