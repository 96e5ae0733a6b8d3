import type { Logger } from 'pino'
import { systemClock, systemIds } from '../clock.ts'
import { readEnvironment } from '../config.ts'
import { createGrower, type Grower, type GrowerNotice } from '../consumers/growing/grower.ts'
import { grownDatasets, type GrownDatasets } from '../evals/growing/grow-rule.ts'
import { messageOf } from '../errors.ts'
import { addGrowerMetrics } from '../health/grower-metrics.ts'
import type { ProcessMetrics } from '../health/process-metrics.ts'
import type { OpenRefold } from '../open-refold.ts'

export const growerOn = ({ log, blobs }: OpenRefold, datasets: GrownDatasets, notify: (notice: GrowerNotice) => void): Grower => {
  const { dir, grow: rules } = grownDatasets.parse(datasets)
  return createGrower({ log, blobs, clock: systemClock, owner: systemIds.uuid(), uuid: () => systemIds.uuid(), dir, rules, notify })
}

interface Beside {
  readonly refold: OpenRefold
  readonly datasets: GrownDatasets | undefined
  readonly metrics: ProcessMetrics
  readonly logger: Logger
}

/**
 * On one disk the processes that work on runs grow the datasets; on servers `refold dataset grow` does. Returns what ends it, which never rejects: what is
 * not taken in then is taken in by the next process.
 */
export const growBeside = ({ refold, datasets, metrics, logger }: Beside): (() => Promise<void>) => {
  if (datasets === undefined || readEnvironment().REFOLD_EVENTSTORE !== undefined) return () => Promise.resolve()
  const stop = new AbortController()
  const notify = (notice: GrowerNotice): void => {
    logger.warn(notice, 'datasets')
  }
  const grower = growerOn(refold, datasets, notify)
  addGrowerMetrics(metrics, systemClock, grower)
  const running = grower.run(stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) notify({ type: 'datasetsDelayed', message: messageOf(error) })
  })
  return async () => {
    stop.abort()
    await running
  }
}
