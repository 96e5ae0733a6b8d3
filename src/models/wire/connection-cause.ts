/** Codes of the system, of undici and of the parsers below it; not Node's own `ERR_INVALID_…`, which are defects. */
const CONNECTION_CODE =
  /^(E[A-Z]+$|EAI_|UND_ERR_|HPE_|Z_|ERR_TLS_|ERR_SSL_|ERR_STREAM_PREMATURE_CLOSE$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/
const MAX_CAUSES = 8

/** What the system said of a connection that failed. */
export interface ConnectionCause {
  readonly code: string
  /** Such as `connect ECONNREFUSED 192.0.2.1:443`. Written by the system alone: no header and no address with a password. */
  readonly words: string
}

/** At any depth of the causes, and the first of several attempts at one host. Undefined where none is an error of a connection. Pure. */
export const connectionCause = (thrown: unknown): ConnectionCause | undefined => {
  let error = thrown
  for (let depth = 0; error instanceof Error && depth < MAX_CAUSES; depth++) {
    if (error instanceof AggregateError && error.errors[0] instanceof Error) error = error.errors[0]
    if (!(error instanceof Error)) return undefined
    if ('code' in error && typeof error.code === 'string' && CONNECTION_CODE.test(error.code)) {
      return { code: error.code, words: error.message === '' ? error.code : error.message }
    }
    error = error.cause
  }
  return undefined
}
