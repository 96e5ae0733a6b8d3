import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { tracedWork } from './fresh.ts'
import { stepsOf } from './reader.ts'
import { spreadOf, type Spread } from './rounds.ts'

/** Calls of fsync and fdatasync that the kernel has seen, for each step. One run waits for the disk at each; many share a flush. */
export interface Flushes {
  readonly oneRun: Spread
  readonly hundredRuns: Spread
}

/** Undefined where there is no `strace`. */
export const measureFlushes = async (folder: string, turns: number, rounds: number): Promise<Flushes | undefined> => {
  if (spawnSync('strace', ['-V']).status !== 0) return undefined
  const eachStep = async (runs: number): Promise<number> => {
    const place = mkdtempSync(join(folder, 'flushes-'))
    const trace = join(place, 'trace')
    await tracedWork(trace, 'many', [place, runs, turns])
    const idle = join(place, 'idle')
    await tracedWork(idle, 'open', [mkdtempSync(join(folder, 'flushes-'))])
    return (flushesIn(trace) - flushesIn(idle)) / (runs * stepsOf(turns))
  }
  const one: number[] = []
  const hundred: number[] = []
  for (let round = 0; round < rounds; round++) {
    one.push(await eachStep(1))
    hundred.push(await eachStep(100))
  }
  return { oneRun: spreadOf(one), hundredRuns: spreadOf(hundred) }
}

const flushesIn = (trace: string): number => readFileSync(trace, 'utf8').match(/\bf(?:data)?sync\(/g)?.length ?? 0
