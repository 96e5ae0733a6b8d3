import { runRowFormat } from '../projections/run-index.ts'
import { sha256 } from '../hash.ts'
import type { ViewTable } from './view-table.ts'
import { viewTables } from './view-tables.ts'

/** Of a rebuild: its tables and indexes stand beside the others under names of their own. `''` is what everybody reads. */
export type Shadow = string

export const tableName = ({ name }: ViewTable, shadow: Shadow): string => (shadow === '' ? name : `${name}_rebuild_${shadow}`)

/** To be found and dropped, whoever left them. */
export const SHADOW_TABLES = 'refold\\_%\\_rebuild\\_%'

interface Dialect {
  readonly text: string
  readonly integer: string
  readonly real: string
  readonly options: string
}

// Texts are compared by their bytes in both, so that pages go on where they ended.
export const sqliteDialect: Dialect = { text: 'text', integer: 'integer', real: 'real', options: ' strict' }
export const postgresDialect: Dialect = { text: 'text collate "C"', integer: 'bigint', real: 'double precision', options: '' }

/** Tables and indexes, as many statements in one text. */
export const createTables = (dialect: Dialect, shadow: Shadow): string =>
  viewTables.map((table) => createTable(table, dialect, shadow)).join('\n')

const createTable = (table: ViewTable, dialect: Dialect, shadow: Shadow): string => {
  const name = tableName(table, shadow)
  const columns = table.columns.map((column) => `${column.name} ${dialect[column.type]}${column.nullable ? '' : ' not null'}`)
  const indexes = table.indexes.map(
    ({ columns: on, where }) =>
      `create index ${table.name}_by_${on.join('_')}${shadow === '' ? '' : `_${shadow}`} on ${name} (${on.join(', ')})${where === undefined ? '' : ` where ${where}`};`,
  )
  return [`create table ${name} (${columns.join(', ')}, primary key (${table.key.join(', ')}))${dialect.options};`, ...indexes].join('\n')
}

/** Changes with the tables and with the fold: views of another format are made anew. */
export const viewsFormat = `${sha256(createTables(sqliteDialect, '')).slice(0, 8)}/${runRowFormat}`

/** One record a time, its fields in the order of the columns. */
export const sqliteUpsert = (table: ViewTable, shadow: Shadow): string =>
  `insert into ${tableName(table, shadow)} (${names(table)}) values (${table.columns.map(() => '?').join(', ')}) ${onConflict(table, shadow)}`

/** Many records at once, one array a column. */
export const postgresUpsert = (table: ViewTable, shadow: Shadow): string => {
  const arrays = table.columns.map(({ type }, at) => `$${at + 1}::${type === 'text' ? 'text' : postgresDialect[type]}[]`)
  return `insert into ${tableName(table, shadow)} (${names(table)}) select * from unnest(${arrays.join(', ')}) ${onConflict(table, shadow)}`
}

const names = ({ columns }: ViewTable): string => columns.map(({ name }) => name).join(', ')

const onConflict = (table: ViewTable, shadow: Shadow): string => {
  const changing = table.columns.filter(({ name }) => !table.key.includes(name))
  const set = changing.map(({ name }) => `${name} = excluded.${name}`).join(', ')
  return `on conflict (${table.key.join(', ')}) do update set ${set} where excluded.revision > ${tableName(table, shadow)}.revision`
}
