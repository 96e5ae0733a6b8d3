import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request as ask } from 'node:https'
import { text } from 'node:stream/consumers'

// Customers who use a service behind a load balancer, and note whatever does not go as it should.

export interface Address {
  readonly port: number
  /** PEM: whom to trust. */
  readonly certificate: string
}

export interface Noted {
  readonly failures: string[]
  /** By what was done. */
  readonly done: Record<string, number>
  /** Runs whose end somebody waits for, with the events that he has seen. */
  readonly open: Map<string, string[]>
}

interface Event {
  readonly revision: number
  readonly type: string
  readonly data: { readonly callId?: string }
}

interface Frame {
  readonly event: string
  readonly data: string
}

export const customers = ({ port, certificate }: Address) => {
  const noted: Noted = { failures: [], done: {}, open: new Map() }
  const count = (what: string): void => {
    noted.done[what] = (noted.done[what] ?? 0) + 1
  }
  const agent = new Agent({ keepAlive: true, ca: certificate, servername: 'desk.example.com' })

  const open = async (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
  ): Promise<IncomingMessage> => {
    const given = { host: 'desk.example.com', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }
    const asked = ask({ host: '127.0.0.1', port, method, path, headers: given, agent })
    asked.end(body === undefined ? undefined : JSON.stringify(body))
    const [answered] = (await once(asked, 'response')) as [IncomingMessage]
    return answered
  }

  /** Undefined where it failed, which is noted. */
  const said = async (what: string, path: string, body: unknown): Promise<{ readonly runId: string } | undefined> => {
    try {
      const answered = await open('POST', path, {}, body)
      const found = await text(answered)
      const status = answered.statusCode ?? 0
      if (status < 300) {
        count(what)
        return JSON.parse(found) as { runId: string }
      }
      noted.failures.push(`${what}: ${status} ${found}`)
    } catch (error) {
      noted.failures.push(`${what}: ${String(error)}`)
    }
    return undefined
  }

  /** Every event of a run, over as many streams as it takes; each has to open, and to end with a word of the service. */
  async function* events(runId: string): AsyncGenerator<Event> {
    let last = -1
    for (;;) {
      const headers = { accept: 'text/event-stream', ...(last < 0 ? {} : { 'last-event-id': String(last) }) }
      const stream = await open('GET', `/v1/runs/${runId}/events`, headers)
      if (stream.statusCode === 204) return
      if (stream.statusCode !== 200) throw new Error(`a stream was answered with ${stream.statusCode}: ${await text(stream)}`)
      count('streams')
      let isAtEnd = false
      for await (const frame of framesOf(stream)) {
        if (frame.event === 'stopping') isAtEnd = true
        if (frame.event !== 'event') continue
        const event = JSON.parse(frame.data) as Event
        if (event.revision !== last + 1) throw new Error(`revision ${event.revision} came behind ${last}`)
        last = event.revision
        yield event
        if (event.type === 'RunCompleted') isAtEnd = true
      }
      if (!isAtEnd) throw new Error(`a stream of ${runId} ended behind revision ${last} without a word`)
      count('streams ended by the service')
    }
  }

  /** A run with an approval and a second message, from its start to its end. */
  const visit = async (): Promise<void> => {
    const started = await said('starts', '/v1/runs', { agent: 'desk', message: 'refund order 17' })
    if (started === undefined) return
    const run = `/v1/runs/${started.runId}`
    const seen: string[] = []
    noted.open.set(started.runId, seen)
    let turns = 0
    for await (const { type, data } of events(started.runId)) {
      seen.push(type)
      if (type === 'ApprovalRequested') await said('approvals', `${run}/approvals/${data.callId}/grant`, {})
      if (type !== 'TurnCompleted') continue
      turns += 1
      if (turns === 1) await said('messages', `${run}/messages`, { message: 'Thank you' })
      else await said('ends', `${run}/complete`, {})
    }
    noted.open.delete(started.runId)
    count('whole runs')
  }

  return {
    noted,
    /** One after the other, until the signal. */
    async comeUntil(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        await visit().catch((error: unknown) => noted.failures.push(`streams: ${String(error)}`))
      }
    },
    leave: () => {
      agent.destroy()
    },
  }
}

async function* framesOf(stream: IncomingMessage): AsyncGenerator<Frame> {
  let unread = ''
  for await (const piece of stream.setEncoding('utf8')) {
    unread += String(piece)
    for (let end = unread.indexOf('\n\n'); end >= 0; end = unread.indexOf('\n\n')) {
      const lines = unread.slice(0, end).split('\n')
      unread = unread.slice(end + 2)
      const field = (name: string): string =>
        lines
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim() ?? ''
      yield { event: field('event'), data: field('data') }
    }
  }
}
