import { AppError, messageOf } from '../../errors.ts'
import { connectionStringProblem } from './connection-string.ts'

// What is used of the client packages, in words that fit both: they differ in the name of the class, of one option and of two fields of an error.

export const CLIENT_PACKAGES = ['@eventstore/db-client', '@kurrent/kurrentdb-client'] as const
export type ClientPackage = (typeof CLIENT_PACKAGES)[number]

export interface LogPosition {
  readonly commit: bigint
  readonly prepare: bigint
}

export interface ProposedEvent {
  readonly id: string
  readonly type: string
  readonly contentType: 'application/json' | 'application/octet-stream'
  readonly data: unknown
  readonly metadata: Uint8Array
}

export interface RecordedEvent {
  readonly id: string
  readonly type: string
  readonly streamId: string
  readonly revision: bigint
  readonly isJson: boolean
  readonly data: unknown
  readonly metadata?: unknown
  readonly created: Date
  readonly position?: LogPosition | undefined
}

/** `event` is absent where a link leads nowhere. */
export interface ResolvedEvent {
  readonly event?: RecordedEvent | undefined
}

type Expectation = bigint | 'no_stream' | 'stream_exists' | 'any'

/** Both names of the one option, since each package reads its own and ignores the other. */
export interface WriteOptions<Expected = Expectation> {
  readonly expectedRevision: Expected
  readonly streamState: Expected
  readonly requiresLeader: true
}

export type DeletionOptions = WriteOptions<Exclude<Expectation, 'stream_exists'>>

export interface ReadOptions {
  readonly direction: 'forwards' | 'backwards'
  readonly maxCount: number
  readonly requiresLeader: true
}

interface StreamReadOptions extends ReadOptions {
  readonly fromRevision: bigint | 'start' | 'end'
}

interface LogReadOptions extends ReadOptions {
  readonly fromPosition: LogPosition | 'start' | 'end'
}

interface Checkpoints {
  /** So many events are looked at between two checkpoints. */
  readonly maxSearchWindow: number
  readonly checkpointInterval: number
  readonly checkpointReached: (subscription: unknown, position: LogPosition) => void
}

export type ServerFilter = Checkpoints & { readonly filterOn: 'streamName' | 'eventType' } & (
    { readonly prefixes: string[] } | { readonly regex: string }
  )

/** What is used of a Node stream of {@link ResolvedEvent}s. */
export interface EventStream {
  on(event: string, listener: (...values: unknown[]) => void): unknown
  read(): unknown
  readonly readableLength: number
  removeAllListeners(event: string): unknown
  resume(): unknown
}

/** Emits `caughtUp` too. */
export interface ClientSubscription extends EventStream {
  unsubscribe(): Promise<void>
}

export interface DatabaseClient {
  appendToStream(
    stream: string,
    events: ProposedEvent[],
    options: WriteOptions,
  ): Promise<{ readonly nextExpectedRevision: bigint; readonly position?: LogPosition | undefined }>
  readStream(stream: string, options: StreamReadOptions): AsyncIterable<ResolvedEvent>
  readAll(options: LogReadOptions): AsyncIterable<ResolvedEvent>
  subscribeToStream(stream: string, options: { readonly fromRevision: bigint | 'start' }): ClientSubscription
  subscribeToAll(options: {
    readonly fromPosition: LogPosition | 'start'
    readonly filter: ServerFilter
    readonly requiresLeader: boolean
  }): ClientSubscription
  deleteStream(stream: string, options: DeletionOptions): Promise<unknown>
  tombstoneStream(stream: string, options: DeletionOptions): Promise<unknown>
  dispose(): Promise<void>
}

export type Connect = (connectionString: string) => DatabaseClient

const CLASS_NAMES: Readonly<Record<ClientPackage, string>> = {
  '@eventstore/db-client': 'EventStoreDBClient',
  '@kurrent/kurrentdb-client': 'KurrentDBClient',
}

/**
 * In what steps a package tells when an event was stored: the one of KurrentDB reads in whole seconds and subscribes in milliseconds,
 * of which only the coarser is the same each time.
 */
export const STORED_AT_STEP_MS: Readonly<Record<ClientPackage, number>> = {
  '@eventstore/db-client': 1,
  '@kurrent/kurrentdb-client': 1_000,
}

/** Rejects with `InvalidConfiguration`, in words without a password, for what the client does not take. Asks no server. */
export const checkConnectionString = async (name: ClientPackage, connectionString: string): Promise<void> => {
  const connect = await loadClient(name)
  await connect(connectionString).dispose()
}

let loaded: { readonly name: ClientPackage; readonly connect: Promise<Connect> } | undefined

/**
 * Rejects with `InvalidConfiguration` where the package is not installed or the process has loaded the other one:
 * both register the same names in google-protobuf, so that the one loaded first no longer works.
 */
export const loadClient = async (name: ClientPackage): Promise<Connect> => {
  loaded ??= { name, connect: load(name) }
  if (loaded.name === name) return loaded.connect
  throw new AppError('InvalidConfiguration', `this process speaks to EventStoreDB through ${loaded.name}; it cannot load ${name} as well`)
}

const load = async (name: ClientPackage): Promise<Connect> => {
  try {
    const exported = (await import(name)) as Readonly<Record<string, unknown>>
    const { connectionString: connect } = exported[CLASS_NAMES[name]] as { readonly connectionString: Connect }
    return (connectionString) => parsed(connect, connectionString)
  } catch (cause) {
    const message = `the package ${name} is needed for EventStoreDB and cannot be loaded: ${messageOf(cause)}`
    throw new AppError('InvalidConfiguration', message, { cause })
  }
}

/** Neither the client's error nor what it says on the console is let through: both quote the connection string. */
const parsed = (connect: Connect, connectionString: string): DatabaseClient => {
  const { made, ...heard } = listened(() => connect(connectionString))
  const problem = connectionStringProblem(connectionString, heard)
  if (problem === undefined && made !== undefined) return made
  void made?.dispose()
  throw new AppError(
    'InvalidConfiguration',
    `the connection string of EventStoreDB is not usable: ${problem ?? 'the client made nothing of it'}`,
  )
}

interface Heard<Made> {
  readonly made?: Made
  readonly thrown?: unknown
  readonly said: readonly string[]
}

const listened = <Made>(make: () => Made): Heard<Made> => {
  const said: string[] = []
  const terminal = globalThis.console
  const warn = terminal.warn.bind(terminal)
  terminal.warn = (...words: readonly unknown[]) => said.push(words.join(' '))
  try {
    return { made: make(), said }
  } catch (thrown) {
    return { thrown, said }
  } finally {
    terminal.warn = warn
  }
}
