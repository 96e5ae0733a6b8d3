import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../../src/errors.ts'
import type { ClientPackage, Connect, DatabaseClient } from '../../src/eventlog/eventstoredb/client.ts'
import { loadClient } from '../../src/eventlog/eventstoredb/client.ts'
import { collect } from '../conformance/event-log-cases.ts'

/** One node of a cluster, or the only one, before which a network with faults can be put. */
export interface OneNode {
  readonly host: string
  readonly port: number
  /** Of the node alone, reached at another host and port. */
  connectionStringThrough(host: string, port: number): string
}

/** `scheme[+discover]://[user:password@]host[:port][,host[:port]…][/][?settings]` */
const PARTS = /^(\w+)(\+discover)?:\/\/([^@/?]*@)?([^/?]+)\/?(\?.*)?$/
const DEFAULT_PORT = 2113
const LONGEST_ANSWER_MS = 10_000

interface Address {
  readonly host: string
  readonly port: number
}

export interface Nodes {
  readonly addresses: readonly Address[]
  one(address: Address): string
}

/** Says in words why no proxy can stand before what the connection string names. */
export const nodesIn = (connectionString: string): Nodes | { readonly reason: string } => {
  const [, scheme, discover, access = '', hosts = '', settings = ''] = PARTS.exec(connectionString) ?? []
  if (scheme === undefined) return { reason: 'the connection string cannot be taken apart' }
  if (discover !== undefined) return { reason: 'its nodes are found by the name of the cluster: name them one by one' }
  if (!/[?&]tls=false/i.test(settings)) return { reason: 'it is spoken to by TLS, which no proxy on this machine can stand in for' }
  const addresses = hosts.split(',').map((text) => {
    const [host = '', port] = text.split(':')
    return { host, port: port === undefined ? DEFAULT_PORT : Number(port) }
  })
  return { addresses, one: ({ host, port }) => `${scheme}://${access}${host}:${port}${settings}` }
}

/** The node that leads: a client that meets another one goes to the leader by itself, past every proxy. */
export const leadingNode = async (connectionString: string, client: ClientPackage): Promise<OneNode | { readonly reason: string }> => {
  const nodes = nodesIn(connectionString)
  if ('reason' in nodes) return nodes
  const connect = await loadClient(client)
  const reasons: string[] = []
  for (const address of nodes.addresses) {
    const found = await readFromLeader(connect, nodes.one(address))
    if (found === undefined) return { ...address, connectionStringThrough: (host, port) => nodes.one({ host, port }) }
    reasons.push(`${address.host}:${address.port} ${found}`)
  }
  return { reason: `none of its nodes answered as the leader: ${reasons.join('; ')}` }
}

/** Undefined where the node answered itself. */
const readFromLeader = async (connect: Connect, connectionString: string): Promise<string | undefined> => {
  const client = connect(connectionString)
  try {
    return await Promise.race([newestOf(client), delay(LONGEST_ANSWER_MS, 'did not answer', { ref: false })])
  } catch (error) {
    return messageOf(error)
  } finally {
    await client.dispose()
  }
}

const newestOf = async (client: DatabaseClient): Promise<undefined> => {
  await collect(client.readAll({ fromPosition: 'end', direction: 'backwards', maxCount: 1, requiresLeader: true }))
  return undefined
}
