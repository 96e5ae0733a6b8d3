import { randomBytes } from 'node:crypto'
import { constants, type DatabaseSync } from 'node:sqlite'
import { recordTables, runsTable, viewTables } from './view-tables.ts'

/** That compute, and neither load code, nor tell of the library, nor write. What is not here is refused. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `-> ->> abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling char coalesce concat concat_ws cos cosh count cume_dist
  current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor format glob group_concat hex if ifnull
  iif instr json json_array json_array_insert json_array_length json_error_position json_extract json_group_array json_group_object json_insert
  json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_array_insert
  jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set julianday lag
  last_value lead length like likelihood likely ln log log10 log2 lower ltrim max median min mod nth_value ntile nullif octet_length
  percent_rank percentile percentile_cont percentile_disc pi pow power printf quote radians random randomblob rank replace round row_number
  rtrim sign sin sinh sqrt strftime string_agg substr substring subtype sum tan tanh time timediff total trim trunc typeof unhex unicode unistr
  unistr_quote unixepoch unlikely upper zeroblob`.split(/\s+/),
)

/** Of SQLite itself: they read what they are given. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['json_each', 'json_tree'])

const TABLES: ReadonlySet<string> = new Set(viewTables.map(({ name }) => name))

/** What a statement wanted that it may not, in words, once it was refused. */
export type Denied = () => string | undefined

/**
 * From now on the connection reads the tables of the views and nothing else, and of a tenant only what belongs to its runs.
 *
 * A tenant's tables are views over others that have a name of this query alone: only what reads by such a name may read the tables in the
 * file. SQLite says which view a read is for, and a common table expression that is named as a view would do; nobody can guess this one.
 * The bound of the inner views keeps SQLite from looking at anything of the asker's before it has left out the rows of others: an
 * expression that fails would tell of them.
 */
export const restrictToViews = (db: DatabaseSync, tenant: string | undefined): Denied => {
  const inner = `refold_${randomBytes(16).toString('hex')}`
  const isOther = othersIn(db)
  if (tenant !== undefined) db.exec(tenantViews(inner, tenant))
  const reads = tenant === undefined ? readsTables : readsViews(inner)
  // Nothing but a name is said of what is read without a column, as for `count(*)`: a table, or a common table expression.
  const mayRead = (read: Read): boolean => (read.schema === null ? read.column === '' && !isOther(read.table.toLowerCase()) : reads(read))
  let denied: string | undefined
  const refuse = (what: string): number => {
    denied ??= what
    return constants.SQLITE_DENY
  }
  db.setAuthorizer((...[action, first, second, schema, cause]) => {
    switch (action) {
      case constants.SQLITE_SELECT:
      case constants.SQLITE_RECURSIVE:
        return constants.SQLITE_OK
      case constants.SQLITE_FUNCTION:
        return FUNCTIONS.has((second ?? '').toLowerCase()) ? constants.SQLITE_OK : refuse(`calls ${second ?? 'a function'}`)
      case constants.SQLITE_READ: {
        const read = { table: first ?? '', column: second ?? '', schema, cause }
        return mayRead(read) ? constants.SQLITE_OK : refuse(`reads ${schema === null ? '' : `${schema}.`}${read.table}`)
      }
      default:
        return refuse('does more than read')
    }
  })
  return () => denied
}

interface Read {
  readonly table: string
  readonly column: string
  readonly schema: string | null
  /** The view that it is read for. */
  readonly cause: string | null
}

/** Whether a name in lower case is of something that can be read and is no table of a view. */
const othersIn = (db: DatabaseSync): ((name: string) => boolean) => {
  const found = db.prepare('select lower(name) as name from sqlite_master union select lower(name) from pragma_module_list').all()
  const others = new Set(found.map(({ name }) => String(name)).filter((name) => !TABLES.has(name) && !TABLE_FUNCTIONS.has(name)))
  return (name) => others.has(name) || /^(sqlite|pragma)_/.test(name)
}

const readsTables = ({ table, schema }: Read): boolean => schema === 'main' && (TABLES.has(table) || TABLE_FUNCTIONS.has(table))

const readsViews = (inner: string): ((read: Read) => boolean) => {
  const innerNames = new Set([...TABLES].map((name) => `${inner}_${name}`))
  return ({ table, schema, cause }) => {
    if (schema === 'main') return TABLE_FUNCTIONS.has(table) || (TABLES.has(table) && innerNames.has(cause ?? ''))
    return schema === 'temp' && (TABLES.has(table) || innerNames.has(table))
  }
}

const tenantViews = (inner: string, tenant: string): string => {
  const own = `tenant = '${tenant.replaceAll("'", "''")}'`
  const ofOwnRuns = `run_id in (select run_id from main.${runsTable.name} where ${own})`
  const conditions = [{ name: runsTable.name, where: own }, ...Object.values(recordTables).map(({ name }) => ({ name, where: ofOwnRuns }))]
  return conditions
    .map(
      ({ name, where }) => `create temp view ${inner}_${name} as select * from main.${name} where ${where} limit -1 offset 0;
create temp view ${name} as select * from temp.${inner}_${name};`,
    )
    .join('\n')
}
