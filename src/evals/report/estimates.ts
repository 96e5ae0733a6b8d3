import { bootstrapMean } from '../statistics/bootstrap.ts'
import type { Chance } from '../statistics/chance.ts'
import { clustersOf, meanOf, type Measured } from '../statistics/clusters.ts'
import { ANY_SHARE, type Estimate } from '../statistics/interval.ts'
import { wilsonInterval } from '../statistics/wilson.ts'

/** As JSON has it: what nobody knows is null. */
export interface ReportedEstimate {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}

export const reported = ({ value, low, high }: Estimate): ReportedEstimate => ({ value: known(value), low: known(low), high: known(high) })

export const known = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null)

export type ShareMethod = 'Wilson' | 'bootstrap over tasks' | 'Wilson over tasks'

export interface Share extends ReportedEstimate {
  /** How the interval was made, of 95 %. */
  readonly method: ShareMethod
}

/**
 * How many of them pass. Wilson's interval where each task was run once; else tasks are drawn whole. Tasks that all agree leave nothing to draw: they
 * count as one case each then.
 */
export const shareOf = (verdicts: readonly Measured[], chance: Chance): Share => {
  const { sums, sizes } = clustersOf(verdicts)
  const value = meanOf(verdicts)
  const passed = sums.reduce((sum, each) => sum + each, 0)
  if (sizes.length === verdicts.length) return { ...reported({ value, ...wilsonInterval(passed, verdicts.length) }), method: 'Wilson' }
  if (value === 0 || value === 1)
    return { ...reported({ value, ...wilsonInterval(value * sizes.length, sizes.length) }), method: 'Wilson over tasks' }
  const drawn = bootstrapMean(verdicts, { chance })
  const bounds = Number.isFinite(drawn.low) ? drawn : { ...drawn, ...ANY_SHARE }
  return { ...reported(bounds), method: 'bootstrap over tasks' }
}

/** Of a mean over values of tasks: how far it would be off, were other tasks drawn. Undefined of fewer than two. */
export const standardErrorOf = (values: readonly Measured[]): number | undefined => {
  const { sums, sizes } = clustersOf(values)
  const tasks = sums.length
  if (tasks < 2) return undefined
  const mean = meanOf(values)
  const squares = sums.reduce((total, sum, index) => total + (sum - mean * (sizes[index] ?? 0)) ** 2, 0)
  return Math.sqrt((tasks / (tasks - 1)) * squares) / values.length
}
