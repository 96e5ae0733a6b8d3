import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import type { Receipt } from '../../src/http/contract.ts'
import { configs, newPlace, type Place } from '../cli/run-refold.ts'
import { connect, framesUntil, revisionsOf } from './event-source.ts'
import { keyFor } from './service.ts'

// The real program, as a process, with its log in a folder of its own.

const main = resolve(import.meta.dirname, '../../src/main.ts')
const JSON_TYPE = { 'content-type': 'application/json' }

interface Served {
  readonly url: string
  kill(signal: 'SIGINT' | 'SIGTERM'): void
  /** Asks it to end, and waits until it has. */
  end(signal: 'SIGINT' | 'SIGTERM'): Promise<{ readonly exitCode: number | null; readonly lines: readonly Record<string, unknown>[] }>
}

const places: Place[] = []
const place = (): Place => {
  const made = newPlace()
  places.push(made)
  return made
}
afterEach(() => {
  for (const made of places.splice(0)) made.remove()
})

const serve = async ({ folder }: Place, config: string, drainSeconds = 0): Promise<Served> => {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['--conditions=refold:source', main, 'serve', '--port', '0', '--json', '--config', config], {
    cwd: folder,
    env: { PATH, HOME, REFOLD_LOG_LEVEL: 'info', REFOLD_DRAIN_SECONDS: String(drainSeconds) },
  })
  let log = ''
  child.stderr.on('data', (piece: Buffer) => (log += piece.toString()))
  const url = await urlOf(child)
  return {
    url,
    kill: (signal) => void child.kill(signal),
    async end(signal) {
      child.kill(signal)
      const [exitCode] = (await once(child, 'close')) as [number | null]
      const lines = log.split('\n').filter((line) => line.startsWith('{'))
      return { exitCode, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
    },
  }
}

const urlOf = async (child: ChildProcessWithoutNullStreams): Promise<string> => {
  let text = ''
  for await (const piece of child.stdout) {
    text += String(piece)
    const url = /"url": "([^"]+)"/.exec(text)?.[1]
    if (url !== undefined) return url
  }
  throw new Error(`the service ended before it listened: ${text}`)
}

const start = async (url: string, headers: Record<string, string> = {}): Promise<Receipt> => {
  const body = JSON.stringify({ agent: 'clerk', message: 'hello there' })
  const response = await fetch(`${url}/v1/runs`, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })
  expect(response.status).toBe(201)
  return (await response.json()) as Receipt
}

describe('refold serve', { timeout: 60_000 }, () => {
  test('works on runs with nothing but a configuration, and finds them again', async () => {
    const here = place()
    const first = await serve(here, configs.clerk)
    const headers = { 'idempotency-key': 'hello' }
    const { runId } = await start(first.url, headers)
    const events = `/v1/runs/${runId}/events`
    const seen = await framesUntil(await connect(`${first.url}${events}`), ({ data = '' }) => data.includes('"TurnCompleted"'))
    const ended = await first.end('SIGTERM')
    expect(ended.exitCode).toBe(exitCodes.ok)
    expect(ended.lines.filter(({ msg }) => msg === 'request')).toMatchObject([
      { msg: 'request', status: 201 },
      { msg: 'request', route: '/v1/runs/:runId/events' },
    ])

    const second = await serve(here, configs.clerk)
    expect((await start(second.url, headers)).runId).toBe(runId)
    const last = revisionsOf(seen).at(-1)
    const stream = await connect(`${second.url}${events}`, { 'last-event-id': String(last) })
    await fetch(`${second.url}/v1/runs/${runId}/complete`, { method: 'POST' })
    expect(revisionsOf(await framesUntil(stream, () => false))).toEqual([Number(last) + 1])
    expect((await second.end('SIGINT')).exitCode).toBe(exitCodes.ok)
  })

  test('serves on for some seconds after SIGTERM, not ready, unless a second signal ends it or somebody sits at it', async () => {
    const statusOf = async (url: string): Promise<number> => (await fetch(`${url}/readyz`)).status
    const drained = await serve(place(), configs.clerk, 2)
    expect(await statusOf(drained.url)).toBe(200)
    const asked = Date.now()
    drained.kill('SIGTERM')
    await vi.waitUntil(async () => (await statusOf(drained.url)) === 503, { timeout: 10_000 })
    expect((await start(drained.url)).runId).not.toBe('')
    await vi.waitUntil(
      () =>
        statusOf(drained.url).then(
          () => false,
          () => true,
        ),
      { timeout: 20_000 },
    )
    expect(Date.now() - asked).toBeGreaterThanOrEqual(2_000)

    const twice = await serve(place(), configs.clerk, 3_600)
    twice.kill('SIGTERM')
    await vi.waitUntil(async () => (await statusOf(twice.url)) === 503, { timeout: 10_000 })
    expect((await twice.end('SIGTERM')).exitCode).toBe(exitCodes.interrupted)

    const atTerminal = await serve(place(), configs.clerk, 3_600)
    expect((await atTerminal.end('SIGINT')).exitCode).toBe(exitCodes.ok)
  })

  test('takes its keys from the configuration', async () => {
    const here = place()
    const { key, configured } = keyFor('acme')
    const config = join(here.folder, 'keys.config.ts')
    const http = JSON.stringify({ keys: [configured] })
    writeFileSync(config, `import clerk from ${JSON.stringify(configs.clerk)}\nexport default { ...clerk, http: ${http} }\n`)
    const served = await serve(here, config)
    expect((await fetch(`${served.url}/v1/agents`)).status).toBe(401)
    expect((await start(served.url, { authorization: `Bearer ${key}` })).runId).not.toBe('')
    await served.end('SIGINT')
  })

  test('refuses a configuration that is not as expected, and an open door', async () => {
    const here = place()
    const config = join(here.folder, 'wrong.config.ts')
    const wrong = `{ keys: [{ name: 'a b', sha256: 'my-key' }], bodyLimitBytes: 0 }`
    writeFileSync(config, `import clerk from ${JSON.stringify(configs.clerk)}\nexport default { ...clerk, http: ${wrong} }\n`)
    const refused = await here.refold('serve --port 0', { config })
    expect(refused.exitCode).toBe(exitCodes.configuration)
    for (const field of ['http.keys.0.name', 'http.keys.0.sha256', 'http.keys.0.tenant', 'http.keys.0.scopes', 'http.bodyLimitBytes'])
      expect(refused.stderr).toContain(field)
    const open = await here.refold('serve --host 0.0.0.0 --port 0')
    expect(open.exitCode).toBe(exitCodes.configuration)
    expect(open.stderr).toContain('Expected API keys, since 0.0.0.0 can be reached from elsewhere')
    expect((await here.refold('serve --port 70000')).exitCode).toBe(exitCodes.usage)
  })
})
