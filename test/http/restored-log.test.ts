import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock, systemIds } from '../../src/clock.ts'
import { placeOfViews, recordRestore } from '../../src/consumers/restored-log.ts'
import { processMetrics } from '../../src/health/process-metrics.ts'
import { httpOptions } from '../../src/http/http-options.ts'
import { startHttpServer } from '../../src/http/server.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { answer } from '../../src/models/scripted/script.ts'
import { openRefold } from '../../src/open-refold.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { copyLogFile, restoreLogFile } from '../support/copied-file.ts'
import { connect, framesUntil, type Frame } from './event-source.ts'

const agent = defineAgent({ name: 'desk', version: '1', instructions: '', models: ['scripted/one'] })

const serve = async (before: (dir: string) => Promise<void> = () => Promise.resolve()) => {
  const dir = mkdtempSync(join(tmpdir(), 'refold-restored-'))
  await before(dir)
  const lines: Record<string, unknown>[] = []
  const into = new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>)
      done()
    },
  })
  const logger = pino({ level: 'warn' }, into)
  const models = { scripted: scriptedModel(() => answer('Gladly.')) }
  const refold = await openRefold({ dir, agents: [agent], models, logger, sweepIntervalMs: 20 })
  const metrics = processMetrics(systemClock)
  const settings = httpOptions.parse({})
  const server = await startHttpServer({
    refold,
    settings,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    ids: systemIds,
    logger: pino({ level: 'silent' }),
    metrics,
  })
  onTestFinished(async () => {
    await server.stop(0)
    await refold.close({ graceMs: 0 })
    rmSync(dir, { recursive: true })
  })
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${server.url}${path}`, init)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  return { dir, lines, refold, url: server.url, ask }
}

describe('a service in whose place of the log an older copy is put while it runs', () => {
  test('is not ready, says why once, ends its event streams with it and grants nothing more', async () => {
    const { dir, lines, refold, url, ask } = await serve()
    const run = await refold.start('desk', { runId: 'run-1', message: 'Hello' })
    await run.untilSettled()
    await copyLogFile(join(dir, 'log.db'), join(dir, 'copy.db'))
    await run.send({ message: 'More' })
    await run.untilSettled()
    const stream = await connect(`${url}/v1/runs/run-1/events`)
    const seen: Promise<Frame[]> = framesUntil(stream, ({ event }) => event === 'problem')

    restoreLogFile(join(dir, 'copy.db'), join(dir, 'log.db'))
    await once(refold.wentBack, 'abort')

    const last = (await seen).at(-1)
    expect(last?.event).toBe('problem')
    expect(JSON.parse(last?.data ?? '')).toMatchObject({ code: 'LogRestored' })
    expect((await ask('/v1/runs/run-1')).body).toMatchObject({ status: 503, code: 'LogRestored', retryable: true })
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"agent":"desk","message":"Hello"}' }
    expect(await ask('/v1/runs', request)).toMatchObject({ status: 503, body: { code: 'LogRestored' } })
    await expect(run.send({ message: 'Once more' })).rejects.toMatchObject({ code: 'LogRestored' })
    // What was answered a moment ago is given again.
    await expect.poll(() => ask('/readyz'), { timeout: 10_000 }).toMatchObject({ status: 503, body: { code: 'NotReady' } })
    expect((await ask('/readyz')).body.detail).toMatch(/went back/)
    expect(lines.filter(({ level }) => Number(level) >= 50)).toEqual([expect.objectContaining({ msg: 'the log went back' })])
  })
})

describe('a service whose log is an older copy', () => {
  test('is ready, and says since when that is known', async () => {
    const { refold, ask } = await serve(async (dir) => {
      const before = await openRefold({
        dir,
        agents: [agent],
        models: { scripted: scriptedModel(() => answer('Gladly.')) },
        logger: pino({ level: 'silent' }),
      })
      await (await before.start('desk', { message: 'Hello' })).untilSettled()
      const { identity, head } = await placeOfViews(before)
      await recordRestore(before, { identity, head, known: undefined, by: 'ann' })
      await before.close({ graceMs: 0 })
    })
    const restore = await refold.newestRestore()
    expect(await ask('/readyz')).toEqual({ status: 200, body: { status: 'ok', restoredAt: new Date(restore?.at ?? 0).toISOString() } })
  })
})
