import type { Metadata } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import { isAppError } from '../../src/errors.ts'
import type { Failure } from './responses.ts'
import { failure } from './responses.ts'
import type { WireLog } from './wire-log.ts'

/** Somebody who may log in. Members of `$admins` may do everything. */
export interface StandInUser {
  readonly name: string
  readonly password: string
  readonly groups: readonly string[]
}

export type Right = '$r' | '$w' | '$d' | '$mr' | '$mw'

/** What keeps a call from what it wants; undefined where nothing does. */
export type Access = (call: Metadata, stream: string, right: Right) => Promise<Failure | undefined>

const ADMINS = '$admins'
const EVERYBODY = '$all'
const METADATA_RIGHTS: Partial<Record<Right, Right>> = { $r: '$mr', $w: '$mw' }

type Acl = Partial<Record<Right, string | readonly string[]>>

/** Without users everybody may do everything, as on a node that was started insecure. */
export const accessTo =
  (log: WireLog, users: readonly StandInUser[] | undefined): Access =>
  async (call, stream, right) => {
    if (users === undefined) return undefined
    const who = userOf(call, users)
    if (who === 'unknown') return failure(status.UNAUTHENTICATED, 'Received HTTP status code 401')
    const roles = new Set([EVERYBODY, ...(who === undefined ? [] : [who.name, ...who.groups])])
    if (roles.has(ADMINS)) return undefined
    const isMetadata = stream.startsWith('$$')
    const subject = isMetadata ? stream.slice(2) : stream
    const wanted = (isMetadata ? METADATA_RIGHTS[right] : undefined) ?? right
    const granted = await grantees(log, subject, wanted)
    return granted.some((role) => roles.has(role)) ? undefined : accessDenied()
  }

const accessDenied = (): Failure => failure(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' })

const userOf = (call: Metadata, users: readonly StandInUser[]): StandInUser | 'unknown' | undefined => {
  const [header] = call.get('authorization')
  if (header === undefined) return undefined
  const given = Buffer.from(String(header).replace(/^Basic /, ''), 'base64').toString()
  return users.find(({ name, password }) => given === `${name}:${password}`) ?? 'unknown'
}

/** By the stream's own metadata, else by those for all streams of its kind, else by what the server begins with. */
const grantees = async (log: WireLog, stream: string, right: Right): Promise<readonly string[]> => {
  const isSystem = stream.startsWith('$')
  const own = (await jsonIn(log, `$$${stream}`))['$acl'] as Acl | undefined
  const general = (await jsonIn(log, '$settings'))[isSystem ? '$systemStreamAcl' : '$userStreamAcl'] as Acl | undefined
  const granted = own?.[right] ?? general?.[right] ?? (isSystem ? ADMINS : EVERYBODY)
  return typeof granted === 'string' ? [granted] : granted
}

const jsonIn = async (log: WireLog, stream: string): Promise<Record<string, unknown>> => {
  try {
    for await (const { data } of log.readStream(stream, { direction: 'backwards' }))
      return JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>
  } catch (error) {
    if (!isAppError(error)) throw error
  }
  return {}
}
