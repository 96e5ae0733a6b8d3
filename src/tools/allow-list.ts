import { AppError } from '../errors.ts'

/** Whether a URL may be asked for. */
export type AllowList = (url: URL) => boolean

/**
 * Entries are `https://api.example.com`, with a port or a path if need be, or a bare host, which means https.
 * A path allows itself and whatever lies below it. Throws `InvalidConfiguration` for anything else.
 */
export const allowList = (entries: readonly string[]): AllowList => {
  if (entries.length === 0) throw new AppError('InvalidConfiguration', 'allow has to name at least one host, found none')
  const allowed = entries.map(parseEntry)
  return (url) => allowed.some((entry) => url.origin === entry.origin && isBelow(entry.pathname, url.pathname))
}

const parseEntry = (entry: string): URL => {
  const text = entry.includes('://') ? entry : `https://${entry}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !isWeb(url) || hasCredentials(url) || url.search !== '' || url.hash !== '' || url.hostname.includes('*')) {
    throw new AppError('InvalidConfiguration', `allow takes hosts and http(s) URLs without user, query and wildcard, found "${entry}"`, {
      details: { entry },
    })
  }
  return url
}

export const isWeb = (url: URL): boolean => url.protocol === 'https:' || url.protocol === 'http:'

export const hasCredentials = (url: URL): boolean => url.username !== '' || url.password !== ''

const isBelow = (folder: string, path: string): boolean => {
  if (folder === '/') return true
  if (path !== folder && !path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)) return false
  return path.slice(1).split('/').every(isPlain)
}

/**
 * Whether every server takes this part of a path for one folder or file, and none for the way up or for nothing: servers decode once more,
 * cut off parameters (`..;`), fold slashes, or drop spaces and final dots.
 */
const isPlain = (segment: string, index: number, all: readonly string[]): boolean => {
  if (segment === '') return index === all.length - 1
  const decoded = decodedOnce(segment)
  if (decoded === undefined || /[/\\%\p{Cc}]/u.test(decoded)) return false
  const name = (decoded.split(';', 1)[0] ?? '').normalize('NFKC')
  return !/^[.\s]*$/u.test(name)
}

const decodedOnce = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
