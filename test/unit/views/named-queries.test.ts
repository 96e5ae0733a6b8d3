import { describe, expect, test } from 'vitest'
import { builtInQueries, checkedNamedQueries, sqlCatalog } from '../../../src/views/named-queries.ts'
import { viewTables } from '../../../src/views/view-tables.ts'

const query = { about: 'Something.', sql: 'select 1' }

describe('queries in SQL that have a name', () => {
  test('are those that are built in and those of the project, with the tables that they ask', () => {
    const { tables, queries } = sqlCatalog(checkedNamedQueries({ mine: { ...query, sql: "select $2, '$' || $1 from refold_runs" } }))
    expect(tables.map(({ name }) => name)).toEqual(viewTables.map(({ name }) => name))
    expect(tables[0]?.columns[0]).toEqual({ name: 'run_id', type: 'text', nullable: false, about: 'id of the run' })
    expect(queries.map(({ name }) => name)).toEqual([...Object.keys(builtInQueries), 'mine'])
    expect(queries.at(-1)).toMatchObject({ of: 'project', parameters: 2 })
    expect(sqlCatalog(checkedNamedQueries(undefined)).queries).toHaveLength(Object.keys(builtInQueries).length)
  })

  test.each([
    [{ runs: query }, 'there is a view of this one'],
    [{ 'slowest-tools': query }, 'built-in'],
    [{ Mine: query }, 'small letters'],
    [{ 'a b': query }, 'small letters'],
    [{ mine: { ...query, about: '' } }, 'queries.mine.about'],
    [{ mine: { ...query, sql: ' ' } }, 'a statement'],
    [{ mine: { ...query, sql: 'select \0' } }, 'without NUL'],
    [{ mine: { ...query, more: 1 } }, 'more'],
    [{ mine: 'select 1' }, 'queries.mine'],
    [Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`q${at}`, query])), '200 queries'],
    [[], 'queries'],
  ])('are refused at the start where they are none: %#', (given, words) => {
    expect(() => checkedNamedQueries(given)).toThrow(
      expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringContaining(words) as string }),
    )
  })
})
