import type { Interval } from '../statistics/interval.ts'
import { createTally, shareOf, type CountedDifference, type Difference } from './tally.ts'

export type WhatIfMode = 'fold' | 'ask' | 'run'

export interface NamedRun {
  readonly runId: string
  readonly why: string
  readonly fork?: string
}

/** So many runs that could not be compared, and the first of them. */
export interface LeftOut {
  readonly count: number
  readonly runs: readonly NamedRun[]
}

/** What would be otherwise with another version, over many recorded runs. */
export interface WhatIfReport {
  readonly id: string
  readonly mode: WhatIfMode
  /** `name@version` */
  readonly agent: string
  /** That the condition has chosen, and those of them that were looked at. */
  readonly chosen: number
  readonly runs: number
  /** Runs, or with `ask` calls of models. */
  readonly compared: number
  readonly different: number
  /** Of what was compared, with its 95 % interval by Wilson. */
  readonly share: Interval & { readonly share: number }
  readonly differences: readonly CountedDifference[]
  /** Runs in which a model would be asked otherwise. */
  readonly prompts: readonly CountedDifference[]
  /**
   * In US dollars, of so many of what was compared: as recorded, and as it would be; those that stop elsewhere than recorded are left out. And all
   * that this what-if has paid. Null where nothing is asked.
   */
  readonly costUsd: { readonly of: number; readonly recorded: number; readonly now: number; readonly paid: number } | null
  readonly deleted: LeftOut
  readonly unreadable: LeftOut
  readonly unfinished: LeftOut
  /** Why it ended before all runs were looked at; null where they were. */
  readonly stopped: 'cost' | null
}

export interface Found {
  readonly compared: number
  readonly differences: readonly Difference[]
  readonly prompts: readonly Difference[]
  /** In millionths of a US dollar, of as many as can be compared by it. */
  readonly cost: { readonly of: number; readonly recorded: number; readonly now: number }
  readonly unfinished: readonly NamedRun[]
}

/** Sums of what is found run by run. It keeps counts and examples, and no run. */
export interface Sums {
  take(found: Found): void
  leaveOut(as: 'deleted' | 'unreadable', run: NamedRun): void
  report(about: Pick<WhatIfReport, 'id' | 'mode' | 'agent' | 'chosen' | 'stopped'> & { readonly paidMicroUsd: number }): WhatIfReport
}

const MOST_NAMED = 20

export const createSums = (): Sums => {
  const [differences, prompts] = [createTally(), createTally()]
  const left = { deleted: leftOut(), unreadable: leftOut(), unfinished: leftOut() }
  const sum = { runs: 0, compared: 0, different: 0, of: 0, recorded: 0, now: 0 }
  return {
    take(found) {
      sum.runs += 1
      sum.compared += found.compared
      sum.different += found.differences.length
      sum.of += found.cost.of
      sum.recorded += found.cost.recorded
      sum.now += found.cost.now
      for (const each of found.differences) differences.add(each)
      for (const each of found.prompts) prompts.add(each)
      for (const each of found.unfinished) left.unfinished.add(each)
    },
    leaveOut(as, run) {
      left[as].add(run)
    },
    report: ({ paidMicroUsd, ...about }) => ({
      ...about,
      runs: sum.runs,
      compared: sum.compared,
      different: sum.different,
      share: shareOf(sum.different, sum.compared),
      differences: differences.counted(sum.compared),
      prompts: prompts.counted(sum.compared),
      costUsd: about.mode === 'fold' ? null : { of: sum.of, recorded: usd(sum.recorded), now: usd(sum.now), paid: usd(paidMicroUsd) },
      deleted: left.deleted.found(),
      unreadable: left.unreadable.found(),
      unfinished: left.unfinished.found(),
    }),
  }
}

const usd = (microUsd: number): number => microUsd / 1_000_000

const leftOut = () => {
  const runs: NamedRun[] = []
  let count = 0
  return {
    add(run: NamedRun) {
      count += 1
      if (runs.length < MOST_NAMED) runs.push(run)
    },
    found: (): LeftOut => ({ count, runs: [...runs] }),
  }
}
