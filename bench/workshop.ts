import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openRefold, type OpenRefold, type RunView } from 'refold'
import { pageReader, type OnEffect } from './reader.ts'

/** Runs at one time are bounded by what is measured and by nothing else. */
const MODEL_CONCURRENCY = 10_000

export interface Workshop {
  readonly folder: string
  readonly refold: OpenRefold
  /** So many runs at once, each of so many turns, until all of them have answered. */
  readAll(runs: number, turns: number): Promise<readonly RunView[]>
  close(): Promise<void>
}

/** Refold as `openRefold` gives it, with a SQLite log in a folder of its own. */
export const openWorkshop = async (parent: string, onEffect?: OnEffect): Promise<Workshop> => {
  const folder = mkdtempSync(join(parent, 'refold-'))
  const { agent, model } = pageReader(onEffect)
  const refold = await openRefold({
    dir: folder,
    agents: [agent],
    models: { scripted: model },
    modelConcurrency: MODEL_CONCURRENCY,
    logger: pino({ level: 'silent' }),
  })
  return {
    folder,
    refold,
    readAll: (runs, turns) =>
      Promise.all(
        Array.from({ length: runs }, async () => {
          const view = await (await refold.start('page-reader', { message: String(turns) })).untilSettled()
          if (view.answer === null || view.waitsFor !== 'message')
            throw new Error(`expected an answer, found ${view.state} in ${view.runId}`)
          return view
        }),
      ),
    close: () => refold.close(),
  }
}

/** Calls `work` with a folder that is gone afterwards. */
export const inTemporaryFolder = async <Result>(parent: string | undefined, work: (folder: string) => Promise<Result>): Promise<Result> => {
  const folder = mkdtempSync(join(parent ?? tmpdir(), 'refold-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
