import { AppError } from '../../errors.ts'

/** What a call wanted of a stream, `$all` and metadata among them. */
export type Wanted = 'read' | 'write' | 'delete'

/** In the words of an access control list. */
const RIGHTS: Readonly<Record<Wanted, string>> = { read: '$r', write: '$w', delete: '$d' }
const METADATA_RIGHTS: Readonly<Record<Wanted, string>> = { read: '$mr', write: '$mw', delete: '$mw' }

/** Says which right is missing, and how it is given. `stream` is a name, or `the log` for all of them. */
export const accessDenied = (stream: string, wanted: Wanted, cause: unknown): AppError =>
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

export const notAuthenticated = (cause: unknown): AppError =>
  new AppError('InvalidConfiguration', 'EventStoreDB does not accept the user and the password of the connection string', { cause })
