import { isMedia, type MediaPart } from '../../events/content.ts'
import type { ModelCallOptions, ModelRequest } from '../model.ts'

// A conversation is sent whole with every call, and with it every picture that was ever shown in it.

/** Of all pictures and files of one request: with a third more in base64, it stays below what the strictest vendor takes. */
const MOST_MEDIA_BYTES = 20 * 1024 * 1024
const MOST_MEDIA = 100

/** What a vendor is sent of a picture or file. */
export type ShownSource =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array; readonly mediaType: string }
  | { readonly type: 'url'; readonly url: string; readonly mediaType: string | undefined }

/** Those that are sent; in the place of every other one stands a text. */
export type ShownMedia = ReadonlyMap<MediaPart, ShownSource>

export const nothingShown: ShownMedia = new Map()

/** Which of them a wire can carry at all. */
export type Takes = (part: MediaPart) => boolean

/**
 * The newest pictures and files of a conversation, as many as a request may hold, with their bytes. The same conversation gives the same.
 * Rejects with what the store says.
 */
export const shownMedia = async (
  { messages }: Pick<ModelRequest, 'messages'>,
  takes: Takes,
  { readBlob }: Pick<ModelCallOptions, 'readBlob'>,
): Promise<ShownMedia> => {
  const said = messages.flatMap((message) => (message.role === 'assistant' ? [] : message.parts.filter(isMedia)))
  const shown = new Map<MediaPart, ShownSource>()
  const read = new Map<string, Uint8Array>()
  let bytes = 0
  for (const part of said.toReversed()) {
    const { source } = part
    if (shown.size === MOST_MEDIA) break
    if (!takes(part)) continue
    if (source.type === 'url') {
      shown.set(part, { type: 'url', url: source.url, mediaType: source.mediaType })
      continue
    }
    bytes += source.bytes
    if (readBlob === undefined || bytes > MOST_MEDIA_BYTES) break
    const content = read.get(source.hash) ?? (await readBlob(source))
    read.set(source.hash, content)
    shown.set(part, { type: 'bytes', bytes: content, mediaType: source.mediaType })
  }
  return shown
}

/** Pictures that every vendor takes. */
export const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

export const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

export const dataUrlOf = ({ bytes, mediaType }: Extract<ShownSource, { type: 'bytes' }>): string =>
  `data:${mediaType};base64,${base64Of(bytes)}`

/** Texts that a model reads as they are. */
export const isTextType = (mediaType: string | undefined): boolean =>
  mediaType !== undefined && (mediaType.startsWith('text/') || mediaType === 'application/json')

export const textOfBytes = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
