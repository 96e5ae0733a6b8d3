import { z } from 'zod'
import { filePart, imagePart, textPart, type BlobSource, type TextPart } from './content.ts'

// What users give to be said: a text, or parts. Bytes may come with them, and lie in the blob store before anything is recorded.

const bytesSource = z.strictObject({
  type: z.literal('bytes'),
  data: z.string().min(1).meta({ description: 'The bytes in base64.' }),
  mediaType: z
    .string()
    .optional()
    .meta({ description: 'As `image/png`; of pictures and PDFs it is read from the bytes where it is left out.' }),
})

const [blobSource, urlSource] = imagePart.shape.source.options

const givenSource = z.discriminatedUnion('type', [
  bytesSource,
  urlSource.meta({ description: 'Read by the vendor of the model, never by Refold.' }),
  blobSource.meta({ description: 'Bytes that were said in this run before.' }),
])

export const givenPart = z.discriminatedUnion('type', [
  textPart,
  z.strictObject({ ...imagePart.shape, source: givenSource }),
  z.strictObject({ ...filePart.shape, source: givenSource }),
])

/** A content as it comes in JSON. */
export const givenContent = z.union([z.string().min(1), z.array(givenPart).min(1)])

/** Bytes that come along. */
export interface BytesSource {
  readonly type: 'bytes'
  /** The bytes, or their text in base64. */
  readonly data: Uint8Array | string
  /** As `image/png`; of pictures and PDFs it is read from the bytes where it is left out. */
  readonly mediaType?: string | undefined
}

/** Something that is read by the vendor of the model, never by Refold. */
export interface GivenUrlSource {
  readonly type: 'url'
  /** https alone. */
  readonly url: string
  /** Of a file it has to be said. */
  readonly mediaType?: string | undefined
}

/** Bytes that come along, a URL, or bytes that were said in the run before. */
export type GivenSource = BytesSource | GivenUrlSource | BlobSource

/** A PNG, JPEG, GIF or WebP of 10 MiB at most. */
export interface GivenImagePart {
  readonly type: 'image'
  readonly source: GivenSource
  /** What it shows, for people and wherever it cannot be shown. */
  readonly alt?: string | undefined
  /** How closely a model looks at it, where its vendor lets that be said. */
  readonly detail?: 'low' | 'high' | 'auto' | undefined
}

/** A PDF, a text or an Office document of 10 MiB at most. */
export interface GivenFilePart {
  readonly type: 'file'
  readonly source: GivenSource
  readonly name?: string | undefined
}

/** A part as it is given: a picture or file also as its bytes. */
export type GivenPart = TextPart | GivenImagePart | GivenFilePart

/** A text is a content of one part. */
export type GivenContent = string | readonly GivenPart[]
