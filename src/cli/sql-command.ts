import { text as textOfStream } from 'node:stream/consumers'
import { AppError } from '../errors.ts'
import { present } from '../present.ts'
import { checkedSqlQuery } from '../views/checked-sql-query.ts'
import type { SqlCatalog } from '../views/named-queries.ts'
import { sqlLimits, type SqlResult } from '../views/sql-query.ts'
import { viewNames } from '../views/view-queries.ts'
import { counted } from '../projections/amount-text.ts'
import type { CommandLine } from './command-line.ts'
import type { FreshOption } from './fresh-option.ts'
import { takeIn } from './known-views.ts'
import { reading } from './session.ts'
import { sqlCsv, sqlTable } from './sql-rows.ts'

interface AskedSql extends FreshOption {
  /** Of a query that has one. */
  readonly name?: string
  /** `-` reads it from stdin. */
  readonly sql?: string
  readonly parameters: readonly string[]
  readonly tenant?: string
  readonly timeoutMs?: number
  readonly limit?: number
  readonly csv?: true
}

/** One statement in SQL, as it is given or by its name. */
export const querySql = (line: CommandLine, { name, sql, csv, ...asked }: AskedSql): Promise<void> =>
  reading(line, async (refold) => {
    const text = sql === '-' ? await textOfStream(line.stdin) : (sql ?? textOf(refold.sqlCatalog, name ?? ''))
    const { parameters, tenant, timeoutMs, limit } = asked
    const query = checkedSqlQuery(text, present({ parameters, tenant, timeoutMs, limit }))
    await takeIn(line, refold, asked)
    await tell(line, await refold.views.sql({ ...query, signal: line.signal }), csv === true)
  })

const textOf = ({ queries }: SqlCatalog, name: string): string => {
  const found = queries.find((query) => query.name === name)
  if (found !== undefined) return found.sql
  const known = [...viewNames, ...queries.map((query) => query.name)].join(', ')
  throw new AppError('InvalidInput', `Expected a view or a query of ${known}, found ${name}`)
}

const tell = async ({ output }: CommandLine, found: SqlResult, asCsv: boolean): Promise<void> => {
  const { rows, cut } = found
  await output.document(found)
  if (!output.json && asCsv) for (const text of sqlCsv(found)) await output.data(text)
  else if (!output.json && rows.length > 0) for (const text of sqlTable(found, output.width)) await output.line(text)
  if (rows.length === 0 && cut === null) await output.note('Nothing fits.')
  if (cut === 'rows') await output.note(`These are the first ${counted(rows.length, 'row')}: there are more`)
  if (cut === 'bytes')
    await output.note(`These are the first ${counted(rows.length, 'row')}: all that fits into ${sqlLimits.bytes / 1024 / 1024} MiB`)
}
