import { readFile, stat } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import { AppError, messageOf } from '../errors.ts'
import type { GivenContent, GivenPart } from '../events/given-content.ts'
import { present } from '../present.ts'

const OFFICE = 'application/vnd.openxmlformats-officedocument'

/** What the bytes do not show. Pictures and PDFs show theirs. */
const TYPES: Readonly<Record<string, string>> = {
  '.txt': 'text/plain',
  '.log': 'text/plain',
  '.md': 'text/markdown',
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.docx': `${OFFICE}.wordprocessingml.document`,
  '.xlsx': `${OFFICE}.spreadsheetml.sheet`,
  '.pptx': `${OFFICE}.presentationml.presentation`,
}

const PICTURES = new Set(['.png', '.jpg', '.jpeg', '.gif', '.webp'])

/** More is refused anyway, and not read before. */
const MOST_BYTES = 10 * 1024 * 1024

/** A message with files behind its text. */
export const withFiles = async (text: string | undefined, paths: readonly string[], cwd: string): Promise<GivenContent | undefined> => {
  if (paths.length === 0) return text
  const files = await Promise.all(paths.map((path) => partOf(resolve(cwd, path))))
  return [...(text === undefined || text === '' ? [] : [{ type: 'text' as const, text }]), ...files]
}

const partOf = async (path: string): Promise<GivenPart> => {
  const ending = extname(path).toLowerCase()
  const data = await bytesIn(path)
  if (PICTURES.has(ending)) return { type: 'image', source: { type: 'bytes', data } }
  return { type: 'file', name: basename(path), source: { type: 'bytes', data, ...present({ mediaType: TYPES[ending] }) } }
}

/** Throws `InvalidInput` and `TooLarge`, with the path. */
export const bytesIn = async (path: string): Promise<Uint8Array> => {
  try {
    const found = await stat(path)
    // A device or a pipe has no size, and may have no end.
    if (!found.isFile()) throw new AppError('InvalidInput', `Expected a file at ${path}, found something else`, { details: { path } })
    const { size } = found
    if (size > MOST_BYTES) throw new AppError('TooLarge', `Expected a file of ${MOST_BYTES} bytes at most, found ${size} in ${path}`)
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('InvalidInput', `Expected a file that can be read at ${path}: ${messageOf(cause)}`, { details: { path }, cause })
  }
}
