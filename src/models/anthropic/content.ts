import type { DocumentBlockParam, ImageBlockParam, TextBlockParam } from '@anthropic-ai/sdk/resources/messages'

import { isMedia, loneText, type ContentPart, type FilePart, type MediaPart } from '../../events/content.ts'
import { base64Of, IMAGE_TYPES, isTextType, textOfBytes, type ShownMedia, type ShownSource } from '../wire/shown-media.ts'

type SaidBlock = TextBlockParam | ImageBlockParam | DocumentBlockParam
type ImageType = Extract<ImageBlockParam['source'], { type: 'base64' }>['media_type']

const PDF = 'application/pdf'

/** Pictures, PDFs and texts; a document by its URL has to be a PDF. */
export const anthropicTakes = (part: MediaPart): boolean => {
  const { type, mediaType } = part.source
  if (part.type === 'image') return type === 'url' || IMAGE_TYPES.has(mediaType ?? '')
  return mediaType === PDF || (type === 'blob' && isTextType(mediaType))
}

/** The vendor lets nobody say how closely it looks. */
export const withoutDetail = (shown: ShownMedia): string[] =>
  [...shown.keys()].some((part) => part.type === 'image' && part.detail !== undefined) ? ['detail'] : []

export const saidBlocks = (parts: readonly ContentPart[], shown: ShownMedia): SaidBlock[] =>
  parts.flatMap((part): SaidBlock[] => {
    if (!isMedia(part)) return [textBlock(part.text)]
    const source = shown.get(part)
    if (source === undefined) return []
    return [part.type === 'image' ? { type: 'image', source: imageSource(source) } : documentBlock(part, source)]
  })

/** A result of a tool is a text where that is all of it. */
export const resultContent = (parts: readonly ContentPart[], shown: ShownMedia): string | SaidBlock[] =>
  loneText(parts) ?? saidBlocks(parts, shown)

export const textBlock = (text: string): TextBlockParam => ({ type: 'text', text })

const imageSource = (source: ShownSource): ImageBlockParam['source'] =>
  source.type === 'url'
    ? { type: 'url', url: source.url }
    : { type: 'base64', media_type: source.mediaType as ImageType, data: base64Of(source.bytes) }

const documentBlock = ({ name }: FilePart, source: ShownSource): DocumentBlockParam => ({
  type: 'document',
  source: documentSource(source),
  ...(name !== undefined && { title: name }),
})

const documentSource = (source: ShownSource): DocumentBlockParam['source'] => {
  if (source.type === 'url') return { type: 'url', url: source.url }
  if (source.mediaType === PDF) return { type: 'base64', media_type: PDF, data: base64Of(source.bytes) }
  return { type: 'text', media_type: 'text/plain', data: textOfBytes(source.bytes) }
}
