import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { freshWork, type Found } from './fresh.ts'
import { ratioSpread, spreadOf, type Spread } from './rounds.ts'

/** One run in a process that has done nothing before, and in the same process behind twenty others. Microseconds a step. */
export interface Cold {
  readonly turns: number
  readonly cold: Spread
  readonly coldTimesFloor: Spread
  readonly warm: Spread
  readonly warmTimesFloor: Spread
}

export const measureCold = async (folder: string, turns: number, rounds: number): Promise<Cold> => {
  const found: Found['cold'][] = []
  for (let round = 0; round < rounds; round++) found.push((await freshWork('cold', [mkdtempSync(join(folder, 'cold-')), turns])).found)
  const of = (which: 'cold' | 'warm', what: 'floor' | 'run'): number[] => found.map((each) => each[which][what])
  return {
    turns,
    cold: spreadOf(of('cold', 'run')),
    coldTimesFloor: ratioSpread(of('cold', 'run'), of('cold', 'floor')),
    warm: spreadOf(of('warm', 'run')),
    warmTimesFloor: ratioSpread(of('warm', 'run'), of('warm', 'floor')),
  }
}
