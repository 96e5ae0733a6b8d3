import { instruments, metricNames, type MetricName } from '../projections/metrics/instruments.ts'
import type { Total } from '../projections/metrics/metric-totals.ts'
import { withoutSecrets } from '../secrets.ts'
import { loadOpenTelemetry, readableResource, SCOPE, timeOf, type OpenTelemetry, type OtlpOptions } from './otlp-spans.ts'

type ResourceMetrics = Parameters<OpenTelemetry['ProtobufMetricsSerializer']['serializeRequest']>[0]
type MetricData = ResourceMetrics['scopeMetrics'][number]['metrics'][number]

/** Totals since a time, as of another one. */
export interface TotalsAt {
  readonly since: number
  readonly at: number
  readonly totals: readonly Total[]
}

/** An export request of OTLP: of the same totals always the same bytes. */
export const encodeMetrics = async (totals: TotalsAt, { protocol, resource, secrets }: OtlpOptions): Promise<Uint8Array> => {
  const api = await loadOpenTelemetry()
  const byMetric = Map.groupBy(totals.totals, ({ metric }) => metric)
  const metrics = metricNames.flatMap((name) => {
    const ofMetric = byMetric.get(name)
    return ofMetric === undefined ? [] : [metricData(name, ofMetric, totals, { secrets, api })]
  })
  const serializer = protocol === 'http/json' ? api.JsonMetricsSerializer : api.ProtobufMetricsSerializer
  const request = { resource: readableResource(resource), scopeMetrics: [{ scope: SCOPE, metrics }] }
  return serializer.serializeRequest(request) ?? new Uint8Array()
}

interface Encoding {
  readonly secrets: readonly string[]
  readonly api: OpenTelemetry
}

const metricData = (
  name: MetricName,
  totals: readonly Total[],
  { since, at }: TotalsAt,
  { secrets, api: { AggregationTemporality, DataPointType, ValueType } }: Encoding,
): MetricData => {
  const { kind, unit, description, isWhole, bounds } = instruments[name]
  const descriptor = { name, unit, description, valueType: isWhole ? ValueType.INT : ValueType.DOUBLE }
  const pointOf = <Value>({ dimensions }: Total, value: Value) => ({
    startTime: timeOf(since),
    endTime: timeOf(at),
    attributes: attributesOf(dimensions, secrets),
    value,
  })
  if (kind === 'counter')
    return {
      descriptor,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: totals.map((total) => pointOf(total, total.sum)),
    }
  return {
    descriptor,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: totals.map((total) =>
      pointOf(total, { sum: total.sum, count: total.count, buckets: { boundaries: [...bounds], counts: [...total.buckets] } }),
    ),
  }
}

const OVERFLOW = 'otel.metric.overflow'

const attributesOf = (dimensions: Total['dimensions'], secrets: readonly string[]): Record<string, string | boolean> =>
  Object.fromEntries(Object.entries(dimensions).map(([name, value]) => [name, name === OVERFLOW ? true : withoutSecrets(value, secrets)]))
