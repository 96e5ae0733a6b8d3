// Writes the views and their tables, as they are declared, into docs/views.md. With --check it only says whether the page is current.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { builtInQueries, type NamedQuery } from '../src/views/named-queries.ts'
import type { ViewQuery } from '../src/views/view-query.ts'
import { viewNames, viewQueries } from '../src/views/view-queries.ts'
import type { ViewTable } from '../src/views/view-table.ts'
import { viewTables } from '../src/views/view-tables.ts'
import { withGenerated, writeOrCheck } from './generated-files.ts'

const PAGE = 'docs/views.md'

const cell = (text: string): string => text.replaceAll('|', '\\|')

const views = (): string => {
  const rows = viewNames.map((name) => {
    const { about, statuses = [] }: ViewQuery = viewQueries[name]
    return `| \`${name}\` | ${cell(about)} | ${statuses.map((status) => `\`${status}\``).join(' ')} |`
  })
  return ['| View | What it shows | `status` |', '| --- | --- | --- |', ...rows].join('\n')
}

const tableSection = ({ name, about, key, columns }: ViewTable): string[] => [
  `### ${name}`,
  '',
  `${about} Key: ${key.map((column) => `\`${column}\``).join(', ')}.`,
  '',
  '| Column | Type | Meaning |',
  '| --- | --- | --- |',
  ...columns.map((column) => `| \`${column.name}\`${column.nullable ? '?' : ''} | ${column.type} | ${cell(column.about)} |`),
  '',
]

const querySection = ([name, { about, sql }]: [string, NamedQuery]): string[] => [`\`${name}\`: ${about}`, '', '```sql', sql, '```', '']

const path = resolve(import.meta.dirname, '..', PAGE)
const generated: readonly [name: string, text: string][] = [
  ['views', views()],
  ['queries', Object.entries(builtInQueries).flatMap(querySection).join('\n')],
  ['tables', viewTables.flatMap(tableSection).join('\n')],
]
const page = generated.reduce((text, [name, part]) => withGenerated(text, name, part), readFileSync(path, 'utf8'))

writeOrCheck(new Map([[PAGE, await format(page, { ...(await resolveConfig(path)), parser: 'markdown' })]]), 'run npm run docs:views')
