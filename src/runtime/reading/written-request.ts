import type { BlobStore } from '../../blobs/blob-store.ts'
import { AppError } from '../../errors.ts'
import type { Message } from '../../events/message.ts'
import type { ModelSettings } from '../../events/model-settings.ts'
import { providerIn, type Model, type ModelRequest, type Models, type WrittenRequest } from '../../models/model.ts'
import { present } from '../../present.ts'
import { shown } from '../../text.ts'

/** As which a prompt can be written, by name: those that write nothing are none. */
export type RequestForms = Models

/** What a model was asked, as it is rebuilt. */
export interface AskedPrompt extends Pick<ModelRequest, 'instructions' | 'tools' | 'output'> {
  /** `provider/model` */
  readonly model: string
  readonly settings: ModelSettings
  readonly messages: readonly Message[]
}

export interface RequestInForm extends WrittenRequest {
  readonly as: string
  readonly forms: readonly string[]
}

const USUAL = 'openai'

/** In the form of the provider that was asked unless another one is named, and where that writes nothing, in OpenAI's. Rejects with `InvalidInput` for no form. */
export const writeRequest = async (
  { requestForms, blobs }: { readonly requestForms: RequestForms; readonly blobs: BlobStore },
  { model, settings, ...prompt }: AskedPrompt,
  form: string | undefined,
): Promise<RequestInForm> => {
  const writerOf = (name: string): Model['written'] => providerIn(requestForms, name)?.written
  const forms = Object.keys(requestForms).filter((name) => writerOf(name) !== undefined)
  const provider = model.slice(0, model.indexOf('/'))
  const as = form ?? (forms.includes(provider) ? provider : USUAL)
  const write = writerOf(as)
  if (write === undefined) throw new AppError('InvalidInput', `Expected one of the forms ${forms.join(', ')}, found ${shown(as)}`)
  const { toolChoice = 'auto', providerOptions, ...others } = settings
  const request = {
    ...prompt,
    model: model.slice(provider.length + 1),
    toolChoice,
    settings: others,
    ...present({ providerOptions: providerOptions?.[provider] }),
  }
  const { url, headers, key, body, dropped } = await write(request, { readBlob: ({ hash }) => blobs.getBytes(hash) })
  return { as, forms, url, headers, key, body, dropped }
}
