import { tagLine, tagLines } from '../../events/tags.ts'
import type { RunRow } from '../../projections/run-index.ts'
import { noRecords, type ViewRecords } from '../../projections/view-records.ts'
import { memoryAnswers, type MemoryAnswers } from './answers.ts'
import { memoryTables, type MemoryTables } from './tables.ts'
import { sqliteSql, type SqliteSql } from '../sqlite-sql.ts'
import { checkpointAfter, rebuildTakenOver, viewsClosed } from '../view-decision.ts'
import { checkDue, checkRunPage } from '../run-filter.ts'
import { changedQuery, countQuery, foundRun, foundRuns, runCounts, searchQuery } from '../run-search.ts'
import { pageOf, queryText, type QueryText, type ViewRow } from '../view-queries.ts'
import type { Checkpoint, LogBatch, RebuiltPlace, RunPage, TopicBatch, ViewShadow, ViewStore } from '../view-store.ts'
import { recordTables, runsTable } from '../view-tables.ts'

interface Held {
  tables: MemoryTables
  readonly answers: MemoryAnswers
  readonly sql: SqliteSql
  /** By topic and partition. */
  offsets: Map<string, ReadonlyMap<number, number>>
  generation: number
  checkpoint: Checkpoint | undefined
  rebuild: object | undefined
  pausedSince: number | undefined
  isClosed: boolean
}

/** For tests, and for a process that folds its log anew at each start. */
export const memoryViewStore = (): ViewStore => {
  const answers = memoryAnswers()
  const held: Held = {
    tables: memoryTables(),
    answers,
    sql: sqliteSql(() => ({ bytes: answers.bytes(open(held).tables) })),
    offsets: new Map(),
    generation: 0,
    checkpoint: undefined,
    rebuild: undefined,
    pausedSince: undefined,
    isClosed: false,
  }
  return {
    ...fed(held),
    ...runs(held),
    ...searches(held),
    ...views(held),
    pausedSince: async () => open(held).pausedSince,
    setPaused: async (since) => {
      open(held).pausedSince = since
    },
    clear: async () => {
      replace(held, memoryTables(), { checkpoint: undefined })
    },
    close: async () => {
      held.isClosed = true
      held.answers.close()
      held.sql.close()
    },
  }
}

const open = (held: Held): Held => {
  if (held.isClosed) throw viewsClosed()
  return held
}

const replace = (held: Held, tables: MemoryTables, { checkpoint, topic }: RebuiltPlace): void => {
  const offsets = new Map(topic === undefined ? [] : [[topic.name, new Map(topic.offsets)]])
  Object.assign(open(held), { tables, offsets, checkpoint, generation: held.generation + 1 })
}

const fed = (held: Held): Pick<ViewStore, 'checkpoint' | 'topicState' | 'apply' | 'beginRebuild'> => ({
  checkpoint: async () => open(held).checkpoint,
  async topicState(topic) {
    const { generation, offsets } = open(held)
    return { generation, offsets: offsets.get(topic) ?? new Map() }
  },
  async apply(batch) {
    const isNext = 'topic' in batch ? advanceOffset(open(held), batch) : advanceCheckpoint(open(held), batch)
    if (isNext) held.tables.put(batch)
    return isNext
  },
  beginRebuild: async () => rebuild(open(held)),
})

const advanceCheckpoint = (held: Held, batch: LogBatch): boolean => {
  const next = checkpointAfter(held.checkpoint, batch)
  if (next === undefined) return false
  held.checkpoint = next
  return true
}

const advanceOffset = (held: Held, { topic, partition, generation, from, next }: TopicBatch): boolean => {
  const offsets = held.offsets.get(topic)
  if (generation !== held.generation || offsets?.get(partition) !== from) return false
  held.offsets.set(topic, new Map([...(offsets ?? []), [partition, next]]))
  return true
}

const rebuild = (held: Held): ViewShadow => {
  const tables = memoryTables()
  held.rebuild = tables
  const own = (): MemoryTables => {
    if (open(held).rebuild !== tables) throw rebuildTakenOver()
    return tables
  }
  return {
    getMany: async (runIds) => own().getMany(runIds),
    put: async (changes) => {
      own().put(changes)
    },
    finish: async (place) => {
      replace(held, own(), place)
      held.rebuild = undefined
    },
    discard: async () => {
      if (held.rebuild === tables) held.rebuild = undefined
    },
  }
}

const runs = (held: Held): Pick<ViewStore, 'get' | 'getMany' | 'list' | 'due'> => ({
  get: async (runId) => open(held).tables.rows.get(runId),
  getMany: async (runIds) => open(held).tables.getMany(runIds),
  async list(page) {
    const { rows } = open(held).tables
    checkRunPage(page)
    const found = [...rows.values()].filter((row) => isOn(page, row))
    return found.sort((a, b) => b.position - a.position).slice(0, page.limit)
  },
  async due(now, limit) {
    const { rows } = open(held).tables
    checkDue(now, limit)
    const found = [...rows.values()].filter((row) => isDue(row, now) || isUnwanted(rows, row))
    return found.sort((a, b) => (a.attentionAt ?? 0) - (b.attentionAt ?? 0) || a.position - b.position).slice(0, limit)
  },
})

const searches = (held: Held): Pick<ViewStore, 'find' | 'count' | 'changed'> => {
  const ask = (query: QueryText): readonly ViewRow[] => {
    const { tables, answers } = open(held)
    return answers.ask(tables, query)
  }
  return {
    find: async (search, now) => foundRuns(search, ask(searchQuery(search, now))),
    count: async (filter, now) => runCounts(ask(countQuery(filter, now))),
    changed: async (which, now) => ask(changedQuery(which, now)).map(foundRun),
  }
}

const views = (held: Held): Pick<ViewStore, 'query' | 'sql' | 'sizes'> => ({
  async query(view, filter, now) {
    const query = queryText(view, filter, now)
    const { tables, answers } = open(held)
    return pageOf(view, filter, answers.ask(tables, query))
  },
  sql: (query) => held.sql.ask(query),
  async sizes() {
    const { rows, records } = open(held).tables
    const all: ViewRecords = { ...noRecords, ...records() }
    const others = Object.entries(recordTables).map(([name, table]) => [table.name, all[name as keyof ViewRecords].length])
    return Object.fromEntries([[runsTable.name, rows.size], ...others]) as Record<string, number>
  },
})

const isOn = (page: RunPage, row: RunRow): boolean =>
  (page.status ?? row.status) === row.status &&
  (page.agent ?? row.agent) === row.agent &&
  (page.waitsFor ?? row.waitsFor) === row.waitsFor &&
  (page.tenant ?? row.tenant) === row.tenant &&
  isTagged(row, page.tag) &&
  row.position < (page.before ?? Infinity)

const isTagged = ({ tags = {} }: RunRow, tag: string | undefined): boolean => tag === undefined || tagLines(tags).includes(tagLine(tag))

const isDue = (row: RunRow, now: number): boolean =>
  (row.status === 'active' || row.status === 'deleted') && row.problem === undefined && row.attentionAt !== null && row.attentionAt <= now

/** A run that was asked for, and that nobody waits for any more. */
const isUnwanted = (rows: ReadonlyMap<string, RunRow>, { status, problem, parent }: RunRow): boolean => {
  if (status !== 'active' || problem !== undefined || parent === undefined) return false
  const asking = rows.get(parent.runId)
  return asking?.problem === undefined && !Object.hasOwn(asking?.owed ?? {}, parent.callId)
}
