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
  // Servers differ on whether an encoded slash separates, so `..%2f` might climb out of the folder on one of them.
  if (/%(2f|5c)/i.test(path)) return false
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
