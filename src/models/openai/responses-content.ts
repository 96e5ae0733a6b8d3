import type { ResponseInputContent, ResponseInputFile } from 'openai/resources/responses/responses'

import { isMedia, loneText, type ContentPart, type FilePart, type MediaPart } from '../../events/content.ts'
import { dataUrlOf, IMAGE_TYPES, type ShownMedia, type ShownSource } from '../wire/shown-media.ts'

/** Pictures, and whatever file the vendor may know. */
export const responsesTakes = (part: MediaPart): boolean =>
  part.type === 'file' || part.source.type === 'url' || IMAGE_TYPES.has(part.source.mediaType)

export const responsesContent = (parts: readonly ContentPart[], shown: ShownMedia): string | ResponseInputContent[] =>
  loneText(parts) ??
  parts.flatMap((part): ResponseInputContent[] => {
    if (!isMedia(part)) return [{ type: 'input_text', text: part.text }]
    const source = shown.get(part)
    if (source === undefined) return []
    return [part.type === 'image' ? inputImage(part.detail, source) : inputFile(part, source)]
  })

const inputImage = (detail: 'low' | 'high' | 'auto' = 'auto', source: ShownSource): ResponseInputContent => ({
  type: 'input_image',
  image_url: source.type === 'url' ? source.url : dataUrlOf(source),
  detail,
})

/** The vendor reads the kind of a file from its name. */
const inputFile = ({ name }: FilePart, source: ShownSource): ResponseInputFile =>
  source.type === 'url'
    ? { type: 'input_file', file_url: source.url }
    : { type: 'input_file', filename: name ?? `file.${endingOf(source.mediaType)}`, file_data: dataUrlOf(source) }

const ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/\/plain$/, 'txt'],
  [/\/markdown$/, 'md'],
  [/wordprocessingml/, 'docx'],
  [/spreadsheetml/, 'xlsx'],
  [/presentationml/, 'pptx'],
]

/** Of most types, what they are called is the ending. */
const endingOf = (mediaType: string): string =>
  ENDINGS.find(([type]) => type.test(mediaType))?.[1] ?? mediaType.slice(mediaType.indexOf('/') + 1)
