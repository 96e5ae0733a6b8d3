import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { AppError, messageOf } from '../errors.ts'
import type { RunRow } from '../projections/run-index.ts'
import { checkLimit, checkpointAfter, viewsClosed } from './batch-decision.ts'
import { VIEWS_FORMAT, inTransaction, isCorrupt, isSqliteError, openViewFile, removeViewFile } from './sqlite-view-file.ts'
import type { Checkpoint, RunBatch, ViewStore, RunPage, TopicBatch } from './view-store.ts'
import { rebuildViewFile } from './sqlite-shadow.ts'
import { runRows, toRow, type RunRows } from './sqlite-run-rows.ts'
import { topicOffsets, type TopicOffsets } from './sqlite-topic-offsets.ts'

/**
 * The view store in a SQLite file of its own, since a view must not hold the log's write lock. The file may be deleted while nobody has it
 * open; one that is corrupt or of another format is begun anew, and the projector fills it again.
 */
export const sqliteViewStore = ({ path }: { readonly path: string }): ViewStore => {
  let tables: Tables | undefined = openTables(path)

  const use = <Result>(work: (tables: Tables) => Result): Result => {
    if (tables === undefined) throw viewsClosed()
    try {
      return work(tables)
    } catch (error) {
      if (!isSqliteError(error)) throw error
      if (!isCorrupt(error)) throw unavailable(path, error)
      tables.db.close()
      tables = undefined
      removeViewFile(path)
      tables = openTables(path)
      return work(tables)
    }
  }

  return {
    checkpoint: async () => use(({ checkpoint }) => checkpoint()),
    apply: async (batch) => use((opened) => inTransaction(opened.db, () => write(opened, batch))),
    topicState: async (topic) => use(({ topics }) => topics.state(topic)),
    applyFrom: async (batch) => use((opened) => inTransaction(opened.db, () => writeFrom(opened, batch))),
    async beginRebuild() {
      use(({ checkpoint }) => checkpoint())
      return rebuildViewFile(path, (replace) => use(replace))
    },
    get: async (runId) => use(({ get }) => get(runId)),
    getMany: async (runIds) => use(({ get }) => runIds.flatMap((runId) => get(runId) ?? [])),
    async list(page) {
      checkLimit(page.limit)
      return use(({ db }) => list(db, page))
    },
    async due(now, limit) {
      checkLimit(limit)
      return use(({ due }) => due(now, limit))
    },
    clear: async () => use((opened) => inTransaction(opened.db, opened.clear)),
    async close() {
      tables?.db.close()
      tables = undefined
    },
  }
}

interface Tables extends RunRows {
  readonly db: DatabaseSync
  readonly checkpoint: () => Checkpoint | undefined
  readonly setCheckpoint: (checkpoint: Checkpoint) => void
  readonly topics: TopicOffsets
  readonly due: (now: number, limit: number) => RunRow[]
  readonly clear: () => void
}

const openTables = (path: string): Tables => {
  try {
    return tablesOf(openViewFile(path))
  } catch (error) {
    throw unavailable(path, error)
  }
}

const tablesOf = (db: DatabaseSync): Tables => {
  const readState = db.prepare('select format, log, position from state')
  const writeState = db.prepare('update state set log = ?, position = ?')
  const dueBy = db.prepare('select row from runs where due_at <= ? order by due_at, position limit ?')
  return {
    db,
    checkpoint: () => {
      const state = readState.get()
      if (state?.['format'] !== VIEWS_FORMAT) throw begunByAnother(state?.['format'])
      return typeof state['log'] === 'string' ? { log: state['log'], position: Number(state['position']) } : undefined
    },
    setCheckpoint: ({ log, position }) => writeState.run(log, position),
    ...runRows(db),
    topics: topicOffsets(db),
    due: (now, limit) => dueBy.all(now, limit).map(toRow),
    clear: () => {
      db.exec('delete from runs; delete from offsets; update state set log = null, position = null, generation = generation + 1;')
    },
  }
}

const write = (tables: Tables, batch: RunBatch): boolean => {
  const checkpoint = checkpointAfter(tables.checkpoint(), batch)
  if (checkpoint === undefined) return false
  for (const row of batch.rows) tables.put(row)
  tables.setCheckpoint(checkpoint)
  return true
}

const writeFrom = (tables: Tables, { rows, ...batch }: TopicBatch): boolean => {
  // Another version of Refold may have begun the file anew.
  tables.checkpoint()
  if (!tables.topics.advance(batch)) return false
  for (const row of rows) tables.put(row)
  return true
}

const list = (db: DatabaseSync, { status, agent, waitsFor, tenant, before, limit }: RunPage): RunRow[] => {
  const conditions: [text: string, value: SQLInputValue | undefined][] = [
    ['status = ?', status],
    ['agent = ?', agent],
    ['waits_for = ?', waitsFor],
    ['tenant = ?', tenant],
    ['position < ?', before],
  ]
  const given = conditions.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]))
  const where = given.length === 0 ? '' : `where ${given.map(({ text }) => text).join(' and ')}`
  const query = db.prepare(`select row from runs ${where} order by position desc limit ?`)
  return query.all(...given.map(({ value }) => value), limit).map(toRow)
}

const begunByAnother = (format: unknown): AppError =>
  new AppError(
    'InvalidConfiguration',
    `expected a view store of format ${VIEWS_FORMAT}, found ${String(format)}: another version of Refold began it anew while this one had it open. Run one version at a time on one view store.`,
  )

const unavailable = (path: string, cause: unknown): AppError =>
  new AppError('EventLogUnavailable', `the view store ${path} cannot be read or written: ${messageOf(cause)}`, { retryable: true, cause })
