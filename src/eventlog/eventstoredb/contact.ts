import type { Clock } from '../../clock.ts'
import { AppError, messageOf } from '../../errors.ts'
import { placesText, type ServerPlaces } from './connection-string.ts'
import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Connection } from './connection.ts'

/** A server that is waited for. */
export interface AwaitedServer {
  /** As `host:port`. */
  readonly at: string
  /** What waits, as `read the log`. */
  readonly to: string
  readonly why: string
}

export interface ContactOptions {
  readonly places: ServerPlaces
  readonly clock: Clock
  /** Called once for each time that the server is away, however many calls wait for it. */
  readonly tell: (awaited: AwaitedServer) => void
}

/** What is known of whether the server is there, by all calls of one log. */
export interface Contact {
  waitFor(what: string): Waiting
}

/** Of one call. */
export interface Waiting {
  /** To be awaited before the first try. Rejects as `failed`, where the client would first look for a node for seconds. */
  begin(): Promise<void>
  answered(): void
  /** It is to be tried again. Resolves to why it failed; rejects with what no waiting mends, while the server has never answered. */
  failed(error: unknown): Promise<string>
  end(): void
}

const TOLD_AFTER_MS = 2_000
/** It is looked for an obstacle this often at most. */
const LOOKED_EVERY_MS = 5_000

export const contact = ({ places, clock, tell }: ContactOptions): Contact => {
  let hasAnswered = false
  let isTold = false
  let looked: { readonly at: number; readonly found: Promise<Obstacle | undefined> } | undefined
  const at = placesText(places)
  const isSearchedFor = places.isCluster || places.hosts.length > 1

  const look = (): Promise<Obstacle | undefined> => {
    if (looked === undefined || clock.now() - looked.at >= LOOKED_EVERY_MS)
      looked = { at: clock.now(), found: obstacleTo(places).catch(() => undefined) }
    return looked.found
  }
  const tellOf = async (to: string, said: string): Promise<void> => {
    if (isTold) return
    isTold = true
    const obstacle = await look()
    // It may have answered meanwhile.
    if (isTold) tell({ at, to, why: obstacle?.message ?? said })
  }
  return {
    waitFor(what) {
      let said = 'it does not answer'
      let disarm: (() => void) | undefined
      const arm = (): void => {
        disarm ??= clock.setTimer(TOLD_AFTER_MS, () => void tellOf(what, said))
      }
      const end = (): void => {
        disarm?.()
        disarm = undefined
      }
      arm()
      return {
        async begin() {
          if (!hasAnswered && isSearchedFor) refuseHopeless(await look())
        },
        answered() {
          hasAnswered = true
          isTold = false
          looked = undefined
          end()
        },
        async failed(error) {
          said = messageOf(error)
          arm()
          const obstacle = hasAnswered ? await looked?.found : await look()
          if (!hasAnswered) refuseHopeless(obstacle)
          return obstacle?.message ?? said
        },
        end,
      }
    },
  }
}

/** Only what was never right is given up: a server that has answered may be replaced, and its name be unknown for a while. */
const refuseHopeless = (obstacle: Obstacle | undefined): void => {
  if (obstacle?.kind === 'misfit') throw new AppError('InvalidConfiguration', `EventStoreDB cannot be spoken to: ${obstacle.message}`)
  if (obstacle?.kind === 'unnamed')
    throw new AppError('EventLogUnavailable', `EventStoreDB cannot be reached: ${obstacle.message}`, { retryable: true })
}

// Why a node cannot be spoken to. The clients do not say it: one of them reads without a reason, both find the nodes of a cluster without one.

export interface Obstacle {
  readonly kind:
    /** It may be there at any time. */
    | 'away'
    /** Its name leads nowhere. */
    | 'unnamed'
    /** It is there, and what is configured does not fit it. */
    | 'misfit'
  /** What was found, in words, and for what no waiting mends, what to do. */
  readonly message: string
}

type Host = ServerPlaces['hosts'][number]

/** So long a node may take to answer; one that is there takes milliseconds. */
const ANSWER_WITHIN_MS = 3_000

/** What stands between this process and every node. Undefined where one of them takes conversations: then it is something else. */
const obstacleTo = async (places: ServerPlaces): Promise<Obstacle | undefined> => {
  const found = await Promise.all(places.hosts.map((host) => obstacleAt(host, places)))
  const obstacles = found.filter((each) => each !== undefined)
  if (obstacles.length < found.length) return undefined
  // What may pass at one node is waited for.
  const kinds = new Set(obstacles.map(({ kind }) => kind))
  const kind = kinds.has('away') ? 'away' : kinds.has('unnamed') ? 'unnamed' : 'misfit'
  return { kind, message: [...new Set(obstacles.map(({ message }) => message))].join('; ') }
}

const obstacleAt = async (place: Host, { isSecure, caFile }: ServerPlaces): Promise<Obstacle | undefined> => {
  const unnamed = await nameless(place)
  if (unnamed !== undefined) return unnamed
  return isSecure ? secureObstacle(place, caFile) : plainObstacle(place)
}

const textOf = ({ host, port }: Host): string => `${host}:${port}`
const away = (place: Host, why: string): Obstacle => ({ kind: 'away', message: `${textOf(place)} ${why}` })
const misfit = (place: Host, why: string): Obstacle => ({ kind: 'misfit', message: `${textOf(place)} ${why}` })

const nameless = async ({ host, port }: Host): Promise<Obstacle | undefined> => {
  if (isIP(host) !== 0) return undefined
  try {
    await lookup(host)
    return undefined
  } catch (error) {
    // EAI_AGAIN: nobody answers who could say it.
    if (codeOf(error) !== 'ENOTFOUND') return away({ host, port }, `has a name that cannot be looked up now (${codeOf(error)})`)
    return { kind: 'unnamed', message: `the name ${host} does not resolve: correct it, or make it known to this machine` }
  }
}

const codeOf = (error: unknown): string => {
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code : messageOf(error)
}

const CERTIFICATE_ENDED = 'CERT_HAS_EXPIRED'
const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID'
/** What Node says where nobody vouches for a certificate. */
const UNVOUCHED: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
])

const secureObstacle = async (place: Host, caFile: string | undefined): Promise<Obstacle | undefined> => {
  const authority = caFile === undefined ? undefined : await readFile(caFile)
  try {
    const protocol = await handshake(place, authority)
    return protocol === 'h2' ? undefined : misfit(place, NO_DATABASE)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return misfit(place, 'does not speak TLS (wrong version number): write tls=false')
    if (code.includes('NO_APPLICATION_PROTOCOL')) return misfit(place, NO_DATABASE)
    if (UNVOUCHED.has(code))
      return misfit(
        place,
        `has a certificate that nobody vouches for (${code}): name the file of its authority with tlsCaFile=…${caFile === undefined ? '' : `, which ${caFile} is not`}`,
      )
    if (code === OTHER_NAME) return misfit(place, `has a certificate for another name: use the name that is in it (${messageOf(error)})`)
    if (code === CERTIFICATE_ENDED) return misfit(place, 'has a certificate whose time is over: it has to be renewed')
    return away(place, wordsOf(code))
  }
}

const NO_DATABASE = 'speaks HTTP/1 and no gRPC, so it is no node: correct the port'

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections (ECONNREFUSED)',
  ECONNRESET: 'breaks connections off (ECONNRESET)',
  ETIMEDOUT: 'does not answer (ETIMEDOUT)',
}

const wordsOf = (code: string): string => words[code] ?? `cannot be reached (${code})`

const handshake = (place: Host, authority: Buffer | undefined, rejectUnauthorized = true): Promise<string | false | null> =>
  answerOf<string | false | null>((done) => {
    const socket: TLSSocket = connectTls(
      {
        ...place,
        ...(isIP(place.host) === 0 ? { servername: place.host } : {}),
        ...(authority === undefined ? {} : { ca: authority }),
        ALPNProtocols: ['h2'],
        rejectUnauthorized,
      },
      () => done(socket.alpnProtocol),
    )
    return socket
  })

/** Settles with what is called first, an error of the socket, or that nothing came; the socket is gone then. */
const answerOf = <Answer>(open: (done: (answer: Answer) => void) => Socket): Promise<Answer> =>
  new Promise<Answer>((resolve, reject) => {
    const socket = open((answer) => {
      resolve(answer)
      socket.destroy()
    })
    socket.setTimeout(ANSWER_WITHIN_MS, () => {
      reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
  })

/** What a client of HTTP/2 says first: its preface, and settings that are none. */
const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])])
const SETTINGS_FRAME = 4
const TLS_ALERT = 0x15

const plainObstacle = async (place: Host): Promise<Obstacle | undefined> => {
  try {
    const first = await answerOf<Buffer>((done) => {
      const socket = connect(place, () => socket.write(PREFACE))
      socket.once('data', done)
      return socket
    })
    if (first[3] === SETTINGS_FRAME) return undefined
    return misfit(place, first[0] === TLS_ALERT ? SPEAKS_TLS : NO_DATABASE)
  } catch (error) {
    // Some servers close without a word what is no TLS.
    if (codeOf(error) === 'ECONNRESET' && (await speaksTls(place))) return misfit(place, SPEAKS_TLS)
    return away(place, wordsOf(codeOf(error)))
  }
}

const SPEAKS_TLS = 'speaks TLS alone: write tls=true, with the file of its authority as tlsCaFile=…'

const speaksTls = (place: Host): Promise<boolean> =>
  handshake(place, undefined, false).then(
    () => true,
    (error: unknown) => codeOf(error).includes('NO_APPLICATION_PROTOCOL'),
  )

export interface ReadParts {
  readonly connection: Connection
  readonly clock: Clock
  readonly contact: Contact
  /** For the first event, and from one to the next. */
  readonly timeoutMs: number
  /** In what steps the client tells when an event was stored. */
  readonly storedAtStepMs: number
}
