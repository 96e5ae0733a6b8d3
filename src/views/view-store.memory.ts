import type { RunRow } from '../projections/run-index.ts'
import { checkLimit, checkpointAfter, viewsClosed } from './batch-decision.ts'
import type { Checkpoint, ViewStore, ViewShadow, RunPage } from './view-store.ts'

interface Held {
  rows: Map<string, RunRow>
  /** By topic and partition. */
  offsets: Map<string, ReadonlyMap<number, number>>
  generation: number
  checkpoint: Checkpoint | undefined
  isClosed: boolean
}

/** For tests, and for a process that folds its log anew at each start. */
export const memoryViewStore = (): ViewStore => {
  const held: Held = { rows: new Map(), offsets: new Map(), generation: 0, checkpoint: undefined, isClosed: false }
  return {
    ...fedFromLog(held),
    ...fedFromTopic(held),
    ...queries(held),
    async clear() {
      replace(held, new Map(), new Map())
    },
    async close() {
      held.isClosed = true
    },
  }
}

const open = (held: Held): Held => {
  if (held.isClosed) throw viewsClosed()
  return held
}

const replace = (held: Held, rows: Held['rows'], offsets: Held['offsets']): void => {
  Object.assign(open(held), { rows, offsets, generation: held.generation + 1, checkpoint: undefined })
}

const fedFromLog = (held: Held): Pick<ViewStore, 'checkpoint' | 'apply'> => ({
  checkpoint: async () => open(held).checkpoint,
  async apply(batch) {
    const next = checkpointAfter(open(held).checkpoint, batch)
    if (next === undefined) return false
    putNewer(held.rows, batch.rows)
    held.checkpoint = next
    return true
  },
})

const fedFromTopic = (held: Held): Pick<ViewStore, 'topicState' | 'applyFrom' | 'beginRebuild'> => ({
  async topicState(topic) {
    const { generation, offsets } = open(held)
    return { generation, offsets: offsets.get(topic) ?? new Map() }
  },
  async applyFrom({ rows, topic, partition, generation, from, next }) {
    const { offsets } = open(held)
    if (generation !== held.generation || offsets.get(topic)?.get(partition) !== from) return false
    putNewer(held.rows, rows)
    offsets.set(topic, new Map([...(offsets.get(topic) ?? []), [partition, next]]))
    return true
  },
  beginRebuild: async () => rebuild(open(held)),
})

const rebuild = (held: Held): ViewShadow => {
  const rows = new Map<string, RunRow>()
  return {
    getMany: async (runIds) => rowsOf(rows, runIds),
    async put(changed) {
      putNewer(rows, changed)
    },
    async finish(topic, offsets) {
      replace(held, rows, new Map([[topic, new Map(offsets)]]))
    },
    discard: () => Promise.resolve(),
  }
}

const queries = (held: Held): Pick<ViewStore, 'get' | 'getMany' | 'list' | 'due'> => ({
  get: async (runId) => open(held).rows.get(runId),
  getMany: async (runIds) => rowsOf(open(held).rows, runIds),
  async list(page) {
    const { rows } = open(held)
    checkLimit(page.limit)
    const found = [...rows.values()].filter((row) => isOn(page, row))
    return found.sort((a, b) => b.position - a.position).slice(0, page.limit)
  },
  async due(now, limit) {
    const { rows } = open(held)
    checkLimit(limit)
    const found = [...rows.values()].filter((row) => isDue(row, now))
    return found.sort((a, b) => (a.attentionAt ?? 0) - (b.attentionAt ?? 0) || a.position - b.position).slice(0, limit)
  },
})

const rowsOf = (rows: ReadonlyMap<string, RunRow>, runIds: readonly string[]): RunRow[] => runIds.flatMap((runId) => rows.get(runId) ?? [])

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
