import type { BlobStore } from '../../blobs/blob-store.ts'
import type { DataOf } from '../../events/run-events.ts'
import type { Prompt } from '../../fold/prompt.ts'
import { canonicalJson } from '../../json.ts'
import { inWords, type Otherwise } from './compared-decisions.ts'

export interface AskedTwice {
  readonly recorded: DataOf<'ModelCallRequested'>
  readonly decided: DataOf<'ModelCallRequested'>
  /** The fixed part of the prompts of the version that decides. */
  readonly prompt: Prompt
  /** Of the run, where its agent makes them from the context. */
  readonly instructions: { readonly recorded: string | undefined; readonly now: string | undefined }
}

/** In what a model would be asked otherwise; undefined where it would be asked the same. */
export const promptChange = async (blobs: BlobStore, asked: AskedTwice): Promise<Otherwise | undefined> => {
  const { recorded, decided, instructions } = asked
  const hasOwn = instructions.recorded !== instructions.now
  if (recorded.fingerprint === decided.fingerprint && !hasOwn) return undefined
  const isOtherModel = recorded.model !== decided.model
  const fixed = recorded.promptHash === decided.promptHash ? [] : fixedChanges(await blobs.get(recorded.promptHash), asked.prompt)
  const changed = new Set([
    ...(hasOwn ? ['instructions'] : []),
    ...fixed,
    ...(isOtherModel ? ['model'] : []),
    ...(canonicalJson(recorded.settings ?? null) === canonicalJson(decided.settings ?? null) ? [] : ['settings']),
  ])
  const what = changed.size === 0 ? 'messages' : [...changed].join(', ')
  return inWords(
    'asks the model',
    `asks the model with other ${what}`,
    isOtherModel ? `${decided.model} in place of ${recorded.model}` : '',
  )
}

const fixedChanges = (text: string, prompt: Prompt): readonly string[] => {
  const before = JSON.parse(text) as Partial<Prompt>
  return (['instructions', 'tools', 'output', 'settings'] as const).filter(
    (member) => canonicalJson(before[member] ?? null) !== canonicalJson(prompt[member] ?? null),
  )
}
