import { diskFloors } from './disk-floors.ts'
import { alternate, microsecondsEach, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import { stepsOf } from './reader.ts'
import { stepTexts } from './step-texts.ts'
import { openWorkshop } from './workshop.ts'

export interface ManyRuns {
  readonly runs: number
  readonly turns: number
  readonly steps: number
  readonly stepsPerSecond: Spread
  readonly floorStepsPerSecond: Spread
  readonly shareOfFloor: Spread
  /** The same where nobody looks at a run before it has its answer. */
  readonly unwatchedShareOfFloor: Spread
  /** CPU time of this process for each step, in microseconds: what is left of it when the machine is busy with others. */
  readonly cpuMicroseconds: Spread
}

const MICROSECONDS = 1_000_000

/** Many runs at once: steps that are ready at the same time share a flush of the disk. */
export const measureManyRuns = async (
  folder: string,
  { runs, turns }: { readonly runs: number; readonly turns: number },
  limits: RoundLimits,
): Promise<ManyRuns> => {
  const workshop = await openWorkshop(folder)
  const floors = diskFloors(workshop.folder)
  const texts = await stepTexts(workshop)
  const steps = runs * stepsOf(turns)
  const cpu: number[] = []
  const times = await alternate(limits, {
    floor: () =>
      microsecondsEach(steps, () => {
        floors.groupedInserts(texts, steps)
      }),
    runs: async () => {
      const before = process.cpuUsage()
      const each = await microsecondsEach(steps, async () => {
        await workshop.readAll(runs, turns)
      })
      const { user, system } = process.cpuUsage(before)
      cpu.push((user + system) / steps)
      return each
    },
    unwatched: () =>
      microsecondsEach(steps, async () => {
        await workshop.readAllUnwatched(runs, turns)
      }),
  })
  floors.close()
  await workshop.close()
  return {
    runs,
    turns,
    steps,
    stepsPerSecond: spreadOf(times.runs.map((each) => MICROSECONDS / each)),
    floorStepsPerSecond: spreadOf(times.floor.map((each) => MICROSECONDS / each)),
    shareOfFloor: ratioSpread(times.floor, times.runs),
    unwatchedShareOfFloor: ratioSpread(times.floor, times.unwatched),
    cpuMicroseconds: spreadOf(cpu.slice(1)),
  }
}
