import { createStore } from '@xstate/store'
import { ask } from '../server/ask.ts'
import type { Chart, ChartList } from '../server/contract.ts'

/** Charts by their hash: what one is never changes. */
interface Charts {
  readonly list: ChartList | undefined
  readonly byHash: ReadonlyMap<string, Chart>
  readonly asked: ReadonlySet<string>
  readonly error: unknown
}

const LIST = 'list'
const initial: Charts = { list: undefined, byHash: new Map(), asked: new Set(), error: undefined }

export const charts = createStore({
  context: initial,
  on: {
    wanted: (before, { hash }: { hash: string | undefined }, enqueue) => {
      const name = hash ?? LIST
      if (before.asked.has(name)) return before
      enqueue.effect(() => void load(hash))
      return { ...before, asked: new Set([...before.asked, name]), error: undefined }
    },
    listed: (before, { list }: { list: ChartList }) => ({ ...before, list }),
    drawn: (before, { chart }: { chart: Chart }) => ({ ...before, byHash: new Map(before.byHash).set(chart.hash, chart) }),
    failed: (before, { name, error }: { name: string; error: unknown }) => ({
      ...before,
      error,
      asked: new Set([...before.asked].filter((each) => each !== name)),
    }),
  },
})

const load = async (hash: string | undefined): Promise<void> => {
  try {
    if (hash === undefined) charts.trigger.listed({ list: await ask<ChartList>('/v1/charts') })
    else charts.trigger.drawn({ chart: await ask<Chart>(`/v1/charts/${hash}`) })
  } catch (error) {
    charts.trigger.failed({ name: hash ?? LIST, error })
  }
}
