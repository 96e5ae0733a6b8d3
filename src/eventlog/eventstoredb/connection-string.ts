import { messageOf } from '../../errors.ts'
import { withoutPasswordsOf } from '../../secrets.ts'

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
  // A password may hold a question mark.
  const hasOptions = throwing.slice(throwing.lastIndexOf('@') + 1).includes('?')
  return `${throwing}${hasOptions ? '&' : '?'}keepAliveTimeout=${KEEP_ALIVE_TIMEOUT_MS + channels}`
}

/**
 * Why a client refuses a connection string, or silently leaves out a part of it, in words that show nothing of it but the name of an option:
 * its own messages quote from it. `said` is what it has written to the console meanwhile.
 */
export const connectionStringProblem = (
  connectionString: string,
  { thrown, said }: { readonly thrown?: unknown; readonly said: readonly string[] },
): string | undefined => {
  if (thrown !== undefined) return refusal(connectionString, thrown)
  const unknown = said.find((text) => text.startsWith('Unknown option'))
  return unknown === undefined ? undefined : `it has the option ${optionIn(connectionString, unknown)}, which the client does not know`
}

const refusal = (connectionString: string, thrown: unknown): string => {
  const expected: unknown = thrown instanceof Error && 'expected' in thrown ? thrown.expected : undefined
  if (typeof expected === 'string') return `expected ${expected}`
  // Not of its syntax: a file that it names cannot be read, for example.
  return withoutPasswordsOf(connectionString, messageOf(thrown))
}

/** Behind the last `@` nothing is part of a password. */
const optionIn = (connectionString: string, warning: string): string => {
  const [, name = ''] = /^Unknown option key "([^"]*)"/.exec(warning) ?? []
  const options = connectionString.slice(connectionString.lastIndexOf('@') + 1)
  return /^\w{1,40}$/.test(name) && new RegExp(`[?&]${name}=`).test(options) ? `"${name}"` : '(unnamed)'
}

/** Where a connection string leads, as far as it can be looked at without its client. It shows no password. */
export interface ServerPlaces {
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  /** The hosts are names of the whole cluster, whose nodes are asked for. */
  readonly isCluster: boolean
  readonly isSecure: boolean
  /** Path of the authority that vouches for the certificates. */
  readonly caFile: string | undefined
  readonly user: string | undefined
}

/** `scheme[+discover]://[user:password@]host[:port][,host[:port]…][/][?settings]`, as both clients read it. */
const PARTS = /^\s*[^:]+?(\+discover)?:\/\/(?:([^:]+):[^@]+@)?([^?]*)(\?.*)?$/s
const DEFAULT_PORT = 2113

/** Of a connection string that the client takes. */
export const serverPlaces = (connectionString: string): ServerPlaces => {
  const [, discover, user, hosts = '', settings = ''] = PARTS.exec(connectionString) ?? []
  const options = new Map(
    settings
      .slice(1)
      .split('&')
      .map((option) => [nameOf(option), option.slice(option.indexOf('=') + 1).trim()]),
  )
  const caFile = options.get('tlscafile')
  return {
    hosts: hosts.split(/[,/]/).flatMap((text) => (text.trim() === '' ? [] : [placeOf(text)])),
    isCluster: discover !== undefined,
    isSecure: options.get('tls') !== 'false',
    caFile: caFile === undefined ? undefined : decodeURIComponent(caFile),
    user: user === undefined ? undefined : decodeURIComponent(user.trim()),
  }
}

/** `tls_ca-File=…` is `tlscafile`, since the clients take names in any form. */
const nameOf = (option: string): string => (option.split('=')[0] ?? '').trim().toLowerCase().replace(/[_-]/g, '')

const placeOf = (text: string): ServerPlaces['hosts'][number] => {
  const [host = '', port] = text.trim().split(':')
  return { host, port: port === undefined ? DEFAULT_PORT : Number.parseInt(port, 10) }
}

/** As `a:2113,b:2113`. */
export const placesText = ({ hosts }: Pick<ServerPlaces, 'hosts'>): string => hosts.map(({ host, port }) => `${host}:${port}`).join(',')
