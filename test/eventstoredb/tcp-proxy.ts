import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** A network that can be cut and stopped, before a server that must not be touched. */
export interface TcpProxy {
  readonly port: number
  /** Ends all connections at once; new ones are taken. */
  cut(): void
  /** Nothing gets through any more, in either direction, and nobody is told. */
  stall(): void
  /** The connections of now hang for ever, and new ones are as good as any. */
  stallPresent(): void
  flow(): void
  close(): void
}

export const startTcpProxy = async (host: string, port: number): Promise<TcpProxy> => {
  const pairs = new Set<readonly [Socket, Socket]>()
  let isStalled = false
  const server = createServer((fromClient) => {
    const toServer = connect(port, host)
    const pair = [fromClient, toServer] as const
    pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        pairs.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
    fromClient.on('data', (bytes) => toServer.write(bytes))
    toServer.on('data', (bytes) => fromClient.write(bytes))
    if (isStalled) for (const socket of pair) socket.pause()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const all = (act: (socket: Socket) => void): void => {
    for (const pair of [...pairs]) pair.forEach(act)
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => all((socket) => socket.destroy()),
    stall() {
      isStalled = true
      all((socket) => socket.pause())
    },
    stallPresent: () => all((socket) => socket.pause()),
    flow() {
      isStalled = false
      all((socket) => socket.resume())
    },
    close() {
      all((socket) => socket.destroy())
      server.close()
    },
  }
}
