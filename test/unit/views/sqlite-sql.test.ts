import { fc } from '../../support/fast-check.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sqliteViewStore } from '../../../src/views/sqlite/sqlite-view-store.ts'
import { checkedSqlQuery } from '../../../src/views/checked-sql-query.ts'
import { sqlLimits, type SqlOptions, type SqlResult } from '../../../src/views/sql-query.ts'
import type { ViewStore } from '../../../src/views/view-store.ts'
import { viewTables } from '../../../src/views/view-tables.ts'

const TENANTS = ['acme', 'globex', "o'neill", 'acme%', 'ACME', '', 'x"; drop table refold_runs; --', "') or 1=1 --", 'ünïcode 😀'] as const

/** What only rows of a tenant hold. */
const markOf = (tenant: string): string => `only-${TENANTS.indexOf(tenant as (typeof TENANTS)[number])}-knows`

let folder: string
let path: string
let views: ViewStore

/** Three runs of each tenant and of nobody, and a row of each in every table: every text in it says whose it is. */
const fill = (): void => {
  const db = new DatabaseSync(path)
  db.exec('begin')
  for (const tenant of [...TENANTS, null]) {
    const mark = tenant === null ? 'only-nobody-knows' : markOf(tenant)
    for (let n = 0; n < 3; n++) {
      for (const { name, columns } of viewTables) {
        const values = columns.map((column) => {
          if (column.name === 'run_id') return `${mark}.${n}`
          if (column.name === 'tenant') return tenant
          return column.type === 'text' ? mark : n
        })
        db.prepare(`insert into ${name} values (${columns.map(() => '?').join(', ')})`).run(...values)
      }
    }
  }
  db.exec('commit')
  db.close()
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'views-sql-'))
  path = join(folder, 'views.db')
  views = sqliteViewStore({ path })
  fill()
})
afterAll(async () => {
  await views.close()
  rmSync(folder, { recursive: true })
})

const ask = (sql: string, options: SqlOptions = {}): Promise<SqlResult> => views.sql(checkedSqlQuery(sql, { timeoutMs: 5_000, ...options }))

/** All that a tenant is told, be it an answer or a refusal. */
const toldTo = async (tenant: string, sql: string, options: SqlOptions = {}): Promise<string> => {
  try {
    return JSON.stringify(await ask(sql, { ...options, tenant }))
  } catch (error) {
    const { code, message, details } = error as { code: string; message: string; details: object }
    return JSON.stringify({ code, message, details })
  }
}

/** Whether it tells of others: their marks, or how many rows they have. */
const marksIn = (told: string): string[] => [...new Set(told.match(/only-(\d+|nobody)-knows/g))]

const withoutTimes = (told: string): string => told.replace(/"durationMs":\d+/, '')

const ALL_ROWS = 3 * (TENANTS.length + 1)

describe('a tenant that asks in SQL', () => {
  test.each(viewTables.map(({ name }) => name))('sees its own rows of %s', async (name) => {
    for (const tenant of TENANTS.filter((each) => each !== '')) {
      const { rows } = await ask(`select * from ${name}`, { tenant })
      expect(rows).toHaveLength(3)
      expect(marksIn(JSON.stringify(rows))).toEqual([markOf(tenant)])
      expect((await ask(`select count(*) from ${name}`, { tenant })).rows).toEqual([[3]])
    }
    expect((await ask(`select count(*) from ${name}`)).rows).toEqual([[ALL_ROWS]])
  })

  test.each([
    'select * from main.refold_runs',
    'select count(*) from main.refold_runs',
    'select 1 from main.refold_runs',
    'select rowid from main.refold_runs',
    'select max(rowid) from main.refold_timeline',
    'select * from "main"."refold_runs"',
    'select * from MAIN.REFOLD_RUNS',
    'select main.refold_runs.run_id from main.refold_runs',
    'with refold_runs as (select * from main.refold_runs) select * from refold_runs',
    'with refold_runs as (select * from main.refold_runs) select count(*) from refold_runs',
    'with recursive refold_runs(run_id) as (select run_id from main.refold_runs union select run_id from refold_runs) select * from refold_runs',
    'with refold_runs as materialized (select * from main.refold_runs) select * from refold_runs',
    'with a as (with refold_runs as (select * from main.refold_runs) select * from refold_runs) select * from a',
    'select * from (select * from main.refold_runs) as refold_runs',
    'select (select group_concat(run_id) from main.refold_runs)',
    "select exists (select 1 from main.refold_runs where tenant = 'globex')",
    'select * from refold_runs where run_id in (select run_id from main.refold_runs) or exists (select 1 from main.refold_timeline)',
    'select * from refold_runs where run_id in main.refold_runs',
    'select * from refold_runs as r join main.refold_timeline as t',
    'select * from refold_runs natural join main.refold_messages',
    'select * from refold_runs union all select * from main.refold_runs',
    'select * from refold_runs order by (select max(tenant) from main.refold_runs)',
    'select * from refold_runs group by run_id having (select count(*) from main.refold_runs) > 3',
    'select * from refold_runs limit (select count(*) from main.refold_runs)',
    'select sum(1) over (partition by (select max(run_id) from main.refold_runs)) from refold_runs',
    'select * from main.refold_view_state',
    'select * from refold_view_state',
    'select count(*) from refold_view_state',
    'select count(*) from REFOLD_VIEW_OFFSETS',
    'select * from sqlite_master',
    'select count(*) from sqlite_master',
    'select * from sqlite_schema',
    'select * from main.sqlite_schema',
    'select * from sqlite_temp_master',
    'select * from temp.sqlite_schema',
    'select count(*) from Sqlite_Temp_Schema',
    'select * from pragma_table_list',
    'select count(*) from pragma_table_list',
    "select * from pragma_table_info('refold_runs')",
    'select * from pragma_database_list',
    "select * from pragma_table_xinfo('refold_runs')",
    "select count(*) from pragma_index_list('refold_runs')",
    'pragma database_list',
    'select * from dbstat',
    'select count(*) from dbstat',
    'select * from sqlite_dbpage',
    'select * from sqlite_stmt',
    "select * from bytecode('select 1')",
    'select * from fts5vocab',
    'explain select * from refold_runs',
    'explain query plan select * from refold_runs',
    '/* */ explain query plan select * from refold_runs',
    "select load_extension('x')",
    "select readfile('/etc/passwd')",
    "select writefile('/tmp/x', 'y')",
    "select fts3_tokenizer('simple')",
    'select sqlite_version()',
    "select sqlite_log(1, 'x')",
    'select last_insert_rowid(), changes()',
    `attach 'views.db' as other`,
    `vacuum into '/tmp/copy.db'`,
    'select * from refold_runs; select * from main.refold_runs',
    'values ((select count(*) from main.refold_runs))',
  ])('is refused in words that tell nothing: %s', async (sql) => {
    const told = await toldTo('acme', sql)
    expect(JSON.parse(told)).toMatchObject({ code: 'InvalidInput' })
    expect(marksIn(told)).toEqual([])
    expect(told).not.toContain(String(ALL_ROWS))
    expect(told).not.toMatch(/refold_[0-9a-f]{8}/)
  })

  test.each([
    // Expressions that fail for the rows of others, wherever SQLite might look at them first.
    "select * from refold_runs where case when tenant <> 'acme' then json('{') else 1 end",
    "select * from refold_runs where case when last_text like 'only-1%' then json('{') else 1 end and run_id = 'only-1-knows.0'",
    "select * from refold_runs where tenant = 'globex' and abs(turn - turn - 9223372036854775807 - 1)",
    "select * from refold_timeline where run_id = 'only-1-knows.0' and json(summary)",
    "select r.* from refold_timeline t join refold_runs r on r.run_id = t.run_id and case when t.summary <> 'only-0-knows' then json('{') else 1 end",
    "select r.* from refold_timeline t left join refold_runs r on case when r.tenant <> 'acme' then json('{') else 1 end",
    "select * from refold_timeline t where exists (select 1 from refold_runs r where case when r.tenant <> 'acme' then json('{') else 1 end)",
    "select max(turn) from refold_runs where case when tenant <> 'acme' then json('{') else 1 end group by tenant order by tenant",
    "select count(*) from refold_runs r, refold_messages m, refold_approvals a where case when m.text <> 'only-0-knows' then json('{') else 1 end",
    "with r as not materialized (select * from refold_runs) select * from r where case when tenant <> 'acme' then json('{') else 1 end",
    "select * from refold_runs order by case when tenant <> 'acme' then json('{') else 1 end",
    "select * from (select * from refold_runs union all select * from refold_runs) where case when tenant <> 'acme' then json('{') else 1 end",
  ])('is answered as if there were no others: %s', async (sql) => {
    const told = await toldTo('acme', sql)
    expect(marksIn(told).filter((mark) => mark !== 'only-0-knows')).toEqual([])
    expect(told).not.toContain('malformed')
    expect(told).not.toContain('overflow')
  })

  // Looked at in an index alone, before SQLite sees whose row it is.
  test.each([
    "select * from refold_runs where run_id = (select $1) and json('{' || run_id)",
    "select count(*) from refold_runs where run_id = (select $1) and case when run_id > '' then json('{') else 1 end",
    "select (select json('{' || run_id) from refold_runs where run_id = (select $1)) as x",
    "select * from refold_runs where run_id in ($1, 'nothing') and json('{' || run_id)",
    "select * from refold_timeline where run_id = (select $1) and json('{' || revision)",
    "select * from refold_timeline t join refold_runs r on r.run_id = t.run_id where t.run_id = (select $1) and json('{' || t.revision)",
    "select * from refold_model_calls where run_id = (select $1) and json('{' || call_id)",
    "select * from refold_runs where run_id >= $1 and run_id < $1 || 'z' and json('{' || run_id) order by run_id",
  ])('is told the same of a run of another as of one that does not exist: %s', async (sql) => {
    const told = await toldTo('acme', sql, { parameters: ['only-x-knows.0'] })
    expect(withoutTimes(await toldTo('acme', sql, { parameters: ['only-1-knows.0'] }))).toBe(withoutTimes(told))
    expect(await toldTo('acme', sql, { parameters: ['only-0-knows.0'] })).toContain('malformed')
  })

  test('of whose rows nothing is left is not told of those of nobody', async () => {
    expect((await ask('select * from refold_runs', { tenant: 'nobody' })).rows).toEqual([])
    expect((await ask('select * from refold_timeline', { tenant: 'nobody' })).rows).toEqual([])
  })

  test('never sees a row of another, whatever its name and its query', async () => {
    const tenant = fc.constantFrom(...TENANTS.filter((each) => each !== ''))
    const table = fc.constantFrom(...viewTables.map(({ name }) => name))
    const schema = fc.constantFrom('', 'main.', 'temp.', '"main".', 'MAIN.')
    const source = fc.tuple(schema, table).map(([first, name]) => `${first}${name}`)
    const wrapped = fc.letrec<{ from: string }>((tie) => ({
      from: fc.oneof(
        { maxDepth: 3 },
        source,
        tie('from').map((inner) => `(select * from ${inner})`),
        fc.tuple(tie('from'), tie('from')).map(([a, b]) => `(select a.run_id from ${a} a join ${b} b on a.run_id <= b.run_id limit 100)`),
        fc.tuple(table, tie('from')).map(([name, inner]) => `(with ${name} as (select * from ${inner}) select * from ${name})`),
        fc.tuple(tie('from'), tie('from')).map(([a, b]) => `(select run_id from ${a} union select run_id from ${b})`),
        fc.tuple(table, tie('from')).map(([name, inner]) => `(select run_id, (select max(run_id) from ${inner}) from ${name})`),
      ),
    })).from
    const what = fc.constantFrom('*', 'count(*), group_concat(run_id)', 'rowid, *', 'json_group_array(run_id)', 'max(run_id), min(run_id)')
    const where = fc.constantFrom(
      '',
      " where run_id like 'only-%'",
      ' where 1 or 1',
      " where run_id <> '' or exists (select 1 from main.refold_runs)",
    )
    await fc.assert(
      fc.asyncProperty(tenant, what, wrapped, where, async (asking, columns, from, condition) => {
        const told = await toldTo(asking, `select ${columns} from ${from} q${condition}`)
        expect(marksIn(told).filter((mark) => mark !== markOf(asking))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

describe('a query in SQL on SQLite', () => {
  const numbers = (count: number): string => `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count}) `

  test.each([
    ['zeroblob', 'select zeroblob(1000000000)'],
    ['randomblob', 'select length(randomblob(500000000))'],
    ['a width of printf', "select length(printf('%999999999d', 1))"],
    ['group_concat', `${numbers(5_000_000)} select length(group_concat(i)) from n`],
    ['a JSON array', `${numbers(5_000_000)} select length(json_group_array(i)) from n`],
    ['replace', "select length(replace(replace(hex(zeroblob(10000)), '0', hex(zeroblob(1000))), '0', 'xxxxxxxxxxxxxxxxxxxx'))"],
    [
      'a large table of its own',
      `${numbers(400)}, big as materialized (select i, hex(randomblob(1000000)) as x from n) select count(distinct x) from big`,
    ],
    ['sorting', `${numbers(400)} select i from n order by hex(randomblob(1000000))`],
    ['one row of many large values', `select ${Array.from({ length: 400 }, () => 'hex(zeroblob(4000000))').join(', ')}`],
  ])(
    'ends with TooLarge or in time where it wants memory: %s',
    async (_, sql) => {
      const ended = await ask(sql).then(
        ({ rows, cut }) => ({ code: cut, rows }),
        (error: unknown) => ({ code: (error as { code: string }).code, rows: [] }),
      )
      expect(['TooLarge', 'QueryTooLong', 'bytes']).toContain(ended.code)
      expect(ended.rows).toEqual([])
      expect((await ask('select 1')).rows).toEqual([[1]])
    },
    30_000,
  )

  test('has bytes as hexadecimal digits, infinity as its name, and says where types are mixed', async () => {
    const { columns, rows } = await ask("select x'00ff' as b, 9e999 as i, null as n, 1.5 as r union all select null, 2, null, 1")
    expect(rows).toEqual([
      ['\\x00ff', 'Infinity', null, 1.5],
      [null, 2, null, 1],
    ])
    expect(columns.map(({ type }) => type)).toEqual(['blob', 'real', 'null', 'real'])
    expect((await ask("select 1 as x union all select 'a'")).columns).toEqual([{ name: 'x', type: 'mixed' }])
  })

  test.each(['select ?', 'select ?1', 'select :a', 'select @a', 'select $a', 'select $0', 'select $1000'])(
    'has numbered parameters alone, as Postgres has them: %s',
    async (sql) => {
      await expect(ask(sql, { parameters: ['x'] })).rejects.toMatchObject({
        code: 'InvalidInput',
        message: expect.stringContaining('$1') as string,
      })
    },
  )

  test('that names no table is told which there are', async () => {
    await expect(ask('select * from refold_run')).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringMatching(/no such table: refold_run\. The tables are .*refold_runs/) as string,
    })
  })

  test('may hold what looks like a parameter in texts, names and comments', async () => {
    const { rows } = await ask("select '?', '$5', ':a', json_extract('{\"a\":1}', '$.a') as \"?\" /* $7 */ -- $8\n")
    expect(rows).toEqual([['?', '$5', ':a', 1]])
  })

  test('may use only functions that were looked at: each that this SQLite has is allowed or refused on purpose', () => {
    const db = new DatabaseSync(':memory:')
    const all = db
      .prepare('select distinct name from pragma_function_list order by name')
      .all()
      .map(({ name }) => String(name))
    db.close()
    const source = readFileSync(resolve(import.meta.dirname, '../../../src/views/sqlite-sql-rights.ts'), 'utf8')
    const allowed = new Set((/new Set\(\s*`([^`]+)`/.exec(source)?.[1] ?? '').split(/\s+/))
    const refused = all.filter((name) => !allowed.has(name))
    expect(refused.filter((name) => !/^(sqlite_|fts|geopoly_|rtree)/.test(name))).toEqual([
      'bm25',
      'changes',
      'highlight',
      'last_insert_rowid',
      'load_extension',
      'match',
      'matchinfo',
      'offsets',
      'optimize',
      'snippet',
      'total_changes',
    ])
  })

  test('sees what was stored just before', async () => {
    const db = new DatabaseSync(path)
    db.exec("update refold_runs set state = 'changed' where run_id = 'only-0-knows.0'")
    db.close()
    expect((await ask("select count(*) from refold_runs where state = 'changed'")).rows).toEqual([[1]])
  })

  test('does not go on where the process that has asked is killed', async () => {
    const program = join(folder, 'asks.ts')
    const source = resolve(import.meta.dirname, '../../../src/views')
    writeFileSync(
      program,
      `import { sqliteSql } from '${source}/sqlite-sql.ts'
const sql = sqliteSql(() => ({ path: '${path}' }))
const query = { sql: 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n', parameters: [], tenant: undefined, timeoutMs: 60000, limit: 1 }
await sql.ask({ ...query, sql: 'select 1' })
sql.ask(query).catch(() => undefined)
console.log('asked')
`,
    )
    const asking = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(asking.stdout, 'data')
    const children = (): string => readFileSync(`/proc/${asking.pid}/task/${asking.pid}/children`, 'utf8').trim()
    const child = Number(children())
    expect(child).toBeGreaterThan(0)
    asking.kill('SIGKILL')
    const isThere = (): boolean => {
      try {
        return !readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z')
      } catch {
        return false
      }
    }
    for (let tries = 0; isThere() && tries < 100; tries++) await pause(100)
    expect(isThere()).toBe(false)
  }, 30_000)

  test('is refused once the views are closed, also where it waits', async () => {
    const closing = sqliteViewStore({ path })
    const endless = closing.sql(
      checkedSqlQuery('with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n', { timeoutMs: 5_000 }),
    )
    const refused = expect(endless).rejects.toMatchObject({ code: 'Closed' })
    await closing.close()
    await refused
    await expect(closing.sql(checkedSqlQuery('select 1', {}))).rejects.toMatchObject({ code: 'Closed' })
  })

  test('that nobody waits for any more is ended at once, under way or in the queue', async () => {
    const gone = new AbortController()
    const endless = { ...checkedSqlQuery(`${numbers(1e15)} select count(*) from n`, { timeoutMs: 5_000 }), signal: gone.signal }
    const asked = Promise.allSettled([1, 2, 3].map(() => views.sql(endless)))
    const began = performance.now()
    setTimeout(() => gone.abort(), 100)
    expect((await asked).map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : each.status))).toEqual([
      'Closed',
      'Closed',
      'Closed',
    ])
    expect(performance.now() - began).toBeLessThan(4_000)
    await expect(views.sql(endless)).rejects.toMatchObject({ code: 'Closed' })
    expect((await ask('select 1')).rows).toEqual([[1]])
  })

  test('answers at its time and no later than a tenth of a second, most of the time', async () => {
    const endless = `${numbers(1e15)} select count(*) from n`
    const late: number[] = []
    for (let n = 0; n < 5; n++) {
      await ask('select 1')
      const began = performance.now()
      await ask(endless, { timeoutMs: 200 }).catch(() => undefined)
      late.push(performance.now() - began - 200)
    }
    expect(Math.min(...late)).toBeLessThan(100)
    expect(sqlLimits.timeoutMs.most).toBe(5_000)
  })
})
