import { readEnvironment } from '../../config.ts'
import { secretsIn } from '../../early-environment.ts'
import { AppError } from '../../errors.ts'
import { addTracerMetrics } from '../../health/tracer-metrics.ts'
import { tracerOn } from '../../open-tracer.ts'
import type { CommandLine } from '../command-line.ts'
import { tellOperator } from '../operator-lines.ts'
import { asServerProcess, untilStopped } from '../server-process.ts'

const NEVER = new AbortController().signal

/** Exports the traces of all runs. */
export const tracer = (line: CommandLine, healthPort: number | undefined): Promise<void> =>
  asServerProcess(line, { needs: [], recover: false, healthPort }, async ({ refold, logger, metrics, ready }) => {
    const notices: Record<string, number> = {}
    const notify = (notice: { readonly type: string }): void => {
      notices[notice.type] = (notices[notice.type] ?? 0) + 1
      logger.warn(notice, 'tracer')
    }
    // Where the log is on one disk, the processes that work on runs do it already, and so does this one.
    const running = refold.tracer ?? tracerOn({ environment: readEnvironment(), secrets: secretsIn(), log: refold.log, notify }, NEVER)
    if (running === undefined)
      throw new AppError('InvalidConfiguration', 'Expected REFOLD_OTLP_ENDPOINT, which names what traces are sent to, found nothing')
    addTracerMetrics(metrics, line.clock, running)
    metrics.countedBy('refold_tracer_notices_total', 'Failures that were tried again, spans that were refused', 'type', () => notices)
    ready()
    await tellOperator(line, 'Exporting traces')
    if (refold.tracer === undefined) await running.run(line.signal)
    else await untilStopped(line, refold)
  })
