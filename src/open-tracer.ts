import { systemClock, systemIds } from './clock.ts'
import { usesStandardNames, type Environment } from './config.ts'
import { createTracer, type Tracer, type TracerNotice } from './consumers/tracer.ts'
import type { EventLog } from './eventlog/event-log.ts'
import type { OtlpProtocol } from './otlp/otlp-spans.ts'
import { messageOf } from './errors.ts'
import { sendMetrics, sendSpans, type OtlpReceiver } from './otlp/otlp-sender.ts'

/** UTF-16 units of each attribute that says what was said. */
const CONTENT_LENGTH = 8_192

type Signal = 'traces' | 'metrics'

/** Where the environment wants traces: in its own names, or in those of OpenTelemetry as a whole. Undefined where it wants none. */
export const traceReceiver = (environment: Environment, secrets: readonly string[]): OtlpReceiver | undefined =>
  receiverOf('traces', environment, secrets)

/** The same of metrics, which are wanted where traces are, unless the environment says otherwise. */
export const metricReceiver = (environment: Environment, secrets: readonly string[]): OtlpReceiver | undefined => {
  const isUnwanted = environment.REFOLD_OTLP_METRICS === 'false' || environment.OTEL_METRICS_EXPORTER === 'none'
  return isUnwanted ? undefined : receiverOf('metrics', environment, secrets)
}

const receiverOf = (signal: Signal, environment: Environment, secrets: readonly string[]): OtlpReceiver | undefined => {
  const resource = { 'service.name': environment.OTEL_SERVICE_NAME, ...environment.OTEL_RESOURCE_ATTRIBUTES }
  const { REFOLD_OTLP_ENDPOINT: own, REFOLD_OTLP_HEADERS, REFOLD_OTLP_PROTOCOL } = environment
  if (own !== undefined)
    return { url: below(own, signal), headers: REFOLD_OTLP_HEADERS ?? {}, protocol: REFOLD_OTLP_PROTOCOL, resource, secrets }
  if (!usesStandardNames(environment)) return undefined
  const { endpoint, headers, protocol } = standardNames(environment)[signal]
  const all = environment.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = endpoint ?? (all === undefined ? undefined : below(all, signal))
  if (url === undefined) return undefined
  return {
    url,
    headers: { ...environment.OTEL_EXPORTER_OTLP_HEADERS, ...headers },
    protocol: standardProtocol(protocol ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL),
    resource,
    secrets,
  }
}

const standardNames = (environment: Environment) => ({
  traces: {
    endpoint: environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
    headers: environment.OTEL_EXPORTER_OTLP_TRACES_HEADERS,
    protocol: environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL,
  },
  metrics: {
    endpoint: environment.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
    headers: environment.OTEL_EXPORTER_OTLP_METRICS_HEADERS,
    protocol: environment.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL,
  },
})

/** Checked where the environment was read. */
const standardProtocol = (protocol: string | undefined): OtlpProtocol => (protocol === 'http/json' ? 'http/json' : 'http/protobuf')

const below = (endpoint: string, signal: Signal): string => `${endpoint.replace(/\/+$/, '')}/v1/${signal}`

interface TracerParts {
  readonly environment: Environment
  readonly secrets: readonly string[]
  readonly log: EventLog
  readonly notify: (notice: TracerNotice) => void
}

/** Undefined where no traces are wanted. `abandon` cuts off what is being sent. */
export const tracerOn = ({ environment, secrets, log, notify }: TracerParts, abandon: AbortSignal): Tracer | undefined => {
  const receiver = traceReceiver(environment, secrets)
  if (receiver === undefined) return undefined
  const metrics = metricReceiver(environment, secrets)
  return createTracer({
    log,
    clock: systemClock,
    owner: systemIds.uuid(),
    uuid: () => systemIds.uuid(),
    contentLength: environment.REFOLD_OTLP_CONTENT === 'true' ? CONTENT_LENGTH : 0,
    exportSpans: (spans) => sendSpans(receiver, spans, abandon),
    sendMetrics: metrics && ((totals) => sendMetrics(metrics, totals, abandon)),
    notify,
  })
}

/** A tracer in a process that works on runs. */
export interface TracerBeside {
  readonly tracer: Tracer
  /** Exports what has ended by then, as far as that is quick, and ends. Never rejects. */
  readonly close: () => Promise<void>
}

/** How long a process that ends waits for its traces; another one goes on where it was. */
const CLOSING_MS = 3_000

/** Undefined where no traces are wanted. */
export const besideRuns = (parts: TracerParts): TracerBeside | undefined => {
  const abandon = new AbortController()
  const tracer = tracerOn(parts, abandon.signal)
  if (tracer === undefined) return undefined
  const stop = new AbortController()
  const told = (error: unknown): void => {
    if (!stop.signal.aborted) parts.notify({ type: 'tracesDelayed', message: messageOf(error) })
  }
  const running = tracer.run(stop.signal).catch(told)
  return {
    tracer,
    async close() {
      stop.abort()
      const disarm = systemClock.setTimer(CLOSING_MS, () => {
        abandon.abort()
      })
      await running
      await tracer.catchUp(abandon.signal).catch(told)
      disarm()
    },
  }
}
