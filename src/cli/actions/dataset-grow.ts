import { createLogger } from '../../logger.ts'
import { readEnvironment } from '../../config.ts'
import type { GrowerNotice } from '../../consumers/growing/grower.ts'
import { AppError } from '../../errors.ts'
import type { GrownDatasets } from '../../evals/growing/grow-rule.ts'
import { addGrowerMetrics } from '../../health/grower-metrics.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { loadConfig } from '../config-file.ts'
import { growerOn } from '../dataset-grower.ts'
import { exitCodes } from '../exit-codes.ts'
import { tellOperator } from '../operator-lines.ts'
import { asServerProcess } from '../server-process.ts'
import { atWork } from '../session.ts'

export interface GrowOptions {
  readonly once?: true
  readonly healthPort?: number
}

export const grow = (line: CommandLine, { once, healthPort }: GrowOptions): Promise<void> =>
  once === true ? growOnce(line) : growOn(line, healthPort)

const wanted = (datasets: GrownDatasets | undefined): GrownDatasets => {
  if (datasets !== undefined) return datasets
  throw new AppError(
    'InvalidConfiguration',
    "Expected `datasets: { dir, grow: [{ name: 'escalations', when: 'escalated' }] }` in the configuration, found none",
  )
}

const growOn = (line: CommandLine, healthPort: number | undefined): Promise<void> =>
  asServerProcess(line, { needs: [], recover: false, healthPort }, async ({ refold, datasets, logger, metrics, ready }) => {
    const grower = growerOn(refold, wanted(datasets), (notice) => {
      logger.warn(notice, 'datasets')
    })
    addGrowerMetrics(metrics, line.clock, grower)
    ready()
    await tellOperator(line, 'Growing datasets')
    await grower.run(AbortSignal.any([line.signal, refold.wentBack]))
    refold.wentBack.throwIfAborted()
  })

const growOnce = async (line: CommandLine): Promise<void> => {
  const datasets = wanted((await loadConfig(line.cwd, line.configFile)).datasets)
  const logger = createLogger(readEnvironment().REFOLD_LOG_LEVEL, line.stderr)
  const notices: GrowerNotice[] = []
  await atWork(line, async (refold) => {
    const grower = growerOn(refold, datasets, (notice) => {
      notices.push(notice)
      logger.warn(notice, 'datasets')
    })
    const isDone = await grower.catchUp(line.signal)
    const { cases, leftOut } = grower.counts()
    await line.output.document({ dir: datasets.dir, isDone, cases, leftOut, notices })
    await line.output.note(isDone ? `${counted(cases, 'case')} in ${datasets.dir}` : 'Another process grows these datasets')
    if (notices.length > 0) line.exitWith(exitCodes.wrong)
  })
}
