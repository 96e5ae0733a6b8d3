import type { Apart } from './apart.ts'
import type { Cold } from './cold.ts'
import type { DiskSpace } from './disk-space.ts'
import type { ExploredDesk } from './explored-desk.ts'
import type { FanOut } from './fan-out.ts'
import type { Flushes } from './flushes.ts'
import type { Growth } from './growth.ts'
import type { History } from './history.ts'
import type { ManyRuns } from './many-runs.ts'
import type { Memory } from './memory.ts'
import type { OneRun } from './one-run.ts'
import type { Recovery } from './recovery.ts'
import type { Start } from './start.ts'
import type { Row } from './table.ts'

// What each case prints, with the aims.

export const oneRunRows = ({ turns, run, insertFloor, flushFloor, timesFloor, timesFlush }: OneRun): Row[] => [
  { what: `one run of ${turns} turns, µs a step`, figure: run, digits: 0 },
  { what: '  raw SQLite insert and commit, µs', figure: insertFloor, digits: 0 },
  { what: '  4 kB and fdatasync, µs', figure: flushFloor, digits: 0 },
  { what: '  run / raw insert', figure: timesFloor, digits: 2, aim: '<= 1.5' },
  { what: '  run / fdatasync', figure: timesFlush, digits: 2 },
]

export const coldRows = ({ turns, cold, coldTimesFloor, warm, warmTimesFloor }: Cold): Row[] => [
  { what: `a run of ${turns} turns in a process that has just begun, µs a step`, figure: cold, digits: 0 },
  { what: '  over a raw insert in the same process', figure: coldTimesFloor, digits: 2, aim: '<= 2' },
  { what: '  behind twenty others, µs a step', figure: warm, digits: 0 },
  { what: '  over a raw insert', figure: warmTimesFloor, digits: 2, aim: '<= 2' },
]

export const manyRunsRows = ({ runs, turns, ...figures }: ManyRuns): Row[] => [
  { what: `${runs} runs of ${turns} turns at once, steps/s`, figure: figures.stepsPerSecond, digits: 0 },
  { what: '  raw SQLite, 100 rows a commit, rows/s', figure: figures.floorStepsPerSecond, digits: 0 },
  { what: '  share of it', figure: figures.shareOfFloor, digits: 3, aim: '>= 0.5' },
  { what: '  share of it, nobody waiting for a run', figure: figures.unwatchedShareOfFloor, digits: 3 },
  { what: '  CPU, µs a step', figure: figures.cpuMicroseconds, digits: 0 },
]

export const apartRows = ({ runs, turns, runtime, watchers, projector }: Apart): Row[] => [
  { what: `CPU of ${runs} runs of ${turns} turns, µs a step: the runtime alone`, figure: runtime, digits: 0 },
  { what: '  more where each run is waited for', figure: watchers, digits: 0 },
  { what: '  the views, brought up to date afterwards', figure: projector, digits: 0 },
]

export const flushesRows = ({ oneRun, hundredRuns }: Flushes): Row[] => [
  { what: 'flushes a step, one run', figure: oneRun, digits: 2, aim: '>= 1' },
  { what: '  a hundred runs at once', figure: hundredRuns, digits: 2, aim: '< 1' },
]

export const growthRows = ({ late, step10, stepLate, lateOverStep10 }: Growth): Row[] => [
  { what: 'step 10 of a run, µs', figure: step10, digits: 0 },
  { what: `step ${late.toLocaleString('en')} of a run, µs`, figure: stepLate, digits: 0 },
  { what: `  step ${late.toLocaleString('en')} / step 10`, figure: lateOverStep10, digits: 2, aim: '<= 1.1' },
]

export const fanOutRows = ({ calls100, calls1000, calls1000Over100 }: FanOut): Row[] => [
  { what: 'a turn of 100 calls, CPU in µs a call', figure: calls100, digits: 0 },
  { what: 'a turn of 1,000 calls, CPU in µs a call', figure: calls1000, digits: 0 },
  { what: '  1,000 / 100', figure: calls1000Over100, digits: 2, aim: '<= 1.2' },
]

export const exploredDeskRows = ({ deaths, seconds, deathOverRun }: ExploredDesk): Row[] => [
  { what: `the order desk explored, ${deaths} deaths, s`, figure: seconds, digits: 2, aim: '<= 30' },
  { what: '  one death / one run without', figure: deathOverRun, digits: 1 },
]

const WALL_AIMS: Readonly<Record<string, string>> = {
  "import 'refold'": '<= 120',
  'refold --help': '<= 120',
  'refold list --help': '<= 120',
}
const MEMORY_AIMS: Readonly<Record<string, string>> = { "import 'refold'": '<= 75' }

export const startRows = ({ name, wallMs, cpuMs, peakMb, timesNode }: Start): Row[] => [
  { what: `${name}, ms`, figure: wallMs, digits: 0, aim: WALL_AIMS[name] ?? '' },
  { what: '  CPU, ms', figure: cpuMs, digits: 0 },
  { what: '  CPU over Node alone', figure: timesNode, digits: 2 },
  { what: '  memory at most, MB', figure: peakMb, digits: 0, aim: MEMORY_AIMS[name] ?? '' },
]

export const recoveryRows = ({ runs, turns, seconds, openSeconds, timesAnew }: Recovery): Row[] => [
  {
    what: `${runs} runs of ${turns} turns, killed at half of them: a new process until all are done, s`,
    figure: seconds,
    digits: 2,
    aim: '<= 0.9',
  },
  { what: '  until openRefold has returned, s', figure: openSeconds, digits: 2 },
  { what: '  over a process that does all of them', figure: timesAnew, digits: 2 },
]

export const memoryRows = ({ runs, peakMb, waiting }: Memory): Row[] => [
  { what: `${runs.toLocaleString('en')} runs at once, memory at most, MB`, figure: peakMb, digits: 0, aim: '<= 250' },
  ...waiting.flatMap(({ waitsFor, runs: count, moreMb, cpuMsEachSecond, moreCpuMsEachSecond }): Row[] => [
    {
      what: `${count.toLocaleString('en')} runs that wait for ${WAITED_FOR[waitsFor]}: MB above 100 of them`,
      figure: moreMb,
      digits: 0,
      aim: '<= 20',
    },
    { what: '  CPU while they wait, ms a second', figure: cpuMsEachSecond, digits: 1 },
    { what: '  more than 100 of them', figure: moreCpuMsEachSecond, digits: 1, aim: '<= 1' },
  ]),
]

const WAITED_FOR = { message: 'a message', approval: 'an approval', child: 'a run that waits for an approval' }

export const diskRows = (disk: DiskSpace): Row[] => [
  { what: `bytes on disk of a run of ${disk.turns} turns`, figure: disk.bytesPerRun, digits: 0 },
  { what: '  JSON of its events', figure: disk.jsonBytesPerRun, digits: 0 },
  { what: '  disk / JSON', figure: disk.timesJson, digits: 2, aim: '<= 1.3' },
  { what: '  in the views, beside the log', figure: disk.viewBytesPerRun, digits: 0 },
]

export const historyRows = ({ replay, stateAt }: History): Row[] => [
  { what: 'replay, events/s: fold alone', figure: replay.foldedPerSecond, digits: 0 },
  { what: '  with every check', figure: replay.eventsPerSecond, digits: 0, aim: '>= 50,000' },
  { what: '  verify(), read from the file', figure: replay.verifiedPerSecond, digits: 0 },
  { what: `state at a random revision of ${stateAt.events}, ms`, figure: stateAt.ms10000, digits: 1, aim: '<= 50' },
  { what: '  the first look at the run, ms', figure: stateAt.firstLookMs, digits: 0 },
]
