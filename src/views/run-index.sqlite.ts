import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { AppError, messageOf } from '../errors.ts'
import type { RunRow } from '../projections/run-index.ts'
import { checkLimit, checkpointAfter, indexClosed } from './batch-decision.ts'
import { INDEX_FORMAT, inTransaction, isCorrupt, isSqliteError, openIndexFile, removeIndexFile } from './run-index-file.sqlite.ts'
import type { Checkpoint, RunBatch, RunIndex, RunPage } from './run-index.ts'

/**
 * The index in a SQLite file of its own, since a view must not hold the log's write lock. The file may be deleted while nobody has it
 * open; one that is corrupt or of another format is begun anew, and the projector fills it again.
 */
export const sqliteRunIndex = ({ path }: { readonly path: string }): RunIndex => {
  let tables: Tables | undefined = openTables(path)

  const use = <Result>(work: (tables: Tables) => Result): Result => {
    if (tables === undefined) throw indexClosed()
    try {
      return work(tables)
    } catch (error) {
      if (!isSqliteError(error)) throw error
      if (!isCorrupt(error)) throw unavailable(path, error)
      tables.db.close()
      tables = undefined
      removeIndexFile(path)
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
      return rebuildIndexFile(path, (replace) => use(replace))
    },
    get: async (runId) => use(({ get }) => get(runId)),
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

interface Tables {
  readonly db: DatabaseSync
  readonly checkpoint: () => Checkpoint | undefined
  readonly setCheckpoint: (checkpoint: Checkpoint) => void
  readonly put: (row: RunRow) => void
  readonly get: (runId: string) => RunRow | undefined
  readonly due: (now: number, limit: number) => RunRow[]
  readonly clear: () => void
}

const UPSERT = `
insert into runs (run_id, revision, position, status, agent, waits_for, tenant, due_at, row) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (run_id) do update set
  revision = excluded.revision, position = excluded.position, status = excluded.status, agent = excluded.agent,
  waits_for = excluded.waits_for, tenant = excluded.tenant, due_at = excluded.due_at, row = excluded.row
where excluded.revision > runs.revision
`

const openTables = (path: string): Tables => {
  try {
    return tablesOf(openIndexFile(path))
  } catch (error) {
    throw unavailable(path, error)
  }
}

const tablesOf = (db: DatabaseSync): Tables => {
  const readState = db.prepare('select format, log, position from state')
  const writeState = db.prepare('update state set log = ?, position = ?')
  const upsert = db.prepare(UPSERT)
  const byId = db.prepare('select row from runs where run_id = ?')
  const dueBy = db.prepare('select row from runs where due_at <= ? order by due_at, position limit ?')
  return {
    db,
    checkpoint: () => {
      const state = readState.get()
      if (state?.['format'] !== INDEX_FORMAT) throw begunByAnother(state?.['format'])
      return typeof state['log'] === 'string' ? { log: state['log'], position: Number(state['position']) } : undefined
    },
    setCheckpoint: ({ log, position }) => writeState.run(log, position),
    put: (row) => upsert.run(...columnsOf(row)),
    get: (runId) => byId.all(runId).map(toRow)[0],
    due: (now, limit) => dueBy.all(now, limit).map(toRow),
    clear: () => {
      db.exec('delete from runs; delete from offsets; update state set log = null, position = null, generation = generation + 1;')
    },
  }
}

const columnsOf = (row: RunRow): SQLInputValue[] => {
  const { runId, revision, position, status, agent, waitsFor, tenant = null } = row
  return [runId, revision, position, status, agent, waitsFor, tenant, dueAt(row), JSON.stringify(row)]
}

const dueAt = (row: RunRow): number | null => (row.status === 'active' && row.problem === undefined ? row.attentionAt : null)

const toRow = (record: Record<string, unknown>): RunRow => JSON.parse(String(record['row'])) as RunRow

const write = (tables: Tables, batch: RunBatch): boolean => {
  const checkpoint = checkpointAfter(tables.checkpoint(), batch)
  if (checkpoint === undefined) return false
  for (const row of batch.rows) tables.put(row)
  tables.setCheckpoint(checkpoint)
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
    `expected a run index of format ${INDEX_FORMAT}, found ${String(format)}: another version of Refold began it anew while this one had it open. Run one version at a time on one index.`,
  )

const unavailable = (path: string, cause: unknown): AppError =>
  new AppError('EventLogUnavailable', `the run index ${path} cannot be read or written: ${messageOf(cause)}`, { retryable: true, cause })
