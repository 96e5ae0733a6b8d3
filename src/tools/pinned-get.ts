import { ToolFailure } from './tool.ts'
import { lookup } from 'node:dns/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'

interface Destroyable {
  destroy(): unknown
}

/** Answers 100 to 199, which announce an answer. */
const MOST_HINTS = 10

/** How names become addresses, and which of these may be connected to. */
export interface Reach {
  resolve(host: string): Promise<readonly string[]>
  addressAllowed(address: string): boolean
}

/** The answer of the operating system, as any program of this host would get it. */
export const systemResolve = async (host: string): Promise<readonly string[]> =>
  (await lookup(host, { all: true })).map(({ address }) => address)

/**
 * One GET, without following anything. The name is resolved once and the connection goes to exactly the addresses that were checked:
 * a second look-up could be answered with another address (DNS rebinding). The caller has to read or destroy the response.
 */
export const pinnedGet = async (url: URL, reach: Reach, signal: AbortSignal): Promise<IncomingMessage> => {
  const addresses = await checkedAddresses(url.hostname.replace(/^\[|\]$/g, ''), reach, signal)
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      // A pooled connection may lead to an address of an earlier check.
      agent: false,
      lookup: pinnedTo(addresses),
      signal,
      headers: {
        accept: 'text/*, application/json, application/xml, */*;q=0.1',
        'accept-encoding': 'gzip, deflate, br',
        'user-agent': 'refold',
      },
    })
    let hints = 0
    sent.on('information', () => {
      hints += 1
      if (hints > MOST_HINTS) sent.destroy(new ToolFailure(`the server said more than ${MOST_HINTS} times that its answer comes`))
    })
    const refuseProtocol = (connection: Destroyable): void => {
      connection.destroy()
      reject(new ToolFailure('refused: the server wants to speak another protocol (101)'))
    }
    sent.on('upgrade', (_, socket) => {
      refuseProtocol(socket)
    })
    sent.on('response', (response) => {
      if (response.statusCode === 101) refuseProtocol(response)
      else resolve(response)
    })
    sent.on('error', reject)
    // Whatever else ends the connection, it has not answered.
    sent.on('close', () => {
      reject(new ToolFailure('the server hung up without an answer'))
    })
    sent.end()
  })
}

const checkedAddresses = async (host: string, reach: Reach, signal: AbortSignal): Promise<readonly string[]> => {
  signal.throwIfAborted()
  // For a literal Node asks no resolver, so the literal is the address.
  const addresses = isIP(host) === 0 ? await Promise.race([reach.resolve(host), rejectedOnAbort(signal)]) : [host]
  if (addresses.length === 0) throw new ToolFailure(`${host} has no address`)
  // One bad address is enough: a name that is both public and private is made for an attack.
  if (!addresses.every((address) => reach.addressAllowed(address)))
    throw new ToolFailure(`refused: ${host} is not a host of the public internet`)
  return addresses
}

const rejectedOnAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

const pinnedTo = (addresses: readonly string[]): LookupFunction => {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, { all }, answer) => {
    if (all === true) answer(null, found)
    else answer(null, found[0]?.address ?? '', found[0]?.family)
  }
}
