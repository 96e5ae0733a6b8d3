import { join } from 'node:path'
import protobuf from 'protobufjs'

// What a receiver makes of OTLP, by another implementation of protobuf than the one that wrote it.

export type DecodedValue = string | number | boolean | DecodedValue[] | null

export interface DecodedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly kind: string
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, DecodedValue>>
  /** As `int`, `string[]`. */
  readonly types: Readonly<Record<string, string>>
  readonly events: readonly { readonly name: string; readonly atMs: number; readonly attributes: Readonly<Record<string, DecodedValue>> }[]
  readonly links: readonly {
    readonly traceId: string
    readonly spanId: string
    readonly attributes: Readonly<Record<string, DecodedValue>>
  }[]
  readonly error: string | undefined
}

interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly arrayValue?: { readonly values?: readonly AnyValue[] }
}
interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}
interface RawSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: string | number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly KeyValue[]
  readonly events?: readonly { readonly name: string; readonly timeUnixNano: string; readonly attributes?: readonly KeyValue[] }[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string; readonly attributes?: readonly KeyValue[] }[]
  readonly status?: { readonly code?: string | number; readonly message?: string }
}
interface RawRequest {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes?: readonly KeyValue[] }
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[]
  }[]
}

const root = protobuf.loadSync(join(import.meta.dirname, 'trace.proto'))

/** A message of OTLP, as `ExportTraceServiceRequest`, as the JSON of its fields; ids in hexadecimal. */
const decodedMessage = (type: string, bytes: Uint8Array): unknown => {
  const message = root.lookupType(`otlp.${type}`)
  const text = JSON.stringify(
    message.toObject(message.decode(bytes), { longs: String, enums: String, bytes: Array }),
    (name, value: unknown) =>
      /(Id|trace_id|span_id)$/.test(name) && Array.isArray(value) ? Buffer.from(value as number[]).toString('hex') : value,
  )
  return JSON.parse(text)
}

export const spansInProtobuf = (bytes: Uint8Array): DecodedSpan[] =>
  spansIn(decodedMessage('ExportTraceServiceRequest', bytes) as RawRequest)

export const spansInJson = (bytes: Uint8Array): DecodedSpan[] => spansIn(JSON.parse(new TextDecoder().decode(bytes)) as RawRequest)

const spansIn = ({ resourceSpans = [] }: RawRequest): DecodedSpan[] =>
  resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(decodedSpan)))

const KINDS = ['SPAN_KIND_UNSPECIFIED', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER', 'SPAN_KIND_CLIENT']

const decodedSpan = (span: RawSpan): DecodedSpan => ({
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId ?? '',
  name: span.name,
  kind: typeof span.kind === 'number' ? (KINDS[span.kind] ?? '') : span.kind,
  startMs: msOf(span.startTimeUnixNano),
  endMs: msOf(span.endTimeUnixNano),
  attributes: valuesOf(span.attributes),
  types: Object.fromEntries((span.attributes ?? []).map(({ key, value }) => [key, typeOf(value)])),
  events: (span.events ?? []).map(({ name, timeUnixNano, attributes }) => ({
    name,
    atMs: msOf(timeUnixNano),
    attributes: valuesOf(attributes),
  })),
  links: (span.links ?? []).map(({ traceId, spanId, attributes }) => ({ traceId, spanId, attributes: valuesOf(attributes) })),
  error: ['STATUS_CODE_ERROR', 2].includes(span.status?.code ?? '') ? span.status?.message : undefined,
})

const msOf = (nanos: string): number => Number(BigInt(nanos) / 1_000_000n)

const valuesOf = (attributes: readonly KeyValue[] = []): Record<string, DecodedValue> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]))

const valueOf = ({ stringValue, boolValue, intValue, doubleValue, arrayValue }: AnyValue): DecodedValue =>
  stringValue ??
  boolValue ??
  (intValue === undefined ? undefined : Number(intValue)) ??
  doubleValue ??
  arrayValue?.values?.map(valueOf) ??
  null

const typeOf = (value: AnyValue): string => {
  if (value.arrayValue !== undefined) return `${typeOf(value.arrayValue.values?.[0] ?? {})}[]`
  if (value.stringValue !== undefined) return 'string'
  if (value.boolValue !== undefined) return 'boolean'
  if (value.intValue !== undefined) return 'int'
  return value.doubleValue === undefined ? 'none' : 'double'
}

export interface DecodedPoint {
  readonly metric: string
  readonly unit: string
  readonly instrument: 'counter' | 'histogram'
  readonly isCumulative: boolean
  readonly startMs: number
  readonly atMs: number
  readonly attributes: Readonly<Record<string, DecodedValue>>
  readonly types: Readonly<Record<string, string>>
  readonly sum: number
  /** Of a counter undefined, as all that follows. */
  readonly count: number | undefined
  readonly bounds: readonly number[] | undefined
  readonly buckets: readonly number[] | undefined
}

interface RawPoint {
  readonly attributes?: readonly KeyValue[]
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
  readonly asInt?: number | string
  readonly asDouble?: number
  readonly sum?: number
  readonly count?: number | string
  readonly bucketCounts?: readonly (number | string)[]
  readonly explicitBounds?: readonly number[]
}
interface RawData {
  readonly dataPoints: readonly RawPoint[]
  readonly aggregationTemporality: string | number
  readonly isMonotonic?: boolean
}
interface RawMetrics {
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly name: string; readonly unit: string; readonly sum?: RawData; readonly histogram?: RawData }[]
    }[]
  }[]
}

export const pointsInProtobuf = (bytes: Uint8Array): DecodedPoint[] =>
  pointsIn(decodedMessage('ExportMetricsServiceRequest', bytes) as RawMetrics)

export const pointsInJson = (bytes: Uint8Array): DecodedPoint[] => pointsIn(JSON.parse(new TextDecoder().decode(bytes)) as RawMetrics)

const pointsIn = ({ resourceMetrics = [] }: RawMetrics): DecodedPoint[] =>
  resourceMetrics
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .flatMap(({ name, unit, sum, histogram }) =>
      ((sum ?? histogram)?.dataPoints ?? []).map((point): DecodedPoint => ({
        metric: name,
        unit,
        instrument: sum?.isMonotonic === true ? 'counter' : 'histogram',
        isCumulative: ['AGGREGATION_TEMPORALITY_CUMULATIVE', 2].includes((sum ?? histogram)?.aggregationTemporality ?? ''),
        startMs: msOf(point.startTimeUnixNano),
        atMs: msOf(point.timeUnixNano),
        attributes: valuesOf(point.attributes),
        types: Object.fromEntries((point.attributes ?? []).map(({ key, value }) => [key, typeOf(value)])),
        sum: Number(point.asInt ?? point.asDouble ?? point.sum),
        count: point.count === undefined ? undefined : Number(point.count),
        bounds: point.explicitBounds,
        buckets: point.bucketCounts?.map(Number),
      })),
    )
