import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { openRefold, type OpenRefold, type Run, type RunView } from 'refold'
import { onServers, type ServerAddresses } from './on-servers.ts'
import { pageReader } from './reader.ts'

/** Runs at one time are bounded by what is measured and by nothing else. */
const MODEL_CONCURRENCY = 10_000

export interface Workshop {
  readonly folder: string
  readonly refold: OpenRefold
  /** So many runs at once, each of so many turns, until all have answered; every one of them is waited for with `untilSettled()`. */
  readonly readAll: (runs: number, turns: number) => Promise<readonly RunView[]>
  /** The same, but nobody looks at a run before it has its answer. */
  readonly readAllUnwatched: (runs: number, turns: number) => Promise<readonly RunView[]>
  close(): Promise<void>
}

export interface WorkshopOptions {
  readonly onEffect?: () => void
  readonly sweepIntervalMs?: number
}

/** Refold as `openRefold` gives it, with a SQLite log in a folder of its own. */
export const openWorkshop = (parent: string, options?: WorkshopOptions): Promise<Workshop> =>
  openWorkshopIn(mkdtempSync(join(parent, 'refold-')), options)

export const openWorkshopIn = (folder: string, options: WorkshopOptions = {}): Promise<Workshop> => opened(folder, options, openRefold)

/** The same on servers. */
export const openWorkshopOn = (servers: ServerAddresses): Promise<Workshop> =>
  opened('no folder is used', {}, (options) => onServers(servers, () => openRefold(options)))

const opened = async (folder: string, { onEffect, sweepIntervalMs }: WorkshopOptions, open: typeof openRefold): Promise<Workshop> => {
  const answers = awaitedAnswers()
  const { agent, model } = pageReader({ ...(onEffect === undefined ? {} : { onEffect }), onAnswer: answers.count })
  const refold = await open({
    dir: folder,
    agents: [agent],
    models: { scripted: model },
    modelConcurrency: MODEL_CONCURRENCY,
    sweepIntervalMs,
    logger: pino({ level: 'silent' }),
  })
  const start = (turns: number): Promise<Run> => refold.start('page-reader', { message: String(turns) })
  return {
    folder,
    refold,
    readAll: (runs, turns) => together(runs, async () => answered(await start(turns))),
    async readAllUnwatched(runs, turns) {
      const all = answers.next(runs)
      const started = await together(runs, () => start(turns))
      await all
      return Promise.all(started.map(answered))
    },
    close: () => refold.close(),
  }
}

const together = <Result>(count: number, work: () => Promise<Result>): Promise<Result[]> => Promise.all(Array.from({ length: count }, work))

const answered = async (run: Run): Promise<RunView> => {
  const view = await run.untilSettled()
  if (view.answer === null || view.waitsFor !== 'message') throw new Error(`expected an answer, found ${view.state} in ${view.runId}`)
  return view
}

const awaitedAnswers = (): { count: () => void; next: (count: number) => Promise<void> } => {
  let missing = 0
  let resolve = (): void => undefined
  return {
    count: () => {
      missing -= 1
      if (missing === 0) resolve()
    },
    next: (count) => {
      missing = count
      return new Promise((done) => (resolve = done))
    },
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
