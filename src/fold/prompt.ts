import type { ModelSettings } from '../events/model-settings.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson, type JsonObject } from '../json.ts'
import type { Transcript } from '../projections/transcript.ts'

/** The part of a prompt that does not change from call to call. */
export interface Prompt {
  readonly instructions: string
  readonly tools: readonly { readonly name: string; readonly description: string; readonly inputSchema: JsonObject }[]
  readonly output?: { readonly name: string; readonly schema: JsonObject }
  readonly settings: JsonObject
}

/** What the blob store keeps under {@link promptHash}. */
export const promptText = (prompt: Prompt): string => canonicalJson(prompt)

export const promptHash = (prompt: Prompt): string => sha256(promptText(prompt))

/** A prompt beside the conversation, as a workflow writes it. */
export interface Aside {
  readonly prompt: string
  readonly instructions?: string
}

export const asideOf = (params: Readonly<Record<string, unknown>>): Aside | undefined =>
  typeof params.prompt === 'string'
    ? { prompt: params.prompt, ...(typeof params.instructions === 'string' ? { instructions: params.instructions } : {}) }
    : undefined

interface Asked {
  readonly promptHash: string
  readonly model: string
  readonly asked: Transcript | Aside
  /** Of this call, where they are recorded with it. */
  readonly settings?: ModelSettings | undefined
}

/** Covers all that a model is asked, at a cost that does not grow with the conversation. */
export const fingerprint = ({ promptHash, model, asked, settings }: Asked): string =>
  sha256(
    [
      promptHash,
      model,
      'prompt' in asked ? sha256(canonicalJson(asked)) : asked.hash,
      ...(settings === undefined ? [] : [canonicalJson(settings)]),
    ].join('\n'),
  )
