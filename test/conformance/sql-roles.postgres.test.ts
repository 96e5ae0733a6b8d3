import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkedSqlQuery } from '../../src/views/checked-sql-query.ts'
import { postgresViewStore } from '../../src/views/postgres/postgres-view-store.ts'
import type { SqlOptions, SqlResult } from '../../src/views/sql-query.ts'
import type { ViewStore } from '../../src/views/view-store.ts'
import { viewTables } from '../../src/views/view-tables.ts'
import { sqlRolesOf } from '../support/sql-roles.ts'
import { testPostgres } from '../support/test-postgres.ts'
import { changesOfHistories } from './view-store-queries.ts'

const postgres = await testPostgres('SQL by roles that only read')
const pool = (): Pool => {
  if (postgres === undefined) throw new Error('a test that needs Postgres was not left out')
  return postgres.pool
}
afterAll(() => postgres?.stop())

const TENANTS = { acme: 'refold_sql_acme', globex: 'refold_sql_globex', "o'neill": 'refold_sql_oneill' }

describe.skipIf(postgres === undefined)('SQL in Postgres', () => {
  let views: ViewStore
  beforeAll(async () => {
    views = await postgresViewStore(pool(), await sqlRolesOf(pool(), TENANTS))
    await views.clear()
    await fill()
  }, 60_000)
  const fill = async (): Promise<void> => {
    await views.apply({ ...changesOfHistories(), since: await views.checkpoint(), checkpoint: { log: 'a', position: 9_000 } })
  }
  const ask = (sql: string, options: SqlOptions = {}): Promise<SqlResult> =>
    views.sql(checkedSqlQuery(sql, { timeoutMs: 5_000, ...options }))
  const toldTo = (tenant: string | undefined, sql: string): Promise<string> =>
    ask(sql, { tenant }).then(
      (found) => JSON.stringify(found.rows),
      (error: unknown) => `${(error as { code: string }).code}: ${(error as Error).message}`,
    )

  const FOREIGN = /globex|run-asks|run-left|run-odd/

  test.each(viewTables.map(({ name }) => name))(
    'shows a tenant its own rows of %s, and all of them to who asks for everybody',
    async (name) => {
      const { rows } = await ask(`select run_id from ${name}`, { tenant: 'acme' })
      const all = (await ask(`select run_id from ${name}`)).rows.flat()
      const own = new Set(['run-done', 'run-lost'])
      expect(rows.flat().sort()).toEqual(all.filter((id) => own.has(String(id))).sort())
      expect(all.length).toBe(Number((await pool().query<{ n: string }>(`select count(*) as n from ${name}`)).rows[0]?.n))
      expect((await ask(`select count(*) from ${name}`, { tenant: "o'neill" })).rows).toEqual([[0]])
    },
  )

  test.each([
    "select * from refold_runs where tenant = 'globex' or true",
    'with refold_runs as (select * from public.refold_runs) select * from refold_runs',
    "select * from refold_runs where case when tenant <> 'acme' then 1 / (turn - turn) = 1 else true end",
    "select * from refold_runs where case when tenant <> 'acme' then cast(run_id as integer) = 1 else true end",
    "select string_agg(run_id, ',') from refold_timeline",
    'select * from refold_runs r left join refold_messages m on true',
    'select row_to_json(r) from refold_runs r',
    'select array_agg(run_id) from (select * from refold_runs union all select * from refold_runs) q',
  ])('tells a tenant nothing of others: %s', async (sql) => {
    const told = await toldTo('acme', sql)
    expect(told).not.toMatch(FOREIGN)
    expect(told).toContain('run-done')
  })

  const ATTACKS = [
    "select set_config('role', 'none', false)",
    "select set_config('row_security', 'off', false)",
    "select set_config('statement_timeout', '0', false), count(*) from refold_runs",
    "select pg_catalog.set_config('role', 'none', false)",
    `select "set_config"('role', 'none', false)`,
    "select set_config /* x */ ('role', 'none', false)",
    'select pg_sleep(60)',
    'select PG_SLEEP(60)',
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/passwd')",
    "select * from dblink('host=127.0.0.1', 'select 1') as t(a integer)",
    "select query_to_xml('select * from refold_runs', true, true, '')",
    "select ts_stat('select 1')",
    "select distinct on (run_id) set_config('role', 'none', false) from refold_runs",
    "with x(a) as (select 1), set_config(b) as (select 2) select set_config('role', 'none', false)",
    "select (select set_config('role','none',false)) as x",
    'copy refold_runs to stdout',
    "copy (select 1) to program 'id'",
    'select 1; select 2',
    'select 1; set role none',
    'set role none',
    'reset role',
    'do $$ begin perform 1; end $$',
    'select $$pg_sleep$$',
    "select E'\\'' || pg_sleep(1) || '",
    `select U&"pg\\005fsleep"(1)`,
    "select U&'x'",
    'explain select * from refold_runs',
    'explain analyze select * from refold_runs',
    'select * into more from refold_runs',
    'select * from refold_runs for update',
    'with x as (delete from refold_runs returning *) select * from x',
    'with x as (insert into refold_view_offsets values (1) returning *) select * from x',
    "select nextval('x')",
    'select * from pg_class',
    'select * from "pg_class"',
    'select reltuples from pg_catalog.pg_class',
    'select * from pg_policies',
    'select * from pg_roles',
    'select * from pg_stat_activity',
    'select * from pg_stats',
    'select * from information_schema.tables',
    "select pg_relation_size('refold_runs')",
    "select 'refold_runs'::regclass",
    "select 'refold_sql_globex'::regrole",
    'select ctid from refold_runs',
    'select xmin from refold_runs',
    'select * from refold_blobs',
    'select * from refold_view_state',
    "select current_setting('data_directory')",
    'select version()',
    'select pg_cancel_backend(1)',
    "select has_table_privilege(1, 'select')",
    "select repeat('x', 1000000000)",
    "select format('%1000000000s', 'x')",
    "select lpad('x', 1000000000)",
    'listen x',
    'prepare x as select 1',
    'declare x cursor for select 1',
    'select 1 /* /* */ pg_sleep(1) */',
    'select 1 --\rpg_sleep(1)',
    'select 1) q; select (2',
  ]

  test.each(ATTACKS)('is refused, to everybody and to a tenant: %s', async (sql) => {
    for (const tenant of [undefined, 'acme']) {
      const told = await toldTo(tenant, sql)
      expect(told).toMatch(/^InvalidInput: /)
      expect(told).not.toMatch(FOREIGN)
    }
    expect((await ask('select count(*) from refold_runs')).rows).toEqual([[5]])
  })

  test('may name its tables, their columns and what is in brackets behind them', async () => {
    const sql = `with recursive t(run, n) as (select run_id, 1 from refold_runs), more as materialized (select run, n from t)
      select "run", coalesce(max(n), 0) as "it's ""n""", cast('2' as numeric(3, 1)) from more as m(run, n) where run in ('run-done') group by run -- ; pg_x
      ;`
    expect((await ask(sql)).rows).toEqual([['run-done', 1, 2]])
  })

  test('gives numbers as numbers, and what is none as its name', async () => {
    const { columns, rows } = await ask(
      "select true as b, 'NaN'::float8 as n, '-Infinity'::numeric as i, sum(9007199254740993) as s, 1.25 as r, '\\x00ff'::bytea as x, now()::date is not null as d".replace(
        'now()::date',
        'current_date',
      ),
    )
    expect(columns.map(({ type }) => type)).toEqual(['boolean', 'real', 'real', 'real', 'real', 'blob', 'boolean'])
    expect(rows).toEqual([[true, 'NaN', '-Infinity', '9007199254740993', 1.25, '\\x00ff', true]])
  })

  test('is told to a tenant that has no role of its own, and refused', async () => {
    expect(await toldTo('nobody', 'select 1')).toMatch(/^NotPossible: .*nobody/)
    expect(await toldTo('toString', 'select 1')).toMatch(/^NotPossible/)
    const without = await postgresViewStore(pool())
    await expect(without.sql(checkedSqlQuery('select 1', {}))).rejects.toMatchObject({
      code: 'NotPossible',
      message: expect.stringContaining('REFOLD_POSTGRES_SQL') as string,
    })
    await without.close()
  })

  test('goes on after a rebuild, whose tables have the same rights', async () => {
    const shadow = await views.beginRebuild()
    await shadow.put(changesOfHistories())
    await shadow.finish({ checkpoint: { log: 'a', position: 9_000 } })
    expect((await ask('select count(*) from refold_runs', { tenant: 'acme' })).rows).toEqual([[2]])
    expect((await ask('select count(*) from refold_runs')).rows).toEqual([[5]])
    await fill()
  })

  test('stops at a row that no memory holds', async () => {
    const doubled = Array.from({ length: 11 }, (_, at) => `t${at + 1} as (select x || x as x from t${at})`)
    const sql = `with t0 as (select string_agg(summary || $1, '') as x from refold_timeline), ${doubled.join(', ')} select x from t11`
    const ended = await ask(sql, { parameters: ['x'.repeat(1_000)] }).catch((error: unknown) => error)
    expect(ended).toMatchObject({ code: expect.stringMatching(/TooLarge|QueryTooLong/) as string })
    expect((await ask('select 1')).rows).toEqual([[1]])
  })

  test.each([
    ['may pass by the rules for rows', 'alter role refold_sql_acme bypassrls', 'alter role refold_sql_acme nobypassrls'],
    ['is an administrator', 'alter role refold_sql_acme superuser', 'alter role refold_sql_acme nosuperuser'],
    ['belongs to another role', 'grant pg_read_all_data to refold_sql_acme', 'revoke pg_read_all_data from refold_sql_acme'],
    ['may read what is no view', 'create table other (a integer); grant select on other to public', 'drop table other'],
    ['may write', 'grant delete on refold_runs to refold_sql_acme', 'revoke delete on refold_runs from refold_sql_acme'],
  ])('is asked by no role that %s', async (_, change, undo) => {
    await pool().query(change)
    try {
      expect(await toldTo('acme', 'select run_id from refold_runs')).toMatch(/^InvalidConfiguration: .*refold_sql_acme/)
    } finally {
      await pool().query(undo)
    }
    expect((await ask('select count(*) from refold_runs', { tenant: 'acme' })).rows).toEqual([[2]])
  })

  test('gives a role that was of another tenant the rows of its own tenant alone', async () => {
    const moved = await postgresViewStore(pool(), await sqlRolesOf(pool(), { globex: TENANTS.acme }))
    expect((await moved.sql(checkedSqlQuery('select run_id from refold_runs', { tenant: 'globex' }))).rows).toEqual([['run-asks']])
    await moved.close()
    expect((await ask('select count(*) from refold_runs', { tenant: 'acme' })).rows).toEqual([[2]])
  })

  test('leaves what others may read as it was', async () => {
    await pool().query(`drop role if exists dashboard; create role dashboard login password 'x'; grant select on refold_runs to dashboard`)
    const { rows } = await pool()
      .query('begin; set local role dashboard; select count(*)::int as n from refold_runs; commit')
      .then((found) => (found as unknown as { rows: unknown[] }[])[2] as { rows: unknown[] })
    expect(rows).toEqual([{ n: 5 }])
    await pool().query('revoke select on refold_runs from dashboard; drop role dashboard')
  })
})
