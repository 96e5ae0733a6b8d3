import { connect as connectTcp, type Socket } from 'node:net'
import { once } from 'node:events'

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a server says to these bytes until it hangs up, and how long it took to. */
export interface RawConnection {
  readonly socket: Socket
  /** All that has come once the other side has closed. */
  readonly answer: Promise<RawAnswer | undefined>
}

/** A connection on which a client may say what it likes, as slowly as it likes. */
export const openRaw = async (url: string): Promise<RawConnection> => {
  const { hostname, port } = new URL(url)
  const socket = connectTcp(Number(port), hostname)
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.on('error', () => undefined)
  const answer = new Promise<RawAnswer | undefined>((resolve) => {
    socket.on('close', () => {
      resolve(answerOf(Buffer.concat(pieces).toString()))
    })
  })
  await once(socket, 'connect')
  return { socket, answer }
}

/** The answer to bytes after which the client says no more. */
export const sendRaw = async (url: string, text: string | Buffer): Promise<RawAnswer | undefined> => {
  const { socket, answer } = await openRaw(url)
  socket.write(text)
  return answer
}

/** The answer to a whole request, on a connection that is not kept. */
export const askRaw = (
  url: string,
  request: string,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): Promise<RawAnswer | undefined> => {
  const given: Record<string, string> = {
    host: new URL(url).host,
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }
  const lines = Object.entries(given).map(([name, value]) => `${name}: ${value}`)
  return sendRaw(url, Buffer.concat([Buffer.from([`${request} HTTP/1.1`, ...lines, '', ''].join('\r\n')), Buffer.from(body)]))
}

const answerOf = (text: string): RawAnswer | undefined => {
  if (text === '') return undefined
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(first.split(' ')[1]), headers, body: rest.join('\r\n\r\n') }
}
