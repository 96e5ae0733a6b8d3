import { setImmediate as nextTurn } from 'node:timers/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkTraces } from '../../../src/cli/doctor/check-traces.ts'
import { newFindings } from '../../../src/cli/doctor/findings.ts'
import { readEnvironment } from '../../../src/config.ts'
import { IDENTITY_STREAM, identify, RESTORED_TYPE, restoreText } from '../../../src/consumers/log-identity.ts'
import type { Metrics } from '../../../src/consumers/meter.ts'
import { readMetricStanding } from '../../../src/consumers/metric-standing.ts'
import { createTracer, type Exported, type Tracer, type TracerNotice, type TracerOptions } from '../../../src/consumers/tracer.ts'
import { readTraceStanding, TRACES_STREAM, writeTraceStanding } from '../../../src/consumers/trace-standing.ts'
import { secretsIn } from '../../../src/early-environment.ts'
import { AppError } from '../../../src/errors.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { streamOf } from '../../../src/events/codec.ts'
import { metricReceiver, traceReceiver } from '../../../src/open-tracer.ts'
import { sendMetrics, sendSpans, type MetricsSent } from '../../../src/otlp/otlp-sender.ts'
import { addedTo, type Total } from '../../../src/projections/metrics/metric-totals.ts'
import { measurementsOf } from '../../../src/projections/metrics/span-measurements.ts'
import type { Span } from '../../../src/projections/traces/span.ts'
import { spansOfRun } from '../../../src/runtime/reading/run-spans.ts'
import { pointsInProtobuf, spansInJson, spansInProtobuf } from '../../support/otlp/decoded-otlp.ts'
import { fixedAgent, saying } from '../../support/traced-runs.ts'
import { openWorld, settle, type World } from '../../support/world.ts'

const TAKEN: Exported = { outcome: 'taken', refused: 0 }

interface BackEnd {
  readonly taken: Span[]
  /** What it makes of the next requests; all are taken after that. */
  readonly answers: (Exported | 'dies')[]
  readonly exportSpans: TracerOptions['exportSpans']
}

const backEnd = (...answers: (Exported | 'dies')[]): BackEnd => {
  const taken: Span[] = []
  return {
    taken,
    answers,
    exportSpans(spans) {
      const answer = answers.shift() ?? TAKEN
      // The spans have arrived, and nobody hears of it.
      if (answer === 'dies') {
        taken.push(...spans)
        return Promise.reject(new AppError('EventLogUnavailable', 'the process ends here'))
      }
      if (answer.outcome === 'taken') taken.push(...spans)
      return Promise.resolve(answer)
    },
  }
}

interface Traced {
  readonly tracer: Tracer
  readonly notices: TracerNotice[]
}

let count = 0

const tracerOf = ({ log, clock }: Pick<World, 'log' | 'clock'>, { exportSpans }: BackEnd, owner = 'one'): Traced => {
  const notices: TracerNotice[] = []
  const tracer = createTracer({
    log,
    clock,
    owner,
    uuid: () => `00000000-0000-4000-8000-${(++count).toString(16).padStart(12, 'f')}`,
    contentLength: 0,
    exportSpans,
    notify: (notice) => notices.push(notice),
  })
  return { tracer, notices }
}

const NEVER = new AbortController().signal

const withRuns = async (...ids: readonly string[]): Promise<World> => {
  const world = openWorld({ agents: [fixedAgent], models: saying('Done.') })
  for (const runId of ids) await settle(world, await world.refold.start('fixed', { runId, message: 'Hello' }))
  return world
}

const spansIn = async (world: World, ...ids: readonly string[]): Promise<Span[]> => {
  const spans: Span[] = []
  for (const id of ids) spans.push(...(await spansOfRun(world, id, { contentLength: 0, children: false })).ended)
  return spans
}

const idsOf = (spans: readonly Span[]): string[] => spans.map(({ spanId }) => spanId)

/** Lets a tracer run until so many spans are taken. */
const runUntil = async (world: World, { tracer }: Traced, there: BackEnd, spans: number): Promise<void> => {
  const stop = new AbortController()
  const running = tracer.run(stop.signal)
  for (let turns = 0; there.taken.length < spans && turns < 2_000; turns++) {
    await nextTurn()
    if (turns % 20 === 19) world.clock.next()
  }
  for (let turns = 0; turns < 20; turns++) await nextTurn()
  stop.abort()
  world.clock.next()
  await running
}

describe('the tracer', () => {
  test('exports each span of each run once, and goes on where it was', async () => {
    const world = await withRuns('a', 'b')
    const there = backEnd()
    await tracerOf(world, there).tracer.catchUp(NEVER)
    expect(there.taken).toEqual(await spansIn(world, 'a', 'b'))
    await tracerOf(world, there, 'two').tracer.catchUp(NEVER)
    expect(there.taken).toHaveLength((await spansIn(world, 'a', 'b')).length)
    await settle(world, await world.refold.start('fixed', { runId: 'c', message: 'Hello' }))
    await tracerOf(world, there, 'three').tracer.catchUp(NEVER)
    expect(there.taken).toEqual(await spansIn(world, 'a', 'b', 'c'))
    expect((await tracerOf(world, there).tracer.lag()).events).toBe(0)
  })

  test('loses nothing while the back end is away, says so, and slows no run', async () => {
    const world = await withRuns('a')
    const away: Exported = { outcome: 'away', message: 'the back end is away' }
    const there = backEnd(away, away, { ...away, retryAfterMs: 30_000 })
    const traced = tracerOf(world, there)
    await traced.tracer.catchUp(NEVER)
    expect(there.taken).toEqual([])
    expect((await traced.tracer.lag()).events).toBeGreaterThan(0)
    await settle(world, await world.refold.start('fixed', { runId: 'b', message: 'Hello' }))
    const all = await spansIn(world, 'a', 'b')
    await runUntil(world, traced, there, all.length)
    expect(there.taken).toEqual(all)
    expect(traced.notices.filter(({ type }) => type === 'tracesDelayed').length).toBeGreaterThanOrEqual(3)
  })

  test('gives the same spans as ever after its process was killed behind any request, and repeats one batch at most', async () => {
    const world = await withRuns('a')
    const there = backEnd('dies')
    await expect(tracerOf(world, there).tracer.catchUp(NEVER)).rejects.toThrow(/ends here/)
    // Its claim holds for a while: nobody else sends the same meanwhile.
    await tracerOf(world, there, 'two').tracer.catchUp(NEVER)
    const all = await spansIn(world, 'a')
    expect(there.taken).toEqual(all)
    world.clock.advance(60_001)
    await tracerOf(world, there, 'two').tracer.catchUp(NEVER)
    expect(there.taken).toEqual([...all, ...all])
  })

  test('gives the same spans wherever in a run it was begun again', async () => {
    const world = await withRuns('a')
    const all = idsOf(await spansIn(world, 'a'))
    const events: number[] = []
    for await (const { position } of world.log.readStream(streamOf('a'))) events.push(position)
    for (const position of events) {
      const standing = await readTraceStanding(world.log)
      await writeTraceStanding({ log: world.log, uuid: () => `00000000-0000-4000-9000-${String(++count).padStart(12, '0')}` }, standing, {
        position,
      })
      const there = backEnd()
      await tracerOf(world, there).tracer.catchUp(NEVER)
      expect(all.slice(all.length - there.taken.length)).toEqual(idsOf(there.taken))
    }
  })

  test('is one of several at a time: two export each span once', async () => {
    const world = await withRuns('a', 'b', 'c')
    const there = backEnd()
    await Promise.all([tracerOf(world, there, 'one').tracer.catchUp(NEVER), tracerOf(world, there, 'two').tracer.catchUp(NEVER)])
    expect(there.taken).toEqual(await spansIn(world, 'a', 'b', 'c'))
  })

  test('that is told to end while spans are on their way sends none of them twice', async () => {
    const world = await withRuns('a')
    const stop = new AbortController()
    const there = backEnd()
    const traced = tracerOf(world, {
      ...there,
      exportSpans: async (spans) => {
        stop.abort()
        await nextTurn()
        return there.exportSpans(spans)
      },
    })
    await traced.tracer.run(stop.signal)
    await traced.tracer.catchUp(NEVER)
    expect(there.taken).toEqual(await spansIn(world, 'a'))
  })

  test('leaves out what the back end refuses for good, down to the one span, and says how many', async () => {
    const world = await withRuns('a')
    const all = await spansIn(world, 'a')
    const bad = all[1]?.spanId
    const there = backEnd()
    const traced = tracerOf(world, {
      ...there,
      exportSpans: (spans) =>
        idsOf(spans).includes(bad ?? '') ? Promise.resolve({ outcome: 'refused', message: 'not that one' }) : there.exportSpans(spans),
    })
    await traced.tracer.catchUp(NEVER)
    expect(idsOf(there.taken)).toEqual(idsOf(all).filter((id) => id !== bad))
    expect(traced.notices).toEqual([{ type: 'spansRefused', spans: 1, message: 'not that one' }])
    expect(traced.tracer.counts()).toEqual({ spans: all.length - 1, refused: 1 })
  })

  test('goes on past a run that is no run, and past one that is deleted', async () => {
    const world = await withRuns('a', 'b')
    await world.log.append(streamOf('broken'), 'no-stream', [
      { id: '00000000-0000-4000-8000-00000000dead', type: 'RunStarted', data: '{', meta: '{"version":1}' },
    ])
    await world.log.truncateStream(streamOf('a'), 5)
    await settle(world, await world.refold.start('fixed', { runId: 'c', message: 'Hello' }))
    const there = backEnd()
    const traced = tracerOf(world, there)
    await traced.tracer.catchUp(NEVER)
    expect(new Set(there.taken.map(({ runId }) => runId))).toEqual(new Set(['b', 'c']))
    expect(traced.notices).toMatchObject([{ type: 'runNotTraced', runId: 'broken' }])
  })

  test('keeps its place in a stream of its own, which stays short', async () => {
    const world = await withRuns('a')
    const append = (log: EventLog): Promise<unknown> =>
      readTraceStanding(log).then((standing) =>
        writeTraceStanding({ log, uuid: () => `00000000-0000-4000-a000-${String(++count).padStart(12, '0')}` }, standing, { position: 1 }),
      )
    for (let times = 0; times < 200; times++) await append(world.log)
    const kept = await Array.fromAsync(world.log.readStream(TRACES_STREAM))
    expect(kept.length).toBeLessThan(80)
  })
})

describe('the meter', () => {
  interface Metered {
    readonly sent: Metrics[]
    readonly answers: (MetricsSent | 'dies')[]
  }

  const metered = (...answers: (MetricsSent | 'dies')[]): Metered => ({ sent: [], answers })

  /** One process after the other, or beside it, with one back end. */
  const meteredTracer = ({ log, clock }: World, there: Metered): Traced => {
    const notices: TracerNotice[] = []
    const tracer = createTracer({
      log,
      clock,
      owner: `owner-${++count}`,
      uuid: () => `00000000-0000-4000-b000-${(++count).toString(16).padStart(12, '0')}`,
      contentLength: 0,
      exportSpans: () => Promise.resolve(TAKEN),
      sendMetrics: (metrics) => {
        const answer = there.answers.shift() ?? { outcome: 'taken' }
        if (answer === 'dies') return Promise.reject(new AppError('EventLogUnavailable', 'the process ends here'))
        there.sent.push(metrics)
        return Promise.resolve(answer)
      },
      notify: (notice) => notices.push(notice),
    })
    return { tracer, notices }
  }

  const totalsOf = async (world: World, ...ids: readonly string[]): Promise<unknown> =>
    byName(addedTo([], (await spansIn(world, ...ids)).flatMap(measurementsOf)))

  const byName = (totals: readonly Total[]): readonly Total[] =>
    totals.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))

  const newest = ({ sent }: Metered): unknown => byName(sent.at(-1)?.totals ?? [])

  test('counts each span once, wherever its process dies, and whichever goes on', async () => {
    const world = await withRuns('a')
    const there = metered('dies')
    await expect(meteredTracer(world, there).tracer.catchUp(NEVER)).rejects.toThrow(/ends here/)
    const id = 'b'
    await settle(world, await world.refold.start('fixed', { runId: id, message: 'Hello' }))
    await meteredTracer(world, there).tracer.catchUp(NEVER)
    expect(newest(there)).toEqual(await totalsOf(world, 'a', 'b'))
    // One that counted, and died before it kept what it had: the place of the spans is beyond that of the totals.
    await settle(world, await world.refold.start('fixed', { runId: 'c', message: 'Hello' }))
    await tracerOf(world, backEnd(), 'without metrics').tracer.catchUp(NEVER)
    await meteredTracer(world, there).tracer.catchUp(NEVER)
    expect(newest(there)).toEqual(await totalsOf(world, 'a', 'b', 'c'))
    const sent = there.sent.length
    await meteredTracer(world, there).tracer.catchUp(NEVER)
    expect(there.sent).toHaveLength(sent)
  })

  test('sends no total that is lower than one before, though several processes send', async () => {
    const world = await withRuns('a', 'b')
    const there = metered()
    const tracers = [meteredTracer(world, there), meteredTracer(world, there)]
    for (const id of ['c', 'd', 'e']) {
      await Promise.all(tracers.map(({ tracer }) => tracer.catchUp(NEVER)))
      await settle(world, await world.refold.start('fixed', { runId: id, message: 'Hello' }))
      world.clock.advance(40_000)
    }
    await Promise.all(tracers.map(({ tracer }) => tracer.catchUp(NEVER)))
    expect(newest(there)).toEqual(await totalsOf(world, 'a', 'b', 'c', 'd', 'e'))
    const sent = there.sent.toSorted((one, other) => one.at - other.at)
    expect(new Set(sent.map(({ at }) => at)).size).toBe(sent.length)
    expect(new Set(sent.map(({ since }) => since)).size).toBe(1)
    const counts = sent.map(({ totals }) => totals.reduce((sum, total) => sum + total.count, 0))
    expect(counts).toEqual(counts.toSorted((one, other) => one - other))
  })

  test('tells a back end that was away everything the next time, and leaves one alone that takes no metrics', async () => {
    const world = await withRuns('a')
    const there = metered({ outcome: 'away', message: 'not now' })
    const { tracer, notices } = meteredTracer(world, there)
    await tracer.catchUp(NEVER)
    expect(notices).toEqual([{ type: 'metricsDelayed', message: 'not now' }])
    await tracer.catchUp(NEVER)
    expect(newest(there)).toEqual(await totalsOf(world, 'a'))
    expect(there.sent).toHaveLength(2)
    there.answers.push({ outcome: 'unwanted', message: 'traces only' })
    for (const id of ['b', 'c']) {
      await settle(world, await world.refold.start('fixed', { runId: id, message: 'Hello' }))
      await tracer.catchUp(NEVER)
    }
    expect(there.sent).toHaveLength(3)
    expect(notices.at(-1)).toEqual({ type: 'metricsUnwanted', message: 'traces only' })
    expect((await readMetricStanding(world.log)).totals).toHaveLength(there.sent.at(-1)?.totals.length ?? 0)
  })

  test('says what stays as it is again, while it runs, and ends with the signal', async () => {
    const world = await withRuns('a')
    const there = metered()
    const { tracer } = meteredTracer(world, there)
    const stop = new AbortController()
    const running = tracer.run(stop.signal)
    for (let turns = 0; there.sent.length < 3 && turns < 4_000; turns++) {
      await nextTurn()
      if (turns % 20 === 19) world.clock.next()
    }
    stop.abort()
    await running
    expect(there.sent.length).toBeGreaterThanOrEqual(3)
    expect(new Set(there.sent.map(({ totals }) => JSON.stringify(totals))).size).toBe(1)
  })

  test('begins again in an older copy of the log that was restored', async () => {
    const world = await withRuns('a')
    const { revision } = await identify(world.log)
    const there = metered()
    await meteredTracer(world, there).tracer.catchUp(NEVER)
    world.clock.advance(1_000)
    const data = restoreText({ head: 1, lostRuns: new Map() })
    await world.log.append(IDENTITY_STREAM, revision, [
      { id: '00000000-0000-4000-8000-0000000000aa', type: RESTORED_TYPE, data, meta: '{}' },
    ])
    await settle(world, await world.refold.start('fixed', { runId: 'b', message: 'Hello' }))
    await meteredTracer(world, there).tracer.catchUp(NEVER)
    expect(newest(there)).toEqual(await totalsOf(world, 'b'))
    expect(there.sent.at(-1)?.since).toBeGreaterThan(there.sent[0]?.since ?? Infinity)
  })
})

describe('what takes the traces', () => {
  const requests: { readonly headers: IncomingMessage['headers']; readonly body: Uint8Array; readonly url: string | undefined }[] = []
  const answers: ((response: ServerResponse) => void)[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      requests.push({ headers: request.headers, body: Buffer.concat(parts), url: request.url })
      const answer = answers.shift()
      if (answer === undefined) response.end()
      else answer(response)
    })
  })
  let endpoint = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.close()
  })

  const receiverOf = (variables: NodeJS.ProcessEnv) => {
    const receiver = traceReceiver(readEnvironment(variables), secretsIn(variables))
    if (receiver === undefined) throw new Error('expected a receiver')
    return receiver
  }

  test('gets them where the environment says, with its headers, in protobuf or JSON', async () => {
    const spans = await spansIn(await withRuns('a'), 'a')
    const own = receiverOf({
      REFOLD_OTLP_ENDPOINT: `${endpoint}/api/public/otel/`,
      REFOLD_OTLP_HEADERS: 'authorization=Basic%20cGs6c2s%3D',
    })
    expect(await sendSpans(own, spans, NEVER)).toEqual(TAKEN)
    const standard = receiverOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=k',
      OTEL_SERVICE_NAME: 'shop',
    })
    expect(await sendSpans(standard, spans, NEVER)).toEqual(TAKEN)
    const [first, second] = requests.splice(0)
    expect(first).toMatchObject({
      url: '/api/public/otel/v1/traces',
      headers: { authorization: 'Basic cGs6c2s=', 'content-type': 'application/x-protobuf' },
    })
    expect(second).toMatchObject({ url: '/v1/traces', headers: { 'x-api-key': 'k', 'content-type': 'application/json' } })
    expect(new TextDecoder().decode(second?.body)).toContain('shop')
    const metrics = metricReceiver(readEnvironment({ REFOLD_OTLP_ENDPOINT: endpoint }), [])
    const totals = { since: 1, at: 2, totals: addedTo([], spans.flatMap(measurementsOf)) }
    answers.push(
      (response) => response.end(),
      (response) => response.writeHead(404).end('traces only'),
      (response) => response.writeHead(503).end(),
    )
    if (metrics === undefined) throw new Error('expected a receiver of metrics')
    expect(await sendMetrics(metrics, totals, NEVER)).toEqual({ outcome: 'taken' })
    expect(await sendMetrics(metrics, totals, NEVER)).toMatchObject({ outcome: 'unwanted' })
    expect(await sendMetrics(metrics, totals, NEVER)).toMatchObject({ outcome: 'away' })
    const asked = requests.splice(2)
    expect(asked[0]).toMatchObject({ url: '/v1/metrics', headers: { 'content-type': 'application/x-protobuf' } })
    expect(pointsInProtobuf(asked[0]?.body ?? new Uint8Array()).length).toBe(totals.totals.length)
    expect(spansInJson(second?.body ?? new Uint8Array())).toEqual(spansInProtobuf(first?.body ?? new Uint8Array()))
  })

  test('is believed: what it refuses for good, what it refuses in part, and how long it wants to be left alone', async () => {
    const spans = await spansIn(await withRuns('a'), 'a')
    const receiver = receiverOf({ REFOLD_OTLP_ENDPOINT: endpoint, REFOLD_OTLP_PROTOCOL: 'http/json' })
    const send = () => sendSpans(receiver, spans, NEVER)
    answers.push(
      (response) => response.writeHead(400).end('what is this?'),
      (response) => response.writeHead(429, { 'retry-after': '7' }).end(),
      (response) => response.writeHead(401).end('no key'),
      (response) => response.end(JSON.stringify({ partialSuccess: { rejectedSpans: '2', errorMessage: 'too old' } })),
      (response) => response.end('not what OTLP says'),
      (response) => response.destroy(),
    )
    expect(await send()).toMatchObject({ outcome: 'refused', message: expect.stringContaining('what is this?') as string })
    expect(await send()).toMatchObject({ outcome: 'away', retryAfterMs: 7_000 })
    expect(await send()).toMatchObject({ outcome: 'away', message: expect.stringContaining('no key') as string })
    expect(await send()).toEqual({ outcome: 'taken', refused: 2, message: 'too old' })
    expect(await send()).toEqual(TAKEN)
    expect(await send()).toMatchObject({ outcome: 'away' })
    requests.length = 0
  })

  test('is asked by the doctor, who also says how far the traces are behind', async () => {
    const world = await withRuns('a')
    const check = async (variables: NodeJS.ProcessEnv) => {
      const findings = newFindings()
      const clock = { ...world.clock, now: () => world.clock.now() + 90_000 }
      await checkTraces({ clock, signal: NEVER }, { environment: readEnvironment(variables), log: world.log, findings })
      return findings.all().map(({ severity, check: kind, message }) => `${severity} ${kind}: ${message}`)
    }
    expect(await check({})).toEqual([])
    answers.push((response) => response.writeHead(401).end('no key'))
    expect(await check({ REFOLD_OTLP_ENDPOINT: endpoint })).toEqual([
      expect.stringMatching(/^warning traces: The traces are \d+ events behind the log, for 1 min$/),
      `warning traces: Traces are not taken: ${endpoint}/v1/traces answered 401: no key`,
    ])
    await tracerOf(world, backEnd()).tracer.catchUp(NEVER)
    expect(await check({ REFOLD_OTLP_ENDPOINT: endpoint, REFOLD_OTLP_PROTOCOL: 'http/json' })).toEqual([])
    requests.length = 0
  })

  test('is nobody without a name, and where OpenTelemetry is switched off', () => {
    const none = (variables: NodeJS.ProcessEnv): unknown => traceReceiver(readEnvironment(variables), [])
    expect(none({})).toBeUndefined()
    expect(none({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'true' })).toBeUndefined()
    expect(none({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined()
    expect(() => none({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toThrow(/http\/protobuf/)
    const delta = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' }
    expect(() => none(delta)).toThrow(/cumulative/)
    for (const off of [{ REFOLD_OTLP_METRICS: 'false' }, { OTEL_METRICS_EXPORTER: 'none' }])
      expect(metricReceiver(readEnvironment({ REFOLD_OTLP_ENDPOINT: endpoint, ...off }), [])).toBeUndefined()
    expect(() => none({ REFOLD_OTLP_ENDPOINT: endpoint, REFOLD_OTLP_HEADERS: 'k7-secret' })).toThrow(
      /REFOLD_OTLP_HEADERS: expected name=value/,
    )
    // Headers of one receiver are not for another.
    const receiver = receiverOf({ REFOLD_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=k' })
    expect(receiver.headers).toEqual({})
    expect(secretsIn({ REFOLD_OTLP_HEADERS: 'authorization=Bearer%20b7-secret' })).toContain('Bearer b7-secret')
  })
})
