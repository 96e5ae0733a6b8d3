import type { BlobStore } from '../blobs/blob-store.ts'
import { AppError, messageOf } from '../errors.ts'
import { isMedia, loneText, type BlobSource, type ContentPart, type MediaPart, type UrlSource } from '../events/content.ts'
import { givenPart, type GivenContent, type GivenPart } from '../events/given-content.ts'
import type { Command } from '../fold/decide.ts'
import { sha256 } from '../hash.ts'
import { deepFrozen } from '../json.ts'
import { present } from '../present.ts'
import { messagesOf, type Transcript } from '../projections/transcript.ts'
import { shown } from '../text.ts'
import { checkedDeclaredType, checkedMediaType } from './media-types.ts'

// Where what users, tools and models give becomes parts: their bytes get the hash under which the blob store has them before the event is stored.

const MOST_PARTS = 32
/** Of one picture or file. */
const MOST_PART_BYTES = 10 * 1024 * 1024
/** Of all that come in one content. One request of a model holds as many. */
const MOST_CONTENT_BYTES = 20 * 1024 * 1024
/** UTF-8 bytes of all texts. */
const LARGEST_TEXT = 1024 * 1024
const LONGEST_URL = 4_096
const LONGEST_NAME = 255
const LONGEST_ALT = 2_000

export interface ReadContent {
  readonly parts: readonly ContentPart[]
  /** What the blob store has to hold first. */
  readonly bytes: readonly Uint8Array[]
}

/**
 * Parts as they are recorded. The bytes are copied: what becomes of the caller's own is another content.
 * Throws `InvalidInput` and `TooLarge`, with the place.
 */
export const readContent = (given: GivenContent, what = 'message'): ReadContent => {
  if (typeof given === 'string') return { parts: [{ type: 'text', text: given }], bytes: [] }
  const bytes = new Map<string, Uint8Array>()
  const parts = itemsOf(given, what).map((part, index) => readPart(part, `${what}.${index}`, bytes))
  checkBounds(parts, what)
  return { parts: deepFrozen(parts), bytes: [...bytes.values()] }
}

const itemsOf = (given: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(given)) throw invalid(what, 'a text or a list of parts', shown(given))
  const { length } = given
  if (length === 0 || length > MOST_PARTS) throw invalid(what, `1 to ${MOST_PARTS} parts`, String(length))
  return Array.from({ length }, (_, index) => given[index] as unknown)
}

const readPart = (given: unknown, where: string, bytes: Map<string, Uint8Array>): ContentPart => {
  const { part, data } = bytesApart(given, where)
  const checked = givenPart.safeParse(part)
  if (!checked.success) {
    const [issue] = checked.error.issues
    throw invalid([where, ...(issue?.path ?? [])].join('.'), 'a part as it is documented', issue?.message ?? 'something else')
  }
  const read = checked.data
  if (read.type === 'text') return read
  const { source, ...rest } = read
  checkWords(rest, where)
  const kept = present(rest)
  if (source.type === 'blob') return { ...kept, source }
  if (source.type === 'url') return { ...kept, source: checkedUrl(read.type, source, where) }
  const content = data ?? bytesOf(source.data, where)
  return { ...kept, source: putAside(read.type, content, source.mediaType, { where, bytes }) }
}

interface Apart {
  readonly part: unknown
  readonly data?: Uint8Array
}

/** Bytes are none of JSON's: they are taken out before the shape of the rest is looked at. */
const bytesApart = (given: unknown, where: string): Apart => {
  try {
    if (typeof given !== 'object' || given === null) return { part: given }
    const part: Record<string, unknown> = { ...given }
    if (typeof part['source'] !== 'object' || part['source'] === null) return { part: present(part) }
    const { data, ...source } = part['source'] as Record<string, unknown>
    if (!(data instanceof Uint8Array)) return { part: present({ ...part, source: present({ ...source, data }) }) }
    checkSize(data.byteLength, where)
    return { part: present({ ...part, source: present({ ...source, data: STAND_IN }) }), data: Uint8Array.from(data) }
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    throw invalid(where, 'a part that can be read', messageOf(thrown))
  }
}

/** In the place of bytes that are none of a text. */
const STAND_IN = 'AA=='

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

const bytesOf = (base64: string, where: string): Uint8Array => {
  checkSize(Math.floor((base64.length * 3) / 4) - 2, where)
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) throw invalid(`${where}.source.data`, 'bytes in base64', 'another text')
  return Uint8Array.from(Buffer.from(base64, 'base64'))
}

const checkSize = (bytes: number, where: string): void => {
  if (bytes > MOST_PART_BYTES) throw tooLarge(`${where}.source.data`, MOST_PART_BYTES, bytes)
}

interface Aside {
  readonly where: string
  readonly bytes: Map<string, Uint8Array>
}

const putAside = (type: 'image' | 'file', content: Uint8Array, declared: string | undefined, { where, bytes }: Aside): BlobSource => {
  checkSize(content.byteLength, where)
  if (content.byteLength === 0) throw invalid(`${where}.source.data`, 'bytes', 'none')
  const mediaType = checkedMediaType(type, content, declared, `${where}.source`)
  const hash = sha256(content)
  bytes.set(hash, content)
  return { type: 'blob', hash, mediaType, bytes: content.byteLength }
}

/** It is stored and shown: a password in it would be, too. */
const checkedUrl = (type: 'image' | 'file', source: UrlSource, where: string): UrlSource => {
  const place = `${where}.source.url`
  const url = URL.parse(source.url)
  if (url?.protocol !== 'https:') throw invalid(place, 'an https URL', shown(source.url.slice(0, 100)))
  if (source.url.length > LONGEST_URL) throw tooLarge(place, LONGEST_URL, source.url.length)
  if (url.username !== '' || url.password !== '') throw invalid(place, 'a URL without user and password', 'one with them')
  return { type: 'url', url: url.href, ...present({ mediaType: checkedDeclaredType(type, source.mediaType, `${where}.source`) }) }
}

const checkWords = (part: { readonly name?: string | undefined; readonly alt?: string | undefined }, where: string): void => {
  const { name, alt } = part
  if (alt !== undefined && alt.length > LONGEST_ALT) throw tooLarge(`${where}.alt`, LONGEST_ALT, alt.length)
  if (name === undefined) return
  if (name === '' || name.length > LONGEST_NAME || /[\p{Cc}\p{Cs}/\\]/u.test(name))
    throw invalid(`${where}.name`, `a name of 1 to ${LONGEST_NAME} characters without control characters and slashes`, shown(name))
}

const checkBounds = (parts: readonly ContentPart[], what: string): void => {
  const textBytes = parts.reduce((sum, part) => sum + (part.type === 'text' ? Buffer.byteLength(part.text) : 0), 0)
  if (textBytes > LARGEST_TEXT) throw tooLarge(what, LARGEST_TEXT, textBytes)
  const bytes = mediaBytes(parts)
  if (bytes > MOST_CONTENT_BYTES) throw tooLarge(what, MOST_CONTENT_BYTES, bytes)
  if (parts.every((part) => part.type === 'text' && part.text.trim() === '')) throw invalid(what, 'something that is said', 'blank texts')
}

export const lengthOf = (bytes: readonly Uint8Array[]): number => bytes.reduce((sum, { byteLength }) => sum + byteLength, 0)

/** Of all pictures and files in the blob store that it names. */
export const mediaBytes = (parts: readonly ContentPart[]): number =>
  parts.reduce((sum, part) => sum + (part.type !== 'text' && part.source.type === 'blob' ? part.source.bytes : 0), 0)

/** A content of one text is that text, however it was given: the same wish has one hash. */
export const plain = (parts: readonly ContentPart[]): string | readonly ContentPart[] => loneText(parts) ?? parts

/** A command as people give it: what is said may hold bytes. */
export type GivenCommand =
  | Exclude<Command, { type: 'sendMessage' | 'answer' }>
  | (Omit<Extract<Command, { type: 'sendMessage' }>, 'parts'> & { readonly parts?: readonly GivenPart[] })
  | (Omit<Extract<Command, { type: 'answer' }>, 'parts'> & { readonly parts?: readonly GivenPart[] })

/** Throws `InvalidInput` and `TooLarge`, with the place. */
export const readCommand = <Given extends GivenCommand>(
  given: Given,
): { readonly command: Given; readonly bytes: readonly Uint8Array[] } => {
  if (given.type !== 'sendMessage' && given.type !== 'answer') return { command: given, bytes: [] }
  const { text, parts, ...rest } = given
  if ((text === undefined) === (parts === undefined))
    throw invalid(given.type, 'a text or parts', text === undefined ? 'none of both' : 'both')
  if (parts === undefined) return { command: given, bytes: [] }
  const read = readContent(parts, 'parts')
  const lone = loneText(read.parts)
  return { command: { ...rest, ...(lone === undefined ? { parts: read.parts } : { text: lone }) } as Given, bytes: read.bytes }
}

interface Saying {
  /** Of the run in which it is said. */
  readonly transcript: Transcript
  /** What comes along. */
  readonly bytes: readonly Uint8Array[]
  /** What it is that names them. */
  readonly where: string
}

/** A hash can be guessed by whoever has the content: only what was said in the run itself, or comes along, may be named. */
export const strangeBlob = (parts: readonly ContentPart[], { transcript, bytes, where }: Saying): AppError | undefined => {
  const given = new Map(bytes.map((content) => [sha256(content), content]))
  const said = saidBlobs(transcript)
  for (const part of blobParts(parts)) {
    const content = given.get(part.source.hash)
    const isKnown = content === undefined ? said.some((other) => isSameBlob(part, other)) : isOf(content, part)
    if (!isKnown) return invalid(where, 'bytes, or a blob that was said in this run', `the blob ${part.source.hash}`)
  }
  return undefined
}

type BlobPart = MediaPart & { readonly source: BlobSource }

const blobParts = (parts: readonly { readonly type: string }[]): BlobPart[] =>
  parts.filter((part): part is BlobPart => isMedia(part) && part.source.type === 'blob')

const isSameBlob = ({ type, source }: BlobPart, other: BlobPart): boolean =>
  type === other.type &&
  source.hash === other.source.hash &&
  source.mediaType === other.source.mediaType &&
  source.bytes === other.source.bytes

/** Who sends bytes may name them a second time, as what they are. */
const isOf = (content: Uint8Array, { type, source: { mediaType, bytes } }: BlobPart): boolean => {
  try {
    return bytes === content.byteLength && mediaType === checkedMediaType(type, content, mediaType, '')
  } catch {
    return false
  }
}

/** Pictures and files of users, the newest last. */
export const attachmentsIn = ({ items, length }: Transcript): readonly MediaPart[] => {
  const seen = looked.get(items) ?? { to: 0, media: [] }
  looked.set(items, seen)
  for (; seen.to < length; seen.to++) {
    const message = items[seen.to]
    if (message?.role === 'user') for (const part of message.parts) if (isMedia(part)) seen.media.push({ index: seen.to, part })
  }
  return seen.media.length === 0 ? NONE : deepFrozen(seen.media.filter(({ index }) => index < length).map(({ part }) => part))
}

const NONE: readonly MediaPart[] = Object.freeze([])

/** How far a list of messages, to which states only add, has been looked through: a long one is not at every call. */
const looked = new WeakMap<Transcript['items'], { to: number; readonly media: { readonly index: number; readonly part: MediaPart }[] }>()

/** Rejects with `InvalidInput` for what was not said in this conversation: a hash can be guessed. */
export const readSaid = async (blobs: Pick<BlobStore, 'getBytes'>, transcript: Transcript, source: BlobSource): Promise<Uint8Array> => {
  const { hash } = source
  if (!saidBlobs(transcript).some((said) => said.source.hash === hash))
    throw invalid('this run', 'a blob that was said', `the blob ${hash}`)
  return Uint8Array.from(await blobs.getBytes(hash))
}

/** Pictures and files of a conversation whose bytes are stored. */
const saidBlobs = (transcript: Transcript): BlobPart[] =>
  [...messagesOf(transcript).map(({ parts }) => parts), ...transcript.inbox].flatMap(blobParts)

const invalid = (where: string, expected: string, found: string): AppError =>
  new AppError('InvalidInput', `Expected ${expected} at ${where}, found ${found}`, { details: { where } })

const tooLarge = (where: string, most: number, found: number): AppError =>
  new AppError('TooLarge', `Expected ${most} at most at ${where}, found ${found}`, { details: { where } })
