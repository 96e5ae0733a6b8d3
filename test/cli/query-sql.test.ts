import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import type { CatalogedQuery } from '../../src/views/named-queries.ts'
import type { SqlResult } from '../../src/views/sql-query.ts'
import { configs, newPlace, type Place } from './run-refold.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

describe('refold query with SQL', () => {
  let place: Place
  let config: string
  beforeAll(async () => {
    place = newPlace()
    config = join(place.folder, 'own.config.ts')
    writeConfig(
      'own.config.ts',
      `'said-by': { about: 'What was said in one role.', sql: 'select text from refold_messages where role = $1' }`,
    )
    await place.refold('run clerk -m =1+1', { config })
  })
  afterAll(() => {
    place.remove()
  })
  const writeConfig = (name: string, queries: string): string => {
    const file = join(place.folder, name)
    writeFileSync(file, `import config from '${configs.clerk}'\nexport default { ...config, queries: { ${queries} } }\n`)
    return file
  }

  test('answers one statement, as a table, as CSV that no spreadsheet takes for a formula, and as JSON', async () => {
    const sql = `select agent, messages, (select text from refold_messages where role = "role") as "=t" from refold_runs`.replace(
      '"role"',
      `char(117, 115, 101, 114)`,
    )
    expect((await place.refold(`query --sql '${sql}'`, { config })).stdout).toBe('agent  messages  =t\nclerk         1  =1+1\n')
    expect((await place.refold(`query --csv --sql '${sql}'`, { config })).stdout).toBe("agent,messages,'=t\r\nclerk,1,'=1+1\r\n")
    expect(await place.json<SqlResult>(`query --sql '${sql}'`, { config })).toMatchObject({
      columns: [{ name: 'agent', type: 'text' }, { name: 'messages', type: 'integer' }, { name: '=t' }],
      rows: [['clerk', 1, '=1+1']],
      cut: null,
    })
  })

  test('reads the statement from stdin, and values as parameters', async () => {
    const { stdout } = await place.refold('query --csv --sql - --parameter said --parameter user', {
      config,
      stdin: 'select $1 as a, text from refold_messages where role = $2 -- all\n',
    })
    expect(stdout).toBe("a,text\r\nsaid,'=1+1\r\n")
  })

  test('knows queries by name: built-in ones, and those of the project', async () => {
    expect((await place.refold('query said-by --parameter user --csv', { config })).stdout).toBe("text\r\n'=1+1\r\n")
    expect((await place.refold('query model-failures', { config })).stderr).toBe('Nothing fits.\n')
    const listed = await place.json<readonly CatalogedQuery[]>('query', { config })
    expect(listed.find(({ name }) => name === 'said-by')).toMatchObject({ of: 'project', parameters: 1 })
    expect(listed.filter(({ of }) => of === 'refold').length).toBeGreaterThan(3)
    expect((await place.refold('query nothing', { config })).stderr).toContain('said-by')
  })

  test('says what it has cut off', async () => {
    const { stdout, stderr } = await place.refold("query --limit 2 --csv --sql 'select revision from refold_timeline order by 1'", {
      config,
    })
    expect(stdout).toBe('revision\r\n0\r\n1\r\n')
    expect(stderr).toContain('These are the first 2 rows: there are more')
  })

  test('sees with --tenant what that tenant sees', async () => {
    const { rows } = await place.json<SqlResult>("query --tenant acme --sql 'select count(*) from refold_runs'", { config })
    expect(rows).toEqual([[0]])
  })

  test.each([
    ["query --sql 'select 1; select 2'", 'one statement'],
    ["query --agent clerk --sql 'select 1'", '--agent'],
    ['query said-by', '$1'],
    ["query --sql 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'", 'QueryTooLong'],
  ])('refuses what cannot be, and ends what does not end: %s', async (command, words) => {
    const { stderr, exitCode } = await place.refold(command, { config })
    expect(stderr).toContain(words)
    expect(exitCode).toBe(exitCodes.usage)
  })

  test('is told at the start which query of the project is none', async () => {
    const { stderr, exitCode } = await place.refold('list', {
      config: writeConfig('wrong.config.ts', `'runs': { about: 'x', sql: 'select 1' }`),
    })
    expect(stderr).toContain('there is a view of this one')
    expect(exitCode).toBe(exitCodes.configuration)
  })
})
