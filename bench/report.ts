import type { DiskSpace } from './disk-space.ts'
import type { Growth } from './growth.ts'
import type { History } from './history.ts'
import type { ManyRuns } from './many-runs.ts'
import type { OneRun } from './one-run.ts'
import { jsonText, machineLine, tableText, type Measured, type Row } from './table.ts'

export interface Results extends History {
  readonly machine: Measured
  readonly oneRuns: readonly OneRun[]
  readonly hundredRuns: ManyRuns
  readonly thousandRuns: ManyRuns
  readonly growth: Growth
  readonly disk: DiskSpace
}

const oneRunRows = ({ turns, run, insertFloor, flushFloor, timesFloor, timesFlush }: OneRun): Row[] => [
  { what: `one run of ${turns} turns, µs a step`, figure: run, digits: 0 },
  { what: '  raw SQLite insert and commit, µs', figure: insertFloor, digits: 0 },
  { what: '  4 kB and fdatasync, µs', figure: flushFloor, digits: 0 },
  { what: '  run / raw insert', figure: timesFloor, digits: 2, aim: '<= 1.5' },
  { what: '  run / fdatasync', figure: timesFlush, digits: 2 },
]

const manyRunsRows = ({ runs, turns, ...figures }: ManyRuns): Row[] => [
  { what: `${runs} runs of ${turns} turns at once, steps/s`, figure: figures.stepsPerSecond, digits: 0 },
  { what: '  raw SQLite, 100 rows a commit, rows/s', figure: figures.floorStepsPerSecond, digits: 0 },
  { what: '  share of it', figure: figures.shareOfFloor, digits: 3, aim: '>= 0.5' },
  { what: '  share of it, nobody waiting for a run', figure: figures.unwatchedShareOfFloor, digits: 3 },
  { what: '  CPU, µs a step', figure: figures.cpuMicroseconds, digits: 0 },
]

const rowsOf = ({ oneRuns, hundredRuns, thousandRuns, growth, disk, replay, stateAt }: Results): Row[] => [
  ...oneRuns.flatMap(oneRunRows),
  ...manyRunsRows(hundredRuns),
  ...manyRunsRows(thousandRuns),
  { what: 'step 10 of a run, µs', figure: growth.step10, digits: 0 },
  { what: 'step 1,000 of a run, µs', figure: growth.step1000, digits: 0 },
  { what: '  step 1,000 / step 10', figure: growth.step1000OverStep10, digits: 2, aim: '<= 1.1' },
  { what: `bytes on disk of a run of ${disk.turns} turns`, figure: disk.bytesPerRun, digits: 0 },
  { what: '  JSON of its events', figure: disk.jsonBytesPerRun, digits: 0 },
  { what: '  disk / JSON', figure: disk.timesJson, digits: 2, aim: '<= 1.3' },
  { what: '  in the views, beside the log', figure: disk.viewBytesPerRun, digits: 0 },
  { what: 'replay, events/s: fold alone', figure: replay.foldedPerSecond, digits: 0 },
  { what: '  with every check', figure: replay.eventsPerSecond, digits: 0, aim: '>= 50,000' },
  { what: '  verify(), read from the file', figure: replay.verifiedPerSecond, digits: 0 },
  { what: `state at a random revision of ${stateAt.events}, ms`, figure: stateAt.ms10000, digits: 1, aim: '<= 50' },
  { what: '  the first look at the run, ms', figure: stateAt.firstLookMs, digits: 0 },
]

/** For people. */
export const table = (results: Results): string => [machineLine(results.machine), '', tableText(rowsOf(results))].join('\n')

/** One line of JSON: medians at the places that scripts look at, and the whole of each figure under `figures`. */
export const jsonLine = (results: Results): string => {
  const { machine, oneRuns, hundredRuns, thousandRuns, growth, disk, replay, stateAt } = results
  const headline = oneRuns.find(({ turns }) => turns === HEADLINE_TURNS) ?? oneRuns[0]
  return jsonText({
    oneRun: { timesFloor: headline?.timesFloor.median, turns: headline?.turns },
    hundredRuns: { shareOfFloor: hundredRuns.shareOfFloor.median, stepsPerSecond: hundredRuns.stepsPerSecond.median },
    thousandRuns: { shareOfFloor: thousandRuns.shareOfFloor.median, stepsPerSecond: thousandRuns.stepsPerSecond.median },
    growth: { step1000OverStep10: growth.step1000OverStep10.median },
    disk: { timesJson: disk.timesJson.median },
    replay: { eventsPerSecond: replay.eventsPerSecond.median, verifiedPerSecond: replay.verifiedPerSecond.median },
    stateAt: { ms10000: stateAt.ms10000.median, firstLookMs: stateAt.firstLookMs.median },
    machine,
    figures: { oneRuns, hundredRuns, thousandRuns, growth, disk, replay, stateAt },
  })
}

/** Of the runs measured alone, the one whose ratio stands for all. */
export const HEADLINE_TURNS = 50
