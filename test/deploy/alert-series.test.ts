import { textsOf } from '../../src/events/content.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../../src/clock.ts'
import { processMetrics, type ProcessMetrics } from '../../src/health/process-metrics.ts'
import { addRefoldMetrics, addViewMetrics, timedLogCalls } from '../../src/health/refold-metrics.ts'
import { answer, defineAgent, defineTool, scriptedModel, toolCalls } from '../../src/index.ts'
import { openRefold, type OpenRefold } from '../../src/open-refold.ts'
import type { Model } from '../../src/models/model.ts'
import { openService } from '../http/service.ts'

// What the alerts watch is provoked in a real process, and read where Prometheus reads it.

const folder = mkdtempSync(join(tmpdir(), 'refold-alert-series-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const tool = (name: string, effect: 'read' | 'once', execute: () => Promise<string>) =>
  defineTool({ name, description: name, input: z.object({}), output: z.string(), effect, timeoutMs: 100, execute })

const deskAt = (version: string) =>
  defineAgent({
    name: 'desk',
    version,
    instructions: 'Work.',
    models: ['scripted/one'],
    tools: [
      tool('dawdle', 'read', async () => {
        await pause(300)
        return 'at last'
      }),
      tool('charge', 'once', () => Promise.reject(new Error('the line is dead'))),
    ],
  })
const scripted = scriptedModel(({ messages }) => {
  const last = messages.at(-1)
  if (last?.role !== 'user' || textsOf(last.parts) === 'hello') return answer('Done.')
  return toolCalls([{ name: textsOf(last.parts), arguments: {} }])
})

const rules = await readFile(resolve(import.meta.dirname, '../../deploy/alerts.yml'), 'utf8')
/** Of every rule: the names of the numbers, as they are in `/metrics`. */
const watched = [...new Set([...rules.matchAll(/\b((?:refold|nodejs)_[a-z_]+)/g)].map(([, name = '']) => name))]
/** Of processes on Kafka, and of those that export traces; the tests of those show them. */
const ofOthers = ['refold_tracer_lag_seconds', 'refold_relay_lag_seconds', 'refold_view_lag_messages', 'refold_messages_published_total']

let count = 0
let dir: string
let refold: OpenRefold
let metrics: ProcessMetrics
beforeEach(async () => {
  dir = join(folder, String(++count))
  metrics = processMetrics(systemClock)
  const logger = pino({ level: 'silent' })
  refold = await openRefold({
    dir,
    agents: [deskAt('1')],
    models: { scripted },
    logger,
    sweepIntervalMs: 50,
    onLogCall: timedLogCalls(metrics),
  })
  addRefoldMetrics(metrics, refold.counts)
  addViewMetrics(metrics, { ...refold, clock: systemClock })
})
afterEach(() => refold.close({ graceMs: 0 }))

const value = async (series: string): Promise<number> => {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${series} `))
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1))
}

const becomes = (series: string, above: number): Promise<unknown> =>
  vi.waitUntil(async () => (await value(series)) > above, { timeout: 20_000, interval: 100 })

describe('what the alerts watch', { timeout: 60_000 }, () => {
  test('is told by the processes, before anything has gone wrong', async () => {
    await (await refold.start('desk', { message: 'hello' })).untilSettled()
    await using service = await openService()
    await service.ask('GET /v1/agents')
    const { body } = await service.ask<string>('GET /metrics')
    const told = `${await metrics.text()}${body}`
    expect(watched.filter((name) => !ofOthers.includes(name) && !new RegExp(`^${name}[{ ]`, 'm').test(told))).toEqual([])
    // An increase is seen only by whoever has seen the number before it.
    for (const [, type] of rules.matchAll(/refold_notices_total\{type="(\w+)"/g))
      expect(await value(`refold_notices_total{type="${type}"}`)).toBe(0)
    for (const [, why] of rules.matchAll(/refold_runs_stuck\{why="(\w+)"/g)) expect(await value(`refold_runs_stuck{why="${why}"}`)).toBe(0)
  })

  test('counts a result that was dropped', async () => {
    await refold.start('desk', { message: 'dawdle' })
    await becomes('refold_notices_total{type="resultDropped"}', 0)
  })

  test('counts sweeps that fail', async () => {
    await refold.views.close()
    await becomes('refold_notices_total{type="sweepFailed"}', 3)
  })

  test('counts appends that are tried again, and how long the log took', async () => {
    const run = await refold.start('desk', { message: 'dawdle' })
    const other = new DatabaseSync(join(dir, 'log.db'))
    other.exec('begin immediate')
    await becomes('refold_notices_total{type="appendRetried"}', 0)
    other.exec('rollback')
    other.close()
    await run.untilSettled()
    expect(await value('refold_log_call_duration_seconds_count{call="append",outcome="EventLogUnavailable"}')).toBeGreaterThan(0)
    expect(await value('refold_log_call_duration_seconds_count{call="append",outcome="ok"}')).toBeGreaterThan(0)
  })

  test('counts runs with a call of which nobody knows whether it happened', async () => {
    await (await refold.start('desk', { message: 'charge' })).untilSettled()
    await becomes('refold_runs_stuck{why="unresolved"}', 0)
  })

  test('tells how old the views are', async () => {
    const behind = join(folder, 'behind')
    const logger = pino({ level: 'silent' })
    const other = await openRefold({ dir: behind, agents: [deskAt('1')], models: { scripted }, logger, recover: false })
    const numbers = processMetrics(systemClock)
    addViewMetrics(numbers, { ...other, clock: systemClock })
    await (await other.start('desk', { message: 'hello' })).untilSettled()
    const lag = async (): Promise<number> => Number(/^refold_views_lag_seconds (\S+)$/m.exec(await numbers.text())?.[1])
    await vi.waitUntil(async () => (await lag()) > 1, { timeout: 20_000, interval: 500 })
    await other.projector.catchUp()
    await vi.waitUntil(async () => (await lag()) === 0, { timeout: 20_000, interval: 500 })
    await other.close({ graceMs: 0 })
  })

  test('counts runs of agents that are not here', async () => {
    const silent: Model = { isFree: true, call: () => new Promise<never>(() => undefined) }
    const logger = pino({ level: 'silent' })
    const other = await openRefold({ dir, agents: [deskAt('2')], models: { scripted: silent }, logger, recover: false })
    await other.start('desk', { message: 'hello' })
    await other.close({ graceMs: 0 })
    await becomes('refold_runs_left', 0)
    await becomes('refold_notices_total{type="runsLeft"}', 0)
  })

  test('tells how long the event loop was held up, and how busy it is', async () => {
    const before = await value('refold_event_loop_busy_seconds_total')
    await metrics.text()
    await pause(50)
    const until = performance.now() + 700
    while (performance.now() < until);
    await pause(50)
    const text = await metrics.text()
    const lag = Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1])
    expect(lag).toBeGreaterThan(0.5)
    expect((await value('refold_event_loop_busy_seconds_total')) - before).toBeGreaterThan(0.6)
  })
})
