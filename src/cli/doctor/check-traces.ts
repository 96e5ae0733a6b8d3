import type { Environment } from '../../config.ts'
import { logLag } from '../../consumers/log-lag.ts'
import { readTraceStanding } from '../../consumers/trace-standing.ts'
import { secretsIn } from '../../early-environment.ts'
import type { EventLog } from '../../eventlog/event-log.ts'
import { traceReceiver } from '../../open-tracer.ts'
import { sendSpans } from '../../otlp/otlp-sender.ts'
import type { CommandLine } from '../command-line.ts'
import { checkLag, lagOf } from './check-servers.ts'
import type { Findings } from './findings.ts'

interface TraceParts {
  readonly environment: Environment
  readonly log: EventLog
  readonly findings: Findings
}

/** Where traces are wanted: how far they are exported, and whether somebody takes them, who is sent a request without a span. */
export const checkTraces = async (
  { clock, signal }: Pick<CommandLine, 'clock' | 'signal'>,
  { environment, log, findings }: TraceParts,
): Promise<void> => {
  const receiver = traceReceiver(environment, secretsIn())
  if (receiver === undefined) return
  const { position } = await readTraceStanding(log)
  const lag = lagOf(await logLag({ log, clock }, position === 0 ? undefined : position))
  const remedy =
    environment.REFOLD_EVENTSTORE === undefined
      ? 'A process that works on runs exports them: refold serve, refold worker. Its log lines say what keeps it.'
      : 'Start it: refold tracer. Its log lines say what keeps it.'
  checkLag({ clock }, { who: 'The traces are', check: 'traces', lag, remedy }, findings)
  const sent = await sendSpans(receiver, [], signal)
  if (sent.outcome === 'taken') return
  findings.add({
    severity: 'warning',
    check: 'traces',
    message: `Traces are not taken: ${sent.message}`,
    remedy: 'Correct REFOLD_OTLP_ENDPOINT and REFOLD_OTLP_HEADERS, or start what they name. Nothing is lost meanwhile.',
  })
}
