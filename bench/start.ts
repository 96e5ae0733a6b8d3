import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { freshProcess, freshWork, type Fresh } from './fresh.ts'
import { ratioSpread, spreadOf, type Spread } from './rounds.ts'

/** What somebody waits for before anything has happened. Each figure is one of whole processes, their end among it. */
export interface Start {
  readonly name: string
  readonly wallMs: Spread
  readonly cpuMs: Spread
  readonly peakMb: Spread
  /** Processor time over that of a Node that does nothing. */
  readonly timesNode: Spread
}

export const measureStart = async (folder: string, rounds: number): Promise<readonly Start[]> => {
  const begin = (runs: number): (() => Promise<Fresh>) => {
    const place = mkdtempSync(join(folder, 'start-'))
    return async () => {
      if (runs > 0 && !filled.has(place)) await freshWork('many', [place, runs, 2])
      filled.add(place)
      return freshWork('open', [place])
    }
  }
  const filled = new Set<string>()
  const subjects: Readonly<Record<string, () => Promise<Fresh>>> = {
    'Node alone': () => freshProcess(['-e', '0']),
    "import 'refold'": () => freshProcess(['--input-type=module', '-e', "import 'refold'"]),
    'refold --help': () => freshProcess(['dist/main.js', '--help']),
    'refold list --help': () => freshProcess(['dist/main.js', 'list', '--help']),
    'a new log, opened and closed': begin(0),
    'a log of 1,000 runs, opened and closed': begin(1_000),
  }
  const seen = Object.keys(subjects).map((name) => ({ name, fresh: [] as Fresh[] }))
  // The first round warms up and is forgotten.
  for (let round = -1; round < rounds; round++) {
    for (const { name, fresh } of seen) {
      const found = await subjects[name]?.()
      if (found !== undefined && round >= 0) fresh.push(found)
    }
  }
  const nodes = seen[0]?.fresh.map(({ cpuMs }) => cpuMs) ?? []
  return seen.map(({ name, fresh }) => ({
    name,
    wallMs: spreadOf(fresh.map(({ wallMs }) => wallMs)),
    cpuMs: spreadOf(fresh.map(({ cpuMs }) => cpuMs)),
    peakMb: spreadOf(fresh.map(({ peakMb }) => peakMb)),
    timesNode: ratioSpread(
      fresh.map(({ cpuMs }) => cpuMs),
      nodes,
    ),
  }))
}
