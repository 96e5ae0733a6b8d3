import { alternate, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import { openWorkshop } from './workshop.ts'

export interface Growth {
  readonly late: number
  /** Median times of a step, in microseconds. */
  readonly step10: Spread
  readonly stepLate: Spread
  readonly lateOverStep10: Spread
}

const EARLY = 10
/** One step alone says nothing on a disk whose flushes take now this long, now that long. */
const STEPS_AROUND = 60

/** What a step costs early in a run and late in one. Both kinds of runs take turns, since the disk has better and worse moments. */
export const measureGrowth = async (folder: string, late: number, limits: RoundLimits): Promise<Growth> => {
  let effects: number[] = []
  const workshop = await openWorkshop(folder, { onEffect: () => effects.push(performance.now()) })
  const medianStep = async (from: number): Promise<number> => {
    effects = []
    await workshop.readAll(1, (from + STEPS_AROUND) >> 1)
    const times = effects.slice(1).map((at, index) => (at - (effects[index] ?? at)) * 1_000)
    return spreadOf(times.slice(from, from + STEPS_AROUND)).median
  }
  const times = await alternate(limits, { early: () => medianStep(EARLY), late: () => medianStep(late) })
  await workshop.close()
  return { late, step10: spreadOf(times.early), stepLate: spreadOf(times.late), lateOverStep10: ratioSpread(times.late, times.early) }
}
