import { valueOf, valueText, type ChartNumbers, type Measure, type Numbers } from './numbers.ts'

/** How one state or edge is drawn. */
export interface Heat {
  readonly className: string
  /** The number, always written: `1,204`, `≤ 12`, `1,204 · was 987`. */
  readonly text: string
  /** Its line is drawn as two. */
  readonly isDouble?: boolean
}

export interface ChartHeat {
  readonly states: ReadonlyMap<string, Heat>
  readonly edges: ReadonlyMap<string, Heat>
}

const STEPS = 5
const WIDEST = 6

/** `other` is what it is compared with. */
export const heatOf = (own: ChartNumbers, other: ChartNumbers | undefined, measure: Measure): ChartHeat => {
  const most = (all: ReadonlyMap<string, Numbers>, of: 'state' | 'edge'): number =>
    Math.max(0, ...[...all].map(([, numbers]) => valueOf(numbers, measure, of) ?? 0))
  const heats = (of: 'state' | 'edge'): ReadonlyMap<string, Heat> => {
    const all = of === 'state' ? own.states : own.edges
    const others = of === 'state' ? other?.states : other?.edges
    const highest = most(all, of)
    return new Map(
      [...all].map(([id, numbers]) => [
        id,
        heat({ numbers, before: others?.get(id), isCompared: others !== undefined, highest }, measure, of),
      ]),
    )
  }
  return { states: heats('state'), edges: heats('edge') }
}

interface Measured {
  readonly numbers: Numbers
  readonly before: Numbers | undefined
  readonly isCompared: boolean
  readonly highest: number
}

const heat = ({ numbers, before, isCompared, highest }: Measured, measure: Measure, of: 'state' | 'edge'): Heat => {
  const value = valueOf(numbers, measure, of)
  const was = before === undefined ? null : valueOf(before, measure, of)
  const text = `${numbers.isAtMost && numbers.count > 0 ? '≤ ' : ''}${valueText(value, measure, of)}`
  const hue = isCompared ? differenceClass(value, was) : `heat-${level(value, highest)}`
  const width = of === 'edge' ? ` width-${Math.min(WIDEST, Math.ceil(Math.log10(numbers.count + 1) * 1.5))}` : ''
  return {
    className: `${numbers.count === 0 ? 'never' : hue}${width}`,
    text: isCompared ? `${text} · was ${valueText(was, measure, of)}` : text,
  }
}

const level = (value: number | null, highest: number): number =>
  value === null || value <= 0 || highest <= 0 ? 0 : Math.max(1, Math.ceil((value / highest) * STEPS))

/** By doublings. */
const differenceClass = (value: number | null, was: number | null): string => {
  if (value === null || was === null || value === was) return 'heat-0'
  const doublings = Math.abs(Math.log2((value + Number.EPSILON) / (was + Number.EPSILON)))
  const strength = doublings < 0.15 ? 0 : doublings < 0.6 ? 1 : doublings < 1.2 ? 2 : 3
  return strength === 0 ? 'heat-0' : `${value > was ? 'more' : 'less'}-${strength}`
}
