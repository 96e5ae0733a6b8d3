import type { UsageRow } from '../server/contract.ts'

export const parts = ['model', 'tool', 'agent', 'version', 'tenant', 'all'] as const
export type Part = (typeof parts)[number]

export const partTexts: Readonly<Record<Part, string>> = {
  model: 'model',
  tool: 'tool',
  agent: 'agent',
  version: 'agent and version',
  tenant: 'tenant',
  all: 'nothing, all together',
}

/** What each view can be asked by; by all where it knows no such part. */
const known = {
  'model-usage': ['model', 'agent', 'version', 'tenant'],
  'tool-usage': ['tool', 'agent', 'version', 'tenant'],
  outcomes: ['agent', 'version', 'tenant'],
} as const
export type UsageView = keyof typeof known
export const usageViews = Object.keys(known) as UsageView[]

export const partIn = (view: UsageView, part: Part): Part => ((known[view] as readonly string[]).includes(part) ? part : 'all')

export type Unit = 'count' | 'money' | 'duration' | 'share'

export interface Figure {
  readonly name: string
  readonly title: string
  readonly view: UsageView
  readonly unit: Unit
  /** null where a slot has no such value. */
  readonly value: (row: UsageRow) => number | null
  /** Whether a slot without a row counts as 0. */
  readonly isSum: boolean
}

const sumOf = (name: string, title: string, view: UsageView, value: Figure['value']): Figure => ({
  name,
  title,
  view,
  unit: 'count',
  isSum: true,
  value,
})
const lengthOf = (name: string, title: string, view: UsageView, value: Figure['value']): Figure => ({
  name,
  title,
  view,
  unit: 'duration',
  isSum: false,
  value,
})
const shareOf = (name: string, title: string, view: UsageView, value: Figure['value']): Figure => ({
  name,
  title,
  view,
  unit: 'share',
  isSum: false,
  value,
})

const part = (some: number | undefined, whole: number | undefined): number | null =>
  whole === undefined || whole === 0 ? null : (some ?? 0) / whole

export const figures: readonly Figure[] = [
  { ...sumOf('cost', 'Cost of models', 'model-usage', (row) => row.costMicroUsd ?? 0), unit: 'money' },
  sumOf('tokens', 'Tokens', 'model-usage', (row) => (row.inputTokens ?? 0) + (row.outputTokens ?? 0)),
  lengthOf('latency-p50', 'Model calls take, median', 'model-usage', (row) => row.p50Ms ?? null),
  lengthOf('latency-p95', 'Model calls take, 95 %', 'model-usage', (row) => row.p95Ms ?? null),
  shareOf('model-success', 'Model calls that do not fail', 'model-usage', (row) => part((row.calls ?? 0) - row.failed, row.calls)),
  shareOf('success', 'Turns that are answered', 'outcomes', (row) => part(row.answered, row.turns)),
  sumOf('tool-calls', 'Tool calls', 'tool-usage', (row) => row.calls ?? 0),
  sumOf('tool-errors', 'Tool calls that fail', 'tool-usage', (row) => row.failed),
  lengthOf('tool-p95', 'Tool calls take, 95 %', 'tool-usage', (row) => row.p95Ms ?? null),
]

export interface Series {
  readonly name: string
  readonly points: readonly { readonly at: number; readonly value: number | null }[]
}

interface Axis {
  readonly since: number | undefined
  readonly until: number
  readonly everyMs: number
}

const MOST_SLOTS = 500

/** Beginnings of slots of time. */
export const slotsOf = (rows: readonly UsageRow[], { since, until, everyMs }: Axis): number[] => {
  const from = since === undefined ? Math.min(...rows.map(({ slotAt }) => slotAt)) : since - (since % everyMs)
  const slots: number[] = []
  for (let at = from; at < until && slots.length < MOST_SLOTS; at += everyMs) slots.push(at)
  return slots
}

export const seriesOf = (rows: readonly UsageRow[], slots: readonly number[], { value, isSum }: Figure): readonly Series[] =>
  [...Map.groupBy(rows, ({ name }) => name)].map(([name, own]) => {
    const bySlot = new Map(own.map((row) => [row.slotAt, row]))
    const points = slots.map((at) => {
      const row = bySlot.get(at)
      return { at, value: row === undefined ? (isSum ? 0 : null) : value(row) }
    })
    return { name, points }
  })

const MINUTE = 60_000
const LONGEST = 43_200 * MINUTE
const LENGTHS = [1, 5, 15, 60, 120, 240, 480, 1_440, 10_080].map((minutes) => minutes * MINUTE)
const WANTED_SLOTS = 60

/** Of a slot, so that some dozens fill the range. */
export const slotLength = (rangeMs: number): number => LENGTHS.find((length) => rangeMs / length <= WANTED_SLOTS) ?? LONGEST
