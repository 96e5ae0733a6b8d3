import { AppError } from '../errors.ts'
import type { OpenRefold } from '../open-refold.ts'
import type { WhichPrompt } from '../runtime/reading/rebuilt-prompt.ts'
import { readRun } from '../runtime/reading/run-reader.ts'
import { beyond } from '../runtime/reading/state-at.ts'

/**
 * The attempt of a model call that the event at this revision is about, or else the newest that had begun by then; of the whole run without a
 * revision. Rejects with `InvalidInput` where none has begun.
 */
export const modelCallAt = async (
  refold: Pick<OpenRefold, 'log' | 'blobs'>,
  runId: string,
  { at = Infinity }: { readonly at?: number },
): Promise<WhichPrompt> => {
  let found: WhichPrompt | undefined
  let newest = -1
  for await (const { event } of readRun(refold, runId)) {
    if (event.revision > at) break
    newest = event.revision
    const isAbout = event.type === 'ModelCallSucceeded' || event.type === 'ModelCallFailed'
    if (event.type === 'ModelCallRequested' || (isAbout && event.revision === at))
      found = { runId, callId: event.data.callId, attempt: event.data.attempt }
  }
  if (at !== Infinity && at > newest) throw beyond(runId, at, newest)
  if (found !== undefined) return found
  throw new AppError('InvalidInput', `Expected a model call of ${runId}${at === Infinity ? '' : ` that has begun by ${at}`}, found none`)
}
