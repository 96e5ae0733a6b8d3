import { oneLine, valueLine } from '../../src/projections/printable.ts'
import { visibleJson } from '../../src/text.ts'
import { copyActions, markdownText, shellWord } from '../keys/copy-keys.ts'
import { sql } from './sql-store.ts'

const MOST_ROWS = 100

const json = (): string | undefined => {
  const { result } = sql.getSnapshot().context
  return result === undefined ? undefined : visibleJson(JSON.stringify(result, null, 2))
}

const command = (): string | undefined => {
  const { question } = sql.getSnapshot().context
  if (question === undefined) return undefined
  const values = question.parameters.flatMap((value = '') => ['--parameter', shellWord(value)])
  return ['refold query --sql', shellWord(question.sql), ...values].join(' ')
}

const markdown = (): string | undefined => {
  const { result } = sql.getSnapshot().context
  if (result === undefined) return undefined
  const line = (values: readonly unknown[]): string =>
    `| ${values.map((value) => markdownText(oneLine(valueLine(value), Infinity))).join(' | ')} |`
  const titles = result.columns.map(({ name }) => name)
  return [line(titles), `|${' --- |'.repeat(titles.length)}`, ...result.rows.slice(0, MOST_ROWS).map(line)].join('\n')
}

/** The answer, the command that asks the same, and the first hundred rows as a table. */
export const sqlCopies = copyActions({ json, command, markdown })
