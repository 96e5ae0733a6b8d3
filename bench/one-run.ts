import { diskFloors } from './disk-floors.ts'
import { alternate, microsecondsEach, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import { stepsOf } from './reader.ts'
import { stepTexts } from './step-texts.ts'
import { openWorkshop } from './workshop.ts'

export interface OneRun {
  readonly turns: number
  readonly steps: number
  /** Times in microseconds of each step. */
  readonly run: Spread
  readonly insertFloor: Spread
  readonly flushFloor: Spread
  readonly timesFloor: Spread
  readonly timesFlush: Spread
}

/** One run, one step after the other: the disk is waited for at each of them. */
export const measureOneRun = async (folder: string, turns: number, limits: RoundLimits): Promise<OneRun> => {
  const workshop = await openWorkshop(folder)
  const floors = diskFloors(workshop.folder)
  const texts = await stepTexts(workshop)
  const steps = stepsOf(turns)
  const times = await alternate(limits, {
    flush: () => microsecondsEach(steps, () => floors.flushes(steps)),
    insert: () => microsecondsEach(steps, () => floors.inserts(texts, steps)),
    run: () =>
      microsecondsEach(steps, async () => {
        await workshop.readAll(1, turns)
      }),
  })
  floors.close()
  await workshop.close()
  return {
    turns,
    steps,
    run: spreadOf(times.run),
    insertFloor: spreadOf(times.insert),
    flushFloor: spreadOf(times.flush),
    timesFloor: ratioSpread(times.run, times.insert),
    timesFlush: ratioSpread(times.run, times.flush),
  }
}
