import type { AnyStateMachine } from 'xstate'

import { AppError } from '../errors.ts'
import type { ChartProblem } from './chart-problem.ts'
import { functionProblems } from './check-functions.ts'
import { loopProblems } from './check-loops.ts'
import { startProblems } from './check-start.ts'
import { structureProblems } from './check-structure.ts'

export interface ChartExpectations {
  /** The names of the effects that the runtime performs for this chart; without it, the chart may ask for none. */
  readonly intents?: ReadonlySet<string>
  /** JSON with which the chart can be started, where it needs an input. */
  readonly probeInput?: unknown
}

/**
 * What in a chart would break replay: effects that are no data, actors, clocks and chance, state that runs share or that JSON cannot
 * carry, names that nobody implements. A chart is only started, as a probe, when all that is written in it is in order.
 * The checks of functions read their text and are best effort, see function-text.ts.
 */
export const validateChart = (
  machine: AnyStateMachine,
  { intents = new Set(), probeInput }: ChartExpectations = {},
): readonly ChartProblem[] => {
  const written = [...structureProblems(machine, intents), ...functionProblems(machine), ...loopProblems(machine)]
  return written.length > 0 ? written : startProblems(machine, intents, probeInput)
}

/** Throws `ChartInvalid` with every problem of {@link validateChart} and its place. */
export const assertChart = (machine: AnyStateMachine, expectations: ChartExpectations = {}): void => {
  const problems = validateChart(machine, expectations)
  if (problems.length === 0) return
  const lines = problems.map(({ rule, at, found, expected }) => `  ${rule} at ${at}: found ${found}; expected ${expected}`)
  throw new AppError('ChartInvalid', [`Chart ${machine.id} breaks what replay depends on:`, ...lines].join('\n'), {
    details: { chart: machine.id, problems },
  })
}
