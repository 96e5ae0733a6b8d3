import type { ChatCompletionContentPart } from 'openai/resources/chat/completions'

import { isMedia, loneText, type ContentPart, type MediaPart } from '../../events/content.ts'
import { dataUrlOf, IMAGE_TYPES, isTextType, textOfBytes, type ShownMedia, type ShownSource } from '../wire/shown-media.ts'

const PDF = 'application/pdf'

/** Pictures, and PDFs and texts that are not far away: Chat Completions knows no file by its URL. */
export const chatTakes = (part: MediaPart): boolean => {
  const { type, mediaType } = part.source
  if (part.type === 'image') return type === 'url' || IMAGE_TYPES.has(mediaType ?? '')
  return type === 'blob' && (mediaType === PDF || isTextType(mediaType))
}

/** A text where that is all of it: older servers take nothing else. */
export const chatContent = (parts: readonly ContentPart[], shown: ShownMedia): string | ChatCompletionContentPart[] =>
  loneText(parts) ??
  parts.flatMap((part): ChatCompletionContentPart[] => {
    if (!isMedia(part)) return [{ type: 'text', text: part.text }]
    const source = shown.get(part)
    return source === undefined ? [] : [mediaPart(part, source)]
  })

const mediaPart = (part: MediaPart, source: ShownSource): ChatCompletionContentPart => {
  if (part.type === 'image') {
    const url = source.type === 'url' ? source.url : dataUrlOf(source)
    return { type: 'image_url', image_url: { url, ...(part.detail !== undefined && { detail: part.detail }) } }
  }
  const name = part.name ?? 'file'
  if (source.type === 'url') return { type: 'text', text: source.url }
  if (source.mediaType === PDF) return { type: 'file', file: { filename: name, file_data: dataUrlOf(source) } }
  return { type: 'text', text: `The file ${JSON.stringify(name)}:\n${textOfBytes(source.bytes)}` }
}
