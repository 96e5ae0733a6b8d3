import { measureApart } from './apart.ts'
import { measureCold } from './cold.ts'
import { measureDiskSpace } from './disk-space.ts'
import { measureExploredDesk } from './explored-desk.ts'
import { measureFanOut } from './fan-out.ts'
import { measureFlushes } from './flushes.ts'
import { measureGrowth } from './growth.ts'
import { measureHistory } from './history.ts'
import { measureManyRuns } from './many-runs.ts'
import { measureMemory } from './memory.ts'
import { measureOneRun } from './one-run.ts'
import { measureRecovery } from './recovery.ts'
import * as rows from './report.ts'
import type { RoundLimits } from './rounds.ts'
import { measureStart } from './start.ts'
import type { Row } from './table.ts'

export interface Subject {
  readonly folder: string
  readonly quick: boolean
}

export interface Measured {
  readonly rows: readonly Row[]
  /** Medians at the places that scripts look at. */
  readonly headline: Readonly<Record<string, object>>
  /** All of it, with spread. */
  readonly figures: unknown
  readonly note?: string
}

export interface Case {
  readonly about: string
  readonly measure: (subject: Subject) => Promise<Measured>
}

const SHORT_RUN = 10
/** Of the runs measured alone, the one whose ratio stands for all. */
const HEADLINE_TURNS = 50
const EARLY_AND_LATE = 1_000
const VERY_LATE = 10_000

const limits = (quick: boolean, most: number, withinMs: number): RoundLimits =>
  quick ? { least: 1, most: 3, withinMs: withinMs / 10 } : { least: 2, most, withinMs }

/** By the names that `--only` takes. */
export const cases: Readonly<Record<string, Case>> = {
  'one-run': {
    about: 'a durable step of one run beside a raw insert and a flush',
    async measure({ folder, quick }) {
      const figures = []
      for (const turns of quick ? [HEADLINE_TURNS] : [SHORT_RUN, HEADLINE_TURNS, 200])
        figures.push(await measureOneRun(folder, turns, limits(quick, 25, 8_000)))
      const headline = figures.find(({ turns }) => turns === HEADLINE_TURNS)
      return {
        rows: figures.flatMap(rows.oneRunRows),
        headline: { oneRun: { timesFloor: headline?.timesFloor.median, turns: headline?.turns } },
        figures,
      }
    },
  },
  cold: {
    about: 'the same in a process that has just begun, and in one that is warm',
    async measure({ folder, quick }) {
      const figures = await measureCold(folder, SHORT_RUN, quick ? 1 : 5)
      return { rows: rows.coldRows(figures), headline: { cold: { timesFloor: figures.coldTimesFloor.median } }, figures }
    },
  },
  'hundred-runs': {
    about: 'a hundred runs at once beside raw inserts with group commit',
    async measure({ folder, quick }) {
      const figures = await measureManyRuns(folder, { runs: 100, turns: SHORT_RUN }, limits(quick, 15, 8_000))
      const { shareOfFloor, stepsPerSecond } = figures
      return {
        rows: rows.manyRunsRows(figures),
        headline: { hundredRuns: { shareOfFloor: shareOfFloor.median, stepsPerSecond: stepsPerSecond.median } },
        figures,
      }
    },
  },
  'thousand-runs': {
    about: 'a thousand of them',
    async measure({ folder, quick }) {
      const figures = await measureManyRuns(folder, { runs: 1_000, turns: quick ? 2 : 4 }, limits(quick, 9, 12_000))
      const { shareOfFloor, stepsPerSecond } = figures
      return {
        rows: rows.manyRunsRows(figures),
        headline: { thousandRuns: { shareOfFloor: shareOfFloor.median, stepsPerSecond: stepsPerSecond.median } },
        figures,
      }
    },
  },
  apart: {
    about: 'runtime, watchers and projector apart',
    async measure({ folder, quick }) {
      const figures = await measureApart(folder, { runs: 100, turns: SHORT_RUN }, limits(quick, 15, 8_000))
      const { runtime, watchers, projector } = figures
      return {
        rows: rows.apartRows(figures),
        headline: { apart: { runtime: runtime.median, watchers: watchers.median, projector: projector.median } },
        figures,
      }
    },
  },
  flushes: {
    about: 'flushes of the disk that the kernel sees a step; needs strace',
    async measure({ folder, quick }) {
      const figures = await measureFlushes(folder, SHORT_RUN, quick ? 1 : 3)
      if (figures === undefined) return { rows: [], headline: {}, figures: null, note: 'Flushes were not counted: there is no strace.' }
      const { oneRun, hundredRuns } = figures
      return {
        rows: rows.flushesRows(figures),
        headline: { flushes: { oneRun: oneRun.median, hundredRuns: hundredRuns.median } },
        figures,
      }
    },
  },
  growth: {
    about: 'late steps of a run beside early ones',
    async measure({ folder, quick }) {
      const figures = [await measureGrowth(folder, EARLY_AND_LATE, limits(quick, 15, 8_000))]
      if (!quick) figures.push(await measureGrowth(folder, VERY_LATE, limits(quick, 3, 20_000)))
      return {
        rows: figures.flatMap(rows.growthRows),
        headline: {
          growth: Object.fromEntries(figures.map(({ late, lateOverStep10 }) => [`step${late}OverStep10`, lateOverStep10.median])),
        },
        figures,
      }
    },
  },
  'fan-out': {
    about: 'a thousand calls in one turn beside a hundred',
    async measure({ folder, quick }) {
      const figures = await measureFanOut(folder, limits(quick, 7, 10_000))
      return { rows: rows.fanOutRows(figures), headline: { fanOut: { calls1000Over100: figures.calls1000Over100.median } }, figures }
    },
  },
  explore: {
    about: 'the order desk, whose process dies at each of its appends',
    async measure({ quick }) {
      const figures = await measureExploredDesk(limits(quick, 7, 20_000))
      const { seconds, deathOverRun } = figures
      return {
        rows: rows.exploredDeskRows(figures),
        headline: { explore: { seconds: seconds.median, deathOverRun: deathOverRun.median } },
        figures,
      }
    },
  },
  start: {
    about: 'Node, the import, help and openRefold, as processes of their own',
    async measure({ folder, quick }) {
      const figures = await measureStart(folder, quick ? 3 : 15)
      return {
        rows: figures.flatMap(rows.startRows),
        headline: { start: Object.fromEntries(figures.map(({ name, wallMs }) => [name, wallMs.median])) },
        figures,
      }
    },
  },
  recovery: {
    about: 'runs whose process was killed with -9, until a new one has finished all',
    async measure({ folder, quick }) {
      const figures = await measureRecovery(folder, { runs: quick ? 50 : 200, turns: SHORT_RUN }, quick ? 1 : 5)
      const { seconds, timesAnew } = figures
      return {
        rows: rows.recoveryRows(figures),
        headline: { recovery: { seconds: seconds.median, timesAnew: timesAnew.median } },
        figures,
      }
    },
  },
  memory: {
    about: 'a thousand runs at once, and thousands that wait',
    async measure({ folder, quick }) {
      const waiting = quick ? { message: 1_000, approval: 1_000, child: 300 } : { message: 10_000, approval: 10_000, child: 2_000 }
      const figures = await measureMemory(folder, { runs: 1_000, waiting, rounds: quick ? 1 : 2 })
      const waits = figures.waiting.map(({ waitsFor, moreMb, moreCpuMsEachSecond }) => [
        waitsFor,
        { moreMb: moreMb.median, moreCpuMsEachSecond: moreCpuMsEachSecond.median },
      ])
      return {
        rows: rows.memoryRows(figures),
        headline: { memory: { peakMb: figures.peakMb.median, ...(Object.fromEntries(waits) as object) } },
        figures,
      }
    },
  },
  disk: {
    about: 'space on disk beside the JSON of the events',
    async measure({ folder, quick }) {
      const figures = await measureDiskSpace(folder, SHORT_RUN, quick ? 1 : 3)
      return { rows: rows.diskRows(figures), headline: { disk: { timesJson: figures.timesJson.median } }, figures }
    },
  },
  history: {
    about: 'replay, and looks at the past of a run of 10,000 events',
    async measure({ folder, quick }) {
      const figures = await measureHistory(folder, limits(quick, 9, 8_000))
      const { replay, stateAt } = figures
      return {
        rows: rows.historyRows(figures),
        headline: {
          replay: { eventsPerSecond: replay.eventsPerSecond.median, verifiedPerSecond: replay.verifiedPerSecond.median },
          stateAt: { ms10000: stateAt.ms10000.median, firstLookMs: stateAt.firstLookMs.median },
        },
        figures,
      }
    },
  },
}
