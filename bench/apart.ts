import { alternate, spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import { stepsOf } from './reader.ts'
import { openWorkshop } from './workshop.ts'

/** Where the processor time of a step goes, of all threads of the process, in microseconds a step. */
export interface Apart {
  readonly runs: number
  readonly turns: number
  /** Nobody waits for a run, and no view is kept up to date. */
  readonly runtime: Spread
  /** What is added where each run is waited for. */
  readonly watchers: Spread
  /** What it takes to bring the views up to date afterwards. */
  readonly projector: Spread
}

const NEVER_MS = 2_000_000_000

export const measureApart = async (
  folder: string,
  { runs, turns }: { readonly runs: number; readonly turns: number },
  limits: RoundLimits,
): Promise<Apart> => {
  const workshop = await openWorkshop(folder, { sweepIntervalMs: NEVER_MS })
  const steps = runs * stepsOf(turns)
  const cpuOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / steps
  }
  const projector: number[] = []
  const thenProject = async (work: () => Promise<unknown>): Promise<number> => {
    const each = await cpuOf(work)
    projector.push(await cpuOf(() => workshop.refold.projector.catchUp()))
    return each
  }
  const found = await alternate(limits, {
    unwatched: () => thenProject(() => workshop.readAllUnwatched(runs, turns)),
    watched: () => thenProject(() => workshop.readAll(runs, turns)),
  })
  await workshop.close()
  return {
    runs,
    turns,
    runtime: spreadOf(found.unwatched),
    watchers: spreadOf(found.watched.map((each, round) => each - (found.unwatched[round] ?? Number.NaN))),
    projector: spreadOf(projector.slice(2)),
  }
}
