import type { Span, SpanContext } from '../projections/traces/span.ts'
import { withoutSecrets } from '../secrets.ts'

/** How OTLP goes over the wire. */
export type OtlpProtocol = 'http/protobuf' | 'http/json'

/** Whose telemetry it is, as `service.name`. */
export type OtlpResource = Readonly<Record<string, string>>

export interface OtlpOptions {
  readonly protocol: OtlpProtocol
  readonly resource: OtlpResource
  /** What nothing that is exported may hold. */
  readonly secrets: readonly string[]
}

/** Only where something is exported, since it loads a dozen packages. */
export const loadOpenTelemetry = async () => {
  const [{ SpanKind, SpanStatusCode, TraceFlags, ValueType }, { AggregationTemporality, DataPointType }, serializers] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/otlp-transformer'),
  ])
  return { SpanKind, SpanStatusCode, TraceFlags, ValueType, AggregationTemporality, DataPointType, ...serializers }
}

export type OpenTelemetry = Awaited<ReturnType<typeof loadOpenTelemetry>>
type ReadableSpan = Parameters<OpenTelemetry['ProtobufTraceSerializer']['serializeRequest']>[0][number]
type OtelSpanContext = ReturnType<ReadableSpan['spanContext']>

export const SCOPE = { name: 'refold' }

/** An export request of OTLP: of the same spans always the same bytes. */
export const encodeSpans = async (spans: readonly Span[], { protocol, resource, secrets }: OtlpOptions): Promise<Uint8Array> => {
  const api = await loadOpenTelemetry()
  const serializer = protocol === 'http/json' ? api.JsonTraceSerializer : api.ProtobufTraceSerializer
  const ofResource = readableResource(resource)
  const bytes = serializer.serializeRequest(spans.map((span) => readableSpan(api, span, ofResource, secrets)))
  return bytes ?? new Uint8Array()
}

/** Encoders know spans of one resource by the object. */
export const readableResource = (attributes: OtlpResource): ReadableSpan['resource'] => {
  const resource: ReadableSpan['resource'] = {
    attributes: { ...attributes },
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  }
  return resource
}

const readableSpan = (
  { SpanKind, SpanStatusCode, TraceFlags }: OpenTelemetry,
  span: Span,
  resource: ReadableSpan['resource'],
  secrets: readonly string[],
): ReadableSpan => {
  const { parentSpanId, error, startMs, endMs } = span
  const contextOf = ({ traceId, spanId }: SpanContext): OtelSpanContext => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED })
  const context = contextOf(span)
  return {
    name: withoutSecrets(span.name, secrets),
    kind: span.kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL,
    spanContext: () => context,
    ...(parentSpanId !== undefined && { parentSpanContext: contextOf({ traceId: span.traceId, spanId: parentSpanId }) }),
    startTime: timeOf(startMs),
    endTime: timeOf(endMs),
    duration: timeOf(endMs - startMs),
    ended: true,
    status: error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
    attributes: attributesOf(span, secrets),
    events: span.events.map(({ name, atMs, attributes }) => ({
      name,
      time: timeOf(atMs),
      attributes: mutable(attributes),
      droppedAttributesCount: 0,
    })),
    links: span.links.map(({ context: to, attributes }) => ({ context: contextOf(to), attributes: mutable(attributes) })),
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: span.droppedEvents,
    droppedLinksCount: 0,
  }
}

/** Seconds and nanoseconds. */
export const timeOf = (ms: number): [number, number] => [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000]

const mutable = (attributes: Span['attributes']): ReadableSpan['attributes'] => attributes

const attributesOf = ({ attributes, content }: Span, secrets: readonly string[]): ReadableSpan['attributes'] => {
  const names = Object.keys(content)
  if (names.length === 0) return mutable(attributes)
  const all = { ...mutable(attributes) }
  for (const name of names) all[name] = withoutSecrets(content[name] ?? '', secrets)
  return all
}
