import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { freshWork } from './fresh.ts'
import { ratioSpread, spreadOf, type Spread } from './rounds.ts'

/** Runs whose process was killed with -9 at half of their steps, from the start of a new process until all have answered. */
export interface Recovery {
  readonly runs: number
  readonly turns: number
  readonly seconds: Spread
  /** Of these, from the call of `openRefold` until it has returned. */
  readonly openSeconds: Spread
  /** Over a process that does all of the runs from nothing. */
  readonly timesAnew: Spread
}

export const measureRecovery = async (
  folder: string,
  { runs, turns }: { readonly runs: number; readonly turns: number },
  rounds: number,
): Promise<Recovery> => {
  const place = (): string => mkdtempSync(join(folder, 'recovery-'))
  const wall: number[] = []
  const open: number[] = []
  const anew: number[] = []
  for (let round = 0; round < rounds; round++) {
    anew.push((await freshWork('many', [place(), runs, turns])).wallMs)
    const left = place()
    const { exitCode } = await freshWork('crash', [left, runs, turns])
    if (exitCode !== null) throw new Error(`expected a process that kills itself, found the exit code ${exitCode}`)
    const { wallMs, found } = await freshWork('recover', [left, runs, turns])
    wall.push(wallMs)
    open.push(found.openMs)
  }
  const seconds = (ms: readonly number[]): Spread => spreadOf(ms.map((each) => each / 1_000))
  return { runs, turns, seconds: seconds(wall), openSeconds: seconds(open), timesAnew: ratioSpread(wall, anew) }
}
