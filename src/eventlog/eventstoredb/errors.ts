import { AppError, isAppError, messageOf } from '../../errors.ts'
import { conflict, streamDeleted, streamNotFound, type ExpectedRevision } from '../event-log.ts'

/** What an error of the client says about the call that it ended. */
export type Verdict =
  /** Refused for good, with nothing stored. */
  | { readonly kind: 'refused'; readonly error: AppError }
  /** Certainly not carried out; the same call may succeed later. */
  | { readonly kind: 'notExecuted' }
  /** Perhaps carried out. */
  | { readonly kind: 'unknown' }

interface ClientError {
  /** Set on the client's own errors, absent on those that it only lets through. */
  readonly type?: string
  readonly code?: number
  readonly message: string
  readonly actualVersion?: bigint | 'no_stream'
  readonly actualState?: bigint | 'no_stream'
}

/** The call was cut off: our timer ran out, or its client was thrown away. */
const CUT_OFF = 'cut-off'

export const cutOff = (message: string): Error => Object.assign(new Error(message), { type: CUT_OFF })

export const isCutOff = (error: unknown): boolean => clientError(error).type === CUT_OFF

/** Of gRPC. */
const INVALID_ARGUMENT = 3
const ALREADY_EXISTS = 6
const PERMISSION_DENIED = 7
const FAILED_PRECONDITION = 9
const OUT_OF_RANGE = 11
const UNAVAILABLE = 14
const UNAUTHENTICATED = 16

export interface Subject {
  readonly stream: string
  readonly expected?: ExpectedRevision
}

const NOT_EXECUTED: Verdict = { kind: 'notExecuted' }
const UNKNOWN: Verdict = { kind: 'unknown' }

const clientError = (error: unknown): ClientError => (error instanceof Error ? error : { message: messageOf(error) })

export type Judge = (error: unknown, subject: Subject) => Verdict

/**
 * Judges what ended an append. All appends of a process are one conversation, and whatever ends that, which has a code of gRPC, ends all
 * that wait in it: it says nothing of this one, but for a refusal to begin. An error without a type is one of the call that asks for
 * the server's abilities or of the search for a node, both of which come before the append: nothing was sent.
 */
export const judgeAppend: Judge = (error, subject) => {
  if (isAppError(error)) return { kind: 'refused', error }
  const { type, code } = clientError(error)
  if (typeOf(clientError(error)) === 'access-denied') return { kind: 'refused', error: denied(subject.stream, 'write', error) }
  if (type === undefined) return NOT_EXECUTED
  return code === undefined ? judgeAnswer(error, subject) : UNKNOWN
}

/** Judges the server's own answer to a single append. */
const judgeAnswer = (cause: unknown, subject: Subject): Verdict => {
  const { type, message } = clientError(cause)
  const answer = type === 'unknown' ? unnamedAnswer(message) : undefined
  if (answer === undefined) return orRefused(refusalOf(cause, subject, 'write'), type === 'not-leader' ? NOT_EXECUTED : UNKNOWN)
  if (answer.kind === 'open') return UNKNOWN
  return answer.kind === 'notYet' ? NOT_EXECUTED : { kind: 'refused', error: REFUSALS[answer.about](subject.stream, answer.words, cause) }
}

/** Judges what ended a deletion, which is a conversation of its own. */
export const judgeDeletion: Judge = (error, subject) => {
  if (isAppError(error)) return { kind: 'refused', error }
  const { type } = clientError(error)
  return orRefused(refusalOf(error, subject, 'delete'), type === undefined || type === 'not-leader' ? NOT_EXECUTED : UNKNOWN)
}

/** Judges what ended a read, which may be repeated whenever it was not refused. */
export const judgeRead: Judge = (error, subject) =>
  isAppError(error) ? { kind: 'refused', error } : orRefused(refusalOf(error, subject, 'read'), NOT_EXECUTED)

const orRefused = (refusal: AppError | undefined, otherwise: Verdict): Verdict =>
  refusal === undefined ? otherwise : { kind: 'refused', error: refusal }

const refusalOf = (cause: unknown, { stream, expected = 'any' }: Subject, wanted: Wanted): AppError | undefined => {
  const error = clientError(cause)
  const { message } = error
  switch (typeOf(error)) {
    case 'wrong-expected-version':
      return conflict(stream, expected, headOf(error))
    case 'stream-deleted':
      return streamDeleted(stream)
    case 'stream-not-found':
      return streamNotFound(stream)
    case 'maximum-append-size-exceeded':
      return tooLarge(stream, 'MaximumAppendSizeExceeded', cause)
    case 'access-denied':
      return denied(stream, wanted, cause)
    case 'invalid-argument':
      return invalid(stream, message, cause)
    case 'unknown':
      return isRefusal(error) ? invalid(stream, message, cause) : undefined
    default:
      return undefined
  }
}

/** The first question to the server is let through as it failed, without a type. */
const typeOf = ({ type, code }: ClientError): string | undefined =>
  (type === undefined || type === 'unknown') && (code === PERMISSION_DENIED || code === UNAUTHENTICATED) ? 'access-denied' : type

/** Codes that only a server gives, and only for what it has not done. */
const REFUSING_CODES = new Set([INVALID_ARGUMENT, ALREADY_EXISTS, FAILED_PRECONDITION, OUT_OF_RANGE])

const isRefusal = ({ code, message }: ClientError): boolean =>
  (code !== undefined && REFUSING_CODES.has(code)) || /BadRequest|InvalidPosition|invalid position/i.test(message)

type Refuse = (stream: string, words: string, cause: unknown) => AppError

const invalid: Refuse = (stream, words, cause) =>
  new AppError('InvalidInput', `EventStoreDB refuses a call for ${stream}: ${words}`, { details: { stream }, cause })

const tooLarge: Refuse = (stream, words, cause) =>
  new AppError('TooLarge', `EventStoreDB takes no append of this size for ${stream}: ${words}`, { details: { stream }, cause })

const denied = (stream: string, wanted: Wanted, cause: unknown): AppError => {
  const { code, message } = clientError(cause)
  return code === UNAUTHENTICATED || /unauthenticated/i.test(message) ? notAuthenticated(cause) : accessDenied(stream, wanted, cause)
}

const REFUSALS: Readonly<Record<'size' | 'access' | 'request', Refuse>> = {
  size: tooLarge,
  access: (stream, _words, cause) => denied(stream, 'write', cause),
  request: invalid,
}

const headOf = ({ actualVersion, actualState }: ClientError): number => {
  const actual = actualVersion ?? actualState ?? 'no_stream'
  return actual === 'no_stream' ? -1 : Number(actual)
}

/**
 * Whether the client that this error came from is of no further use. It keeps the failure of its first question to the server, so
 * that every later append fails alike, unless the server was merely not there.
 */
export const isFatal = (error: unknown): boolean => {
  const { type, code } = clientError(error)
  return type === undefined && code !== UNAVAILABLE && !isAppError(error)
}

/** A node without a leader, or a failure of the network that shows itself as none: the client does not look for another node then. */
export const isConfused = (error: unknown): boolean => {
  const { type, message } = clientError(error)
  return type === 'unknown' && unnamedAnswer(message)?.kind !== 'no'
}

export const unavailable = (what: string, why: string, cause: unknown): AppError =>
  new AppError('EventLogUnavailable', `EventStoreDB cannot be reached to ${what}: ${why}`, { retryable: true, cause })

export const outcomeUnknown = (stream: string, cause: unknown): AppError => {
  const message = `a write to ${stream} may or may not be stored: ${messageOf(cause)}; repeat it with identical ids and revision`
  return new AppError('OutcomeUnknown', message, { retryable: true, details: { stream }, cause })
}

/** What a call wanted of a stream, `$all` and metadata among them. */
export type Wanted = 'read' | 'write' | 'delete'

/** In the words of an access control list. */
const RIGHTS: Readonly<Record<Wanted, string>> = { read: '$r', write: '$w', delete: '$d' }
const METADATA_RIGHTS: Readonly<Record<Wanted, string>> = { read: '$mr', write: '$mw', delete: '$mw' }

/** Says which right is missing, and how it is given. `stream` is a name, or `the log` for all of them. */
const accessDenied = (stream: string, wanted: Wanted, cause: unknown): AppError =>
  new AppError('InvalidConfiguration', deniedText(stream, wanted), { details: { stream, right: rightOf(stream, wanted) }, cause })

const isMetadata = (stream: string): boolean => stream.startsWith('$$')

const rightOf = (stream: string, wanted: Wanted): string => (isMetadata(stream) ? METADATA_RIGHTS : RIGHTS)[wanted]

const deniedText = (stream: string, wanted: Wanted): string => {
  if (stream === 'the log') return `${DENIES} to read $all. ${GIVEN} in the metadata of $all: {"$acl": {"$r": ["$admins", "NAME"]}}${WHERE}`
  const right = rightOf(stream, wanted)
  const what = isMetadata(stream) ? `the metadata of ${stream.slice(2)}` : stream
  return `${DENIES} to ${wanted} ${what}. ${GIVEN} as ${right} in the $acl of its metadata, or for all streams without one in $userStreamAcl of the stream $settings${WHERE}`
}

const DENIES = 'EventStoreDB does not allow the user of the connection string'
const GIVEN = 'An administrator gives this right to the user, or to a group of it (NAME),'
const WHERE = ' (docs/deployment.md, “Rights in EventStoreDB”)'

const notAuthenticated = (cause: unknown): AppError =>
  new AppError('InvalidConfiguration', 'EventStoreDB does not accept the user and the password of the connection string', { cause })

// A server answers each append by itself, also where it says no. For an answer that a client has no name for it gives only its words:
// the name of the server's message, which is one word, or a sentence. The code that came with it is lost.

/** What the answer to one append says. */
export type Answer =
  /** Nothing was written, and nothing will be. */
  | { readonly kind: 'no'; readonly about: 'size' | 'access' | 'request'; readonly words: string }
  /** Nothing was written; the same append may succeed later. */
  | { readonly kind: 'notYet' }
  /** It may be written, or still become so. */
  | { readonly kind: 'open' }

const UNNAMED = /^Could not recognize (.+)$/s

/** Sentences: the node did not pass it on to where it would be written. */
const NOT_YET = /Server Is Not Ready|Server Is Busy|No leader info|NotHandledReason/i

/** Names that speak of what became of the append, or that say that the server does not know. */
const OPEN =
  /time|deadline|unknown|internal|unexpected|cancel|abort|unavailable|pending|progress|commit|replicat|forward|prepare|lost|(write|append|server)(failed|failure|error)/i

/** Names that speak of what was asked for. */
const NO =
  /exceed|too(large|big|long|many|deep)|invalid|illegal|malformed|bad|wrong|mismatch|unrecogni[sz]ed|unsupported|not(found|allowed|supported|permitted|valid)|denied|forbidden|unauthori[sz]ed|unauthenticated|missing|required|already|deleted|tombstoned|readonly|conflict|violat|precondition|validation|reject|refus|disabled|prohibit|full/i

/** The answer to an append that a client did not recognise, or undefined where the text is no such answer. */
const unnamedAnswer = (message: string): Answer | undefined => {
  const [, words] = UNNAMED.exec(message) ?? []
  if (words === undefined) return undefined
  if (NOT_YET.test(words)) return { kind: 'notYet' }
  const isName = /^\w{1,100}$/.test(words)
  return isName && NO.test(words) && !OPEN.test(words) ? { kind: 'no', about: aboutOf(words), words } : { kind: 'open' }
}

const aboutOf = (name: string): 'size' | 'access' | 'request' => {
  if (/(size|length|bytes).*exceed|too(large|big|long)/i.test(name)) return 'size'
  return /denied|forbidden|unauthori[sz]ed|unauthenticated|notpermitted/i.test(name) ? 'access' : 'request'
}
