import { z } from 'zod'

// What people, tools and models say, part by part. Bytes are never in an event: the blob store keeps them under their hash.
//
// A part of a new type is a new version of every event that may hold one, so that a Refold which does not know it refuses the event.

/** Bytes in the blob store. */
const blobSource = z.strictObject({
  type: z.literal('blob'),
  /** SHA-256 of the bytes, in hexadecimal. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  mediaType: z.string(),
  bytes: z.int().nonnegative(),
})

/** Read by the vendor of a model, never by Refold. */
const urlSource = z.strictObject({
  type: z.literal('url'),
  url: z.string().regex(/^https:\/\//),
  mediaType: z.string().optional(),
})

const source = z.discriminatedUnion('type', [blobSource, urlSource])

export const textPart = z.strictObject({ type: z.literal('text'), text: z.string() })

export const imagePart = z.strictObject({
  type: z.literal('image'),
  source,
  /** What it shows, for people and wherever it cannot be shown. */
  alt: z.string().optional(),
  /** How closely a model looks at it, where its vendor lets that be said. */
  detail: z.enum(['low', 'high', 'auto']).optional(),
})

export const filePart = z.strictObject({ type: z.literal('file'), source, name: z.string().optional() })

/** Audio and video will be types of their own. */
export const contentPart = z.discriminatedUnion('type', [textPart, imagePart, filePart])

export type BlobSource = z.infer<typeof blobSource>
export type UrlSource = z.infer<typeof urlSource>
export type TextPart = z.infer<typeof textPart>
export type ImagePart = z.infer<typeof imagePart>
export type FilePart = z.infer<typeof filePart>
export type ContentPart = z.infer<typeof contentPart>
/** A part that is no text. */
export type MediaPart = ImagePart | FilePart

/** What is said to somebody: its text, and all of it. */
export interface Said {
  readonly text: string
  readonly parts: readonly ContentPart[]
}

export const isMedia = (part: { readonly type: string }): part is MediaPart => part.type === 'image' || part.type === 'file'

export const textContent = (text: string): TextPart[] => [{ type: 'text', text }]

/** The text, where the content is one text alone, as most of it is. */
export const loneText = (parts: readonly ContentPart[]): string | undefined => {
  const [first, ...others] = parts
  return others.length === 0 && first?.type === 'text' ? first.text : undefined
}

/** All texts of a content, each on a line of its own. */
export const textsOf = (parts: readonly ContentPart[]): string =>
  parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')

/** Content as one text: what is no text stands in it as `[image image/png, 12 KB: a broken lid]`. */
export const shownContent = (parts: readonly ContentPart[]): string =>
  parts.map((part) => (part.type === 'text' ? part.text : `[${describeMedia(part)}]`)).join('\n')

/** As `image image/png, 12 KB: a broken lid`. */
export const describeMedia = (part: MediaPart): string => {
  const { source: from } = part
  const words = from.type === 'blob' ? `${from.mediaType}, ${sizeText(from.bytes)}` : from.url
  const called = part.type === 'image' ? part.alt : part.name
  return called === undefined ? `${part.type} ${words}` : `${part.type} ${words}: ${called}`
}

const sizeText = (bytes: number): string => {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

/** Hashes of the blobs that parts name, each once. */
export const blobsOfContent = (parts: readonly { readonly type: string }[]): string[] => {
  const media = parts.filter(isMedia)
  return media.length === 0 ? [] : [...new Set(media.flatMap(({ source: from }) => (from.type === 'blob' ? [from.hash] : [])))]
}
