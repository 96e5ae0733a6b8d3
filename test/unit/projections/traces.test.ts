import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { simulateSeed } from '../../../simulation/simulate.ts'
import { decodeEvent, runIdOf, type StoredTexts } from '../../../src/events/codec.ts'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { encodeMetrics } from '../../../src/otlp/otlp-metrics.ts'
import { encodeSpans, type OtlpProtocol } from '../../../src/otlp/otlp-spans.ts'
import { addedTo, MOST_TOTALS } from '../../../src/projections/metrics/metric-totals.ts'
import { measurementsOf } from '../../../src/projections/metrics/span-measurements.ts'
import { runTrace, spansOf } from '../../../src/projections/traces/run-trace.ts'
import { spanGantt } from '../../../src/projections/traces/span-gantt.ts'
import { traceEventsText } from '../../../src/projections/traces/span-perfetto.ts'
import { treeLines } from '../../../src/projections/traces/span-tree.ts'
import type { Span } from '../../../src/projections/traces/span.ts'
import { spansOfRun } from '../../../src/runtime/reading/run-spans.ts'
import { fixedAgent, saying } from '../../support/traced-runs.ts'
import { forkable, outside, played, throughPeople } from '../../support/forks.ts'
import {
  pointsInJson,
  pointsInProtobuf,
  spansInJson,
  spansInProtobuf,
  type DecodedPoint,
  type DecodedSpan,
} from '../../support/otlp/decoded-otlp.ts'
import registry from '../../support/otlp/gen-ai-registry.json' with { type: 'json' }
import { scenarios } from '../../support/scenarios.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const histories = join(import.meta.dirname, '../../replay/histories')
const files = readdirSync(histories, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ndjson'))

const decoded = (stored: readonly StoredTexts[]): RunEvent[] => stored.map((texts) => decodeEvent(texts, new Map()))

const eventsIn = (file: string): RunEvent[] =>
  decoded(
    readFileSync(join(histories, file), 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as StoredTexts])),
  )

const runOf = ([first]: readonly RunEvent[]): string => first?.runId ?? ''
const ended = (events: readonly RunEvent[], contentLength = 0): Span[] => spansOf(events, { runId: runOf(events), contentLength })

const resource = { 'service.name': 'test' }
const bytesOf = (spans: readonly Span[], protocol: OtlpProtocol = 'http/protobuf', secrets: readonly string[] = []): Promise<Uint8Array> =>
  encodeSpans(spans, { protocol, resource, secrets })

interface RegisteredMetric {
  readonly instrument: string
  readonly unit: string
  readonly required: readonly string[]
  readonly allowed: readonly string[]
  readonly bounds?: readonly number[]
}
const metrics: Readonly<Record<string, RegisteredMetric>> = registry.metrics
const registered: Readonly<Record<string, string>> = registry.attributes
const required: Readonly<Record<string, readonly string[]>> = registry.required

/** What the conventions have against a span. */
const problemsOf = ({ name, attributes, types }: DecodedSpan): string[] => {
  const operation = attributes['gen_ai.operation.name']
  return [
    ...Object.entries(types).flatMap(([key, type]) => {
      if (key.startsWith('refold.')) return []
      const wanted = registered[key]
      if (wanted === undefined) return [`${name}: ${key} is not in the registry`]
      // The encoder of OpenTelemetry for JavaScript writes a whole number as an int, whatever it is declared as.
      const fits = wanted === 'any' ? type === 'string' : wanted === type || (wanted === 'double' && type === 'int')
      return fits ? [] : [`${name}: ${key} is ${type}, not ${wanted}`]
    }),
    ...(typeof operation === 'string' ? (required[operation] ?? ['no such operation']) : []).flatMap((key) =>
      types[key] === undefined ? [`${name}: without ${key}`] : [],
    ),
  ]
}

/** What the conventions have against a point of a metric. */
const problemsOfPoint = ({ metric, unit, instrument, isCumulative, types, bounds, buckets, count }: DecodedPoint): string[] => {
  if (metric.startsWith('refold.')) return []
  const wanted = metrics[metric]
  if (wanted === undefined) return [`${metric} is not in the registry`]
  const names = Object.keys(types)
  return [
    ...(unit === wanted.unit ? [] : [`${metric}: in ${unit}, not ${wanted.unit}`]),
    ...(instrument === wanted.instrument && isCumulative ? [] : [`${metric}: another instrument`]),
    ...(isDeepStrictEqual(bounds, wanted.bounds) ? [] : [`${metric}: other bounds`]),
    ...(buckets === undefined || buckets.reduce((sum, each) => sum + each, 0) === count ? [] : [`${metric}: its buckets are not all`]),
    ...wanted.required.flatMap((name) => (types[name] === undefined ? [`${metric}: without ${name}`] : [])),
    ...names.flatMap((name) => (wanted.allowed.includes(name) && types[name] === registered[name] ? [] : [`${metric}: ${name}`])),
  ]
}

/** Of these spans, as a back end reads them. */
const pointsOf = async (spans: readonly Span[]): Promise<DecodedPoint[]> => {
  const totals = { since: 1, at: 60_000, totals: addedTo([], spans.flatMap(measurementsOf)) }
  const [protobuf, json] = await Promise.all(
    (['http/protobuf', 'http/json'] as const).map((protocol) => encodeMetrics(totals, { protocol, resource, secrets: [] })),
  )
  const points = pointsInProtobuf(protobuf ?? new Uint8Array())
  expect(pointsInJson(json ?? new Uint8Array())).toEqual(points)
  return points
}

const textAround = (spans: readonly Span[]): string => JSON.stringify(spans)

describe('the spans of a run', () => {
  test.for(files)('are there for the runs of every release, with attributes as the conventions have them: %s', async (file) => {
    const events = eventsIn(file)
    const spans = ended(events, 400)
    expect(spans.map(({ name }) => name.split(' ')[0])).toContain('invoke_agent')
    const fromProtobuf = spansInProtobuf(await bytesOf(spans))
    expect(fromProtobuf.flatMap(problemsOf)).toEqual([])
    expect(spansInJson(await bytesOf(spans, 'http/json'))).toEqual(fromProtobuf)
    expect(fromProtobuf.map(({ spanId }) => spanId)).toEqual(spans.map(({ spanId }) => spanId))
    const points = await pointsOf(spans)
    expect(points.flatMap(problemsOfPoint)).toEqual([])
    expect(points.map(({ metric }) => metric)).toContain('gen_ai.invoke_agent.duration')
  })

  test('lie one within the other, each once, and none is lost, whatever happens to a cluster', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { history } = await simulateSeed(seed)
      for (const [stream, stored] of Map.groupBy(history, (event) => event.stream)) {
        const events = decoded(stored)
        const trace = runTrace({ runId: runIdOf(stream) })
        const spans = events.flatMap((event) => [...trace.take(event)])
        const all = [...spans, ...trace.open()]
        const ids = new Set(all.map(({ spanId }) => spanId))
        expect(ids.size).toBe(all.length)
        for (const span of all) {
          expect(span.parentSpanId === undefined || ids.has(span.parentSpanId)).toBe(true)
          expect(span.endMs).toBeGreaterThanOrEqual(span.startMs)
        }
        const calls = (kind: string): number => all.filter(({ name }) => name.startsWith(kind)).length
        const asked = new Set(events.flatMap(({ type, data }) => (type === 'ModelCallRequested' ? [data.callId] : [])))
        expect(calls('chat')).toBeGreaterThanOrEqual(asked.size)
        expect(spansInProtobuf(await bytesOf(spans)).flatMap(problemsOf)).toEqual([])
      }
    }
  }, 60_000)

  test('are the same bytes whoever exports them, however often, and wherever the fold is begun again', async () => {
    const events = eventsIn(files[0] ?? '')
    const whole = await bytesOf(ended(events))
    for (let at = 0; at <= events.length; at++) {
      const before = ended(events.slice(0, at))
      const again = runTrace({ runId: runOf(events) })
      const known = events.slice(0, at).flatMap((event) => [...again.take(event)])
      const after = events.slice(at).flatMap((event) => [...again.take(event)])
      expect(known).toEqual(before)
      expect(await bytesOf([...before, ...after])).toEqual(whole)
    }
  })

  test('hold nothing of what was said, unless that is wanted', async () => {
    const world = openWorld({ agents: [fixedAgent], models: saying('The code is 4711.', 'Done.') })
    const run = await world.refold.start('fixed', { message: 'My card is 1234-5678' })
    await settle(world, run)
    const events = await eventsOf(world, run.id)
    const words = ['1234-5678', '4711', 'Paris']
    for (const word of words) expect(textAround(ended(events))).not.toContain(word)
    const spans = ended(events, 1_000)
    for (const word of words) expect(textAround(spans)).toContain(word)
    const redacted = new TextDecoder().decode(await bytesOf(spans, 'http/json', ['1234-5678']))
    expect(redacted).not.toContain('1234-5678')
    expect(redacted).toContain('4711')
  })

  test('hold of what a guardrail has changed or refused only what it has left', async () => {
    const there = outside()
    const { events } = await played(there, scenarios['guardrails on all three sides'] ?? { agent: '' })
    const said = ended(events, 4_000).map(({ content }) => JSON.stringify(content))
    const accepted = JSON.stringify(
      events.flatMap(({ type, data }) => (type === 'InputAccepted' || type === 'OutputAccepted' ? [data.parts] : [])),
    )
    expect(accepted).toContain('text')
    const shown = said.join('\n')
    for (const { type, data } of events) {
      if (type === 'MessageReceived' && !accepted.includes(JSON.stringify(data.parts)))
        for (const part of data.parts) if (part.type === 'text') expect(shown).not.toContain(JSON.stringify(part.text).slice(1, -1))
    }
  })

  test('of a hostile run are bounded, and no picture of them breaks', async () => {
    const hostile = '\u001b[31m:;#%%\n`{}"\ud800'.repeat(10_000)
    const world = openWorld({ agents: [fixedAgent], models: saying(hostile, hostile) })
    const run = await world.refold.start('fixed', { message: hostile })
    await settle(world, run)
    const spans = ended(await eventsOf(world, run.id), 2_000)
    expect(textAround(spans).length).toBeLessThan(40_000)
    expect(treeLines(spans).join('\n')).not.toContain('\u001b')
    for (const line of spanGantt(spans).split('\n').slice(3, -1))
      expect(line).toMatch(/^ {2}(section [^:;#]*|[^:;#]+ :(crit, )?s[0-9a-f]{16}, \d+, \d+)$/)
    expect(JSON.parse(traceEventsText(spans))).toMatchObject({ traceEvents: expect.any(Array) as unknown })
    expect(spansInProtobuf(await bytesOf(spans))).toHaveLength(spans.length)
  })
})

describe('a turn of a conversation', () => {
  test('is a trace, which names the turn before it', async () => {
    const world = openWorld({ agents: [fixedAgent], models: saying('One.', 'Two.') })
    const run = await world.refold.start('fixed', { message: 'a' })
    await settle(world, run)
    world.clock.advance(86_400_000)
    await run.send({ message: 'b' })
    await settle(world, run)
    const turns = ended(await eventsOf(world, run.id)).filter(({ parentSpanId }) => parentSpanId === undefined)
    const [first, second] = turns
    expect(turns).toHaveLength(2)
    expect(second?.traceId).not.toBe(first?.traceId)
    expect(second?.links.map(({ context }) => context)).toEqual([{ traceId: first?.traceId, spanId: first?.spanId }])
    expect(turns.map(({ attributes }) => attributes['gen_ai.conversation.id'])).toEqual([run.id, run.id])
    expect((second?.endMs ?? 0) - (second?.startMs ?? 0)).toBeLessThan(86_400_000)
  })
})

describe('a score', () => {
  test('is an event of the turn that is open, and once that has ended a span of no length below it', async () => {
    const world = openWorld({ agents: [fixedAgent], models: saying('One.') })
    const run = await world.refold.start('fixed', { message: 'a' })
    await run.score({ name: 'early', value: 1, by: 'ann' })
    await settle(world, run)
    world.clock.advance(5_000)
    await run.score({ name: 'thumbs', value: 0.5, passed: false, note: 'the wrong order', revision: 3, by: 'ann' })
    const events = await eventsOf(world, run.id)
    const spans = ended(events, 400)
    const turn = spans.find(({ parentSpanId }) => parentSpanId === undefined)
    expect(turn?.events).toContainEqual(
      expect.objectContaining({
        name: 'gen_ai.evaluation.result',
        attributes: { 'gen_ai.evaluation.name': 'early', 'gen_ai.evaluation.score.value': 1, 'refold.evaluation.by': 'ann' },
      }),
    )
    const late = spans.at(-1)
    expect(late).toMatchObject({
      name: 'gen_ai.evaluation.result',
      traceId: turn?.traceId,
      parentSpanId: turn?.spanId,
      attributes: {
        'gen_ai.evaluation.name': 'thumbs',
        'gen_ai.evaluation.score.value': 0.5,
        'gen_ai.evaluation.score.label': 'fail',
        'refold.evaluation.revision': 3,
      },
      content: { 'gen_ai.evaluation.explanation': 'the wrong order' },
    })
    expect(late?.startMs).toBe(late?.endMs)
    expect(textAround(ended(events))).not.toContain('the wrong order')
    expect(spansInProtobuf(await bytesOf(spans)).flatMap(problemsOf)).toEqual([])
  })
})

describe('a run that another has asked for', () => {
  test('lies in the trace of the call that has asked', async () => {
    const there = outside()
    const { world, origin } = await played(there, scenarios['a chart of its own, with a child run'] ?? { agent: '' })
    const { ended: spans } = await spansOfRun(world, origin.id, { contentLength: 0, children: true })
    const call = spans.find(({ attributes }) => attributes['refold.child.run_id'] !== undefined)
    const below = spans.find(({ runId, name }) => runId === call?.attributes['refold.child.run_id'] && name.startsWith('invoke_agent'))
    expect(below).toMatchObject({ traceId: call?.traceId, parentSpanId: call?.spanId })
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  })
})

describe('a fork', () => {
  test('has the spans of what it has done itself, and names the turn that it begins in', async () => {
    const there = outside()
    const { world, origin: run, events } = await played(there, scenarios['parallel tools and a payment'] ?? { agent: '' })
    const at = forkable(events).at(-2) ?? 0
    const fork = await run.fork({ at, by: 'dana', runId: 'fork', modelCalls: 0 })
    await throughPeople(world, fork)
    const own = ended(await eventsOf(world, fork.id))
    const origin = ended(events)
    const ids = new Set(origin.map(({ spanId }) => spanId))
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter(({ spanId }) => ids.has(spanId))).toEqual([])
    expect(own.every(({ revision }) => revision > at)).toBe(true)
    const root = own.find(({ parentSpanId }) => parentSpanId === undefined)
    const originRoot = origin.find(({ parentSpanId }) => parentSpanId === undefined)
    expect(root?.links[0]).toMatchObject({
      context: { traceId: originRoot?.traceId, spanId: originRoot?.spanId },
      attributes: { 'refold.link': 'origin' },
    })
  })
})

describe('the metrics of a run', () => {
  test('say of model calls, turns and tools what their spans say, and nothing of calls that never reached a tool', async () => {
    const world = openWorld({ agents: [fixedAgent], models: saying('One.', 'Two.') })
    const run = await world.refold.start('fixed', { message: 'a' })
    await settle(world, run)
    const spans = ended(await eventsOf(world, run.id))
    const points = await pointsOf(spans)
    const of = (metric: string): DecodedPoint[] => points.filter((point) => point.metric === metric)
    const seconds = (prefix: string): number =>
      spans.filter(({ name }) => name.startsWith(prefix)).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) / 1_000
    expect(of('gen_ai.client.inference.duration')).toMatchObject([
      {
        count: 2,
        sum: seconds('chat'),
        attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'scripted', 'gen_ai.request.model': 'one' },
      },
    ])
    expect(of('gen_ai.execute_tool.duration')).toMatchObject([{ count: 1, attributes: { 'gen_ai.tool.name': 'weather' } }])
    expect(of('gen_ai.invoke_agent.duration')).toMatchObject([{ count: 1, sum: seconds('invoke_agent') }])
    expect(of('gen_ai.invoke_agent.inference_calls')).toMatchObject([{ count: 1, sum: 2 }])
    const tokens = spans.reduce((sum, { attributes }) => sum + Number(attributes['gen_ai.usage.input_tokens'] ?? 0), 0)
    expect(of('gen_ai.client.inference.usage.input_tokens')).toMatchObject([{ sum: tokens, instrument: 'counter' }])
    const rejected = spans.map((span) => ({ ...span, attributes: { ...span.attributes, 'refold.outcome': 'rejected' } }))
    expect((await pointsOf(rejected)).filter(({ metric }) => metric.startsWith('gen_ai.execute_tool'))).toEqual([])
  })

  test('are no longer than so many, whatever tools and models are called', () => {
    const span = ended(eventsIn(files[0] ?? '')).find(({ name }) => name.startsWith('chat'))
    const many = Array.from({ length: MOST_TOTALS }, (_, at) => ({
      ...span,
      attributes: { ...span?.attributes, 'gen_ai.request.model': `${at}${'m'.repeat(200)}` },
    })) as Span[]
    const totals = addedTo([], many.flatMap(measurementsOf))
    expect(totals.length).toBeLessThan(MOST_TOTALS + 20)
    expect(totals.filter(({ dimensions }) => dimensions['otel.metric.overflow'] === 'true').length).toBeGreaterThan(0)
    expect(JSON.stringify(totals).length).toBeLessThan(900_000)
  })
})
