import { test } from 'vitest'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { openService } from './service.ts'
test('x', async () => {
    const service = await openService()
    const runId = await service.run('Hello')
    await service.ask(`POST /v1/runs/${runId}/pause`)
    const { port, hostname } = new URL(service.url)
    const slow = connectSocket(Number(port), hostname)
    await once(slow, 'connect')
    slow.pause()
    slow.write(`GET /v1/runs/${runId}/events?deltas=true HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`)
    let n = 0
    const blobs = service.world.blobs as any
    const get = blobs.get
    blobs.get = (h: string) => { n++; return get(h) }
    for (let message = 0; message < 40; message++) await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'long '.repeat(100_000) } })
    await new Promise(r => setTimeout(r, 500))
    console.log('reads by the slow stream', n, slow.bytesRead)
    slow.destroy()
}, 8000)
