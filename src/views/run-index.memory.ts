import type { RunRow } from '../projections/run-index.ts'
import { checkLimit, checkpointAfter, indexClosed } from './batch-decision.ts'
import type { Checkpoint, RunIndex, RunPage } from './run-index.ts'

/** For tests, and for a process that folds its log anew at each start. */
export const memoryRunIndex = (): RunIndex => {
  let rows = new Map<string, RunRow>()
  let offsets = new Map<string, ReadonlyMap<number, number>>()
  let generation = 0
  let stored: Checkpoint | undefined
  let isClosed = false
  const checkOpen = (): void => {
    if (isClosed) throw indexClosed()
  }

  return {
    async checkpoint() {
      checkOpen()
      return stored
    },
    async apply(batch) {
      checkOpen()
      const next = checkpointAfter(stored, batch)
      if (next === undefined) return false
      putNewer(rows, batch.rows)
      stored = next
      return true
    },
    async topicState(topic) {
      checkOpen()
      return { generation, offsets: offsets.get(topic) ?? new Map() }
    },
    async applyFrom({ topic, partition, from, next, ...batch }) {
      checkOpen()
      if (batch.generation !== generation || offsets.get(topic)?.get(partition) !== from) return false
      putNewer(rows, batch.rows)
      offsets.set(topic, new Map([...(offsets.get(topic) ?? []), [partition, next]]))
      return true
    },
    async beginRebuild() {
      checkOpen()
      const rebuilt = new Map<string, RunRow>()
      return {
        get: async (runId) => rebuilt.get(runId),
        put: async (changed) => {
          putNewer(rebuilt, changed)
        },
        async finish(topic, from) {
          checkOpen()
          rows = rebuilt
          offsets = new Map([[topic, new Map(from)]])
          generation += 1
          stored = undefined
        },
        discard: () => Promise.resolve(),
      }
    },
    async get(runId) {
      checkOpen()
      return rows.get(runId)
    },
    async list(page) {
      checkOpen()
      checkLimit(page.limit)
      const found = [...rows.values()].filter((row) => isOn(page, row))
      return found.sort((a, b) => b.position - a.position).slice(0, page.limit)
    },
    async due(now, limit) {
      checkOpen()
      checkLimit(limit)
      const found = [...rows.values()].filter((row) => isDue(row, now))
      return found.sort((a, b) => (a.attentionAt ?? 0) - (b.attentionAt ?? 0) || a.position - b.position).slice(0, limit)
    },
    async clear() {
      checkOpen()
      rows = new Map()
      offsets = new Map()
      generation += 1
      stored = undefined
    },
    async close() {
      isClosed = true
    },
  }
}

const putNewer = (rows: Map<string, RunRow>, changed: readonly RunRow[]): void => {
  for (const row of changed) if (row.revision > (rows.get(row.runId)?.revision ?? -1)) rows.set(row.runId, row)
}

const isOn = (page: RunPage, row: RunRow): boolean =>
  (page.status ?? row.status) === row.status &&
  (page.agent ?? row.agent) === row.agent &&
  (page.waitsFor ?? row.waitsFor) === row.waitsFor &&
  (page.tenant ?? row.tenant) === row.tenant &&
  row.position < (page.before ?? Infinity)

const isDue = (row: RunRow, now: number): boolean =>
  row.status === 'active' && row.problem === undefined && row.attentionAt !== null && row.attentionAt <= now
