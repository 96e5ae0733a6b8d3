const KEEP_ALIVE_TIMEOUT = /([?&]keepAliveTimeout=)(\d+)/i
const THROW_ON_APPEND_FAILURE = /([?&]throwOnAppendFailure=)false/i

/** The default of both client packages. */
const KEEP_ALIVE_TIMEOUT_MS = 10_000

/** So many network connections are told apart: far more than are open at one time. */
const MOST_CHANNELS = 1_000

let channels = 0

/**
 * The same server over a new network connection. grpc-js lets all clients with equal settings share one, and with it the most
 * conversations that a server takes on one; it also keeps that of a client that is gone for some seconds, so that a new client would get
 * the very connection that hangs. So a setting that matters to nobody is made to differ by some milliseconds.
 */
export const withOwnChannel = (connectionString: string): string => {
  channels = (channels + 1) % MOST_CHANNELS
  // Otherwise the client would answer a conflict with a success at a wrong revision.
  const throwing = connectionString.replace(THROW_ON_APPEND_FAILURE, '$1true')
  if (KEEP_ALIVE_TIMEOUT.test(throwing)) {
    return throwing.replace(KEEP_ALIVE_TIMEOUT, (_, key: string, value: string) => `${key}${Number(value) + channels}`)
  }
  return `${throwing}${throwing.includes('?') ? '&' : '?'}keepAliveTimeout=${KEEP_ALIVE_TIMEOUT_MS + channels}`
}
