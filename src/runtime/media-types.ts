import { AppError } from '../errors.ts'

// Which pictures and files are taken in. What a file says of itself is believed only where its bytes say the same.

interface Kind {
  readonly part: 'image' | 'file'
  readonly fits: (bytes: Uint8Array) => boolean
}

const beginsWith =
  (...signature: readonly number[]) =>
  (bytes: Uint8Array, at = 0): boolean =>
    signature.every((byte, index) => bytes[at + index] === byte)

const ascii = (text: string): ReturnType<typeof beginsWith> => beginsWith(...Buffer.from(text, 'latin1'))

const isRiff = ascii('RIFF')
const isWebp = ascii('WEBP')
const isZip = beginsWith(0x50, 0x4b, 0x03, 0x04)
const isGif = ascii('GIF8')

/** UTF-8 without NUL: what editors call a text. */
const isText = (bytes: Uint8Array): boolean => {
  if (bytes.includes(0)) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

const image = (fits: Kind['fits']): Kind => ({ part: 'image', fits })
const file = (fits: Kind['fits']): Kind => ({ part: 'file', fits })

const OFFICE = 'application/vnd.openxmlformats-officedocument'

/** No SVG and no HTML: both hold programs. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['image/png', image(beginsWith(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a))],
  ['image/jpeg', image(beginsWith(0xff, 0xd8, 0xff))],
  ['image/gif', image((bytes) => isGif(bytes))],
  ['image/webp', image((bytes) => isRiff(bytes) && isWebp(bytes, 8))],
  ['application/pdf', file((bytes) => ascii('%PDF-')(bytes))],
  ['text/plain', file(isText)],
  ['text/markdown', file(isText)],
  ['text/csv', file(isText)],
  ['application/json', file(isText)],
  [`${OFFICE}.wordprocessingml.document`, file((bytes) => isZip(bytes))],
  [`${OFFICE}.spreadsheetml.sheet`, file((bytes) => isZip(bytes))],
  [`${OFFICE}.presentationml.presentation`, file((bytes) => isZip(bytes))],
])

/** Those that have a signature of their own. */
const SEEN_IN_BYTES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/pdf'] as const

const mediaTypes = [...KINDS.keys()]

/** The media type of a picture or file. Throws `InvalidInput` where it is none that is taken, or not what it is said to be. */
export const checkedMediaType = (part: 'image' | 'file', bytes: Uint8Array, declared: string | undefined, where: string): string => {
  const seen = SEEN_IN_BYTES.find((type) => KINDS.get(type)?.fits(bytes))
  const said = declared?.split(';')[0]?.trim().toLowerCase()
  const type = said ?? seen
  const expected = (what: string, found: string): AppError =>
    new AppError('InvalidInput', `Expected ${what} at ${where}, found ${found}`, { details: { where } })
  if (type === undefined) throw expected(`a media type beside bytes that do not show theirs`, 'none')
  const kind = KINDS.get(type)
  if (kind === undefined) throw expected(`one of ${mediaTypes.join(', ')}`, JSON.stringify(type.slice(0, 100)))
  if (kind.part !== part) throw expected(`${type} as a part of the type ${kind.part}`, `one of the type ${part}`)
  if (!kind.fits(bytes) || (seen !== undefined && seen !== type))
    throw expected(`bytes of ${type}`, seen === undefined ? 'others' : `those of ${seen}`)
  return type
}

/** Of a URL nobody has read. Throws `InvalidInput` for what is no such type. */
export const checkedDeclaredType = (part: 'image' | 'file', declared: string | undefined, where: string): string | undefined => {
  if (declared === undefined) {
    if (part === 'image') return undefined
    throw new AppError('InvalidInput', `Expected the media type of the file at ${where}, found none`, { details: { where } })
  }
  const type = declared.split(';')[0]?.trim().toLowerCase() ?? ''
  if (KINDS.get(type)?.part === part) return type
  const known = mediaTypes.filter((one) => KINDS.get(one)?.part === part)
  throw new AppError('InvalidInput', `Expected one of ${known.join(', ')} at ${where}, found ${JSON.stringify(type.slice(0, 100))}`, {
    details: { where },
  })
}
