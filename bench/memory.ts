import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { freshWork, type Found } from './fresh.ts'
import { spreadOf, type Spread } from './rounds.ts'
import type { WaitsFor } from './waiting-agents.ts'

/** What a process holds that works on many runs at once, and one that begins beside many that wait, which another has left behind. */
export interface Memory {
  readonly runs: number
  readonly peakMb: Spread
  readonly waiting: readonly Waiting[]
}

export interface Waiting {
  readonly waitsFor: WaitsFor
  readonly runs: number
  /** Beside 100 of them. */
  readonly moreMb: Spread
  readonly cpuMsEachSecond: Spread
  readonly moreCpuMsEachSecond: Spread
}

const FEW = 100
const WATCHED_SECONDS = 10

export const measureMemory = async (
  folder: string,
  { runs, waiting, rounds }: { readonly runs: number; readonly waiting: Readonly<Record<WaitsFor, number>>; readonly rounds: number },
): Promise<Memory> => {
  const place = (): string => mkdtempSync(join(folder, 'memory-'))
  const waitingOf = async (waitsFor: WaitsFor, count: number): Promise<Waiting> => {
    const each: { readonly few: Found['idle']; readonly many: Found['idle'] }[] = []
    const found = async (of: number): Promise<Found['idle']> => {
      const left = place()
      await freshWork('waiting', [left, of, waitsFor])
      return (await freshWork('idle', [left, waitsFor, WATCHED_SECONDS])).found
    }
    for (let round = 0; round < rounds; round++) each.push({ few: await found(FEW), many: await found(count) })
    return {
      waitsFor,
      runs: count,
      moreMb: spreadOf(each.map(({ few, many }) => many.mb - few.mb)),
      cpuMsEachSecond: spreadOf(each.map(({ many }) => many.cpuMsEachSecond)),
      moreCpuMsEachSecond: spreadOf(each.map(({ few, many }) => many.cpuMsEachSecond - few.cpuMsEachSecond)),
    }
  }
  const peaks: number[] = []
  for (let round = 0; round < rounds; round++) peaks.push((await freshWork('many', [place(), runs, 4])).peakMb)
  const all: Waiting[] = []
  for (const [waitsFor, count] of Object.entries(waiting)) all.push(await waitingOf(waitsFor as WaitsFor, count))
  return { runs, peakMb: spreadOf(peaks), waiting: all }
}
