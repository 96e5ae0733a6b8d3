const KEEP_ALIVE_TIMEOUT = /([?&]keepAliveTimeout=)(\d+)/i
const THROW_ON_APPEND_FAILURE = /([?&]throwOnAppendFailure=)false/i

/** The default of both client packages. */
const KEEP_ALIVE_TIMEOUT_MS = 10_000

/**
 * The same server over a network connection of its own. grpc-js lets all clients with equal settings share one connection, and with
 * it the most conversations that a server takes on one; so a setting that matters to nobody is made to differ by some milliseconds.
 */
export const withOwnChannel = (connectionString: string, channel: number): string => {
  // Otherwise the client would answer a conflict with a success at a wrong revision.
  const throwing = connectionString.replace(THROW_ON_APPEND_FAILURE, '$1true')
  if (KEEP_ALIVE_TIMEOUT.test(throwing)) {
    return throwing.replace(KEEP_ALIVE_TIMEOUT, (_, key: string, value: string) => `${key}${Number(value) + channel}`)
  }
  return `${throwing}${throwing.includes('?') ? '&' : '?'}keepAliveTimeout=${KEEP_ALIVE_TIMEOUT_MS + channel}`
}
