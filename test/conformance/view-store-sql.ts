import { beforeEach, describe, expect, test } from 'vitest'
import { runsThatFit } from '../../src/cli/runs-that-fit.ts'
import { spentByForks } from '../../src/cli/whatif/spent-by-forks.ts'
import { checkedSqlQuery } from '../../src/views/checked-sql-query.ts'
import { sqlLimits, type SqlOptions, type SqlResult } from '../../src/views/sql-query.ts'
import type { ViewStore } from '../../src/views/view-store.ts'
import { changesOfHistories } from './view-store-queries.ts'

/** What every store of views answers in SQL, whatever its database. */
export const sqlAnswers = (views: () => ViewStore): void => {
  const ask = (sql: string, options: SqlOptions = {}): Promise<SqlResult> =>
    views().sql(checkedSqlQuery(sql, { timeoutMs: 5_000, ...options }))

  describe('a query in SQL', () => {
    beforeEach(async () => {
      const changes = changesOfHistories()
      await views().apply({ ...changes, since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 9_000 } })
    })

    test('is answered with columns, their types and rows, in the order that it asks for', async () => {
      const answered = await ask('select run_id, turn, tenant, 0.5 as half from refold_runs order by run_id limit 2')
      expect(answered).toEqual({
        columns: [
          { name: 'run_id', type: 'text' },
          { name: 'turn', type: 'integer' },
          { name: 'tenant', type: 'text' },
          { name: 'half', type: 'real' },
        ],
        rows: [
          ['run-asks', 1, 'globex', 0.5],
          ['run-done', 1, 'acme', 0.5],
        ],
        cut: null,
        durationMs: expect.any(Number) as number,
      })
    })

    test('keeps columns of one name, whole numbers beyond 2^53 and what is null', async () => {
      const { columns, rows } = await ask('select 9007199254740993 as n, -9007199254740993 as n, 2 as n, null as n')
      expect(columns.map(({ name }) => name)).toEqual(['n', 'n', 'n', 'n'])
      expect(rows).toEqual([['9007199254740993', '-9007199254740993', 2, null]])
    })

    test.each([
      ['joins', 'select count(*) from refold_timeline t join refold_runs r on r.run_id = t.run_id', [[31]]],
      [
        'common table expressions',
        'with recursive n(i) as (select 1 union all select i + 1 from n where i < 4) select sum(i) from n',
        [[10]],
      ],
      ['values', 'values (1), (2)', [[1], [2]]],
      ['a semicolon and a comment behind it', "select 'a;b' as x ; -- that is all\n /* really; */ ;", [['a;b']]],
      [
        'windows',
        "select run_id, row_number() over (order by run_id desc) from refold_runs where agent = 'order-desk'",
        [
          ['run-done', 1],
          ['run-asks', 2],
        ],
      ],
    ])('may have %s', async (_, sql, rows) => {
      expect((await ask(sql)).rows).toEqual(rows)
    })

    test('takes its values as parameters, whatever they hold', async () => {
      const nasty = "x'; drop table refold_runs; --"
      expect((await ask('select $1 as a, $2 as b, $1 as c', { parameters: [nasty, 'ü😀'] })).rows).toEqual([[nasty, 'ü😀', nasty]])
      const found = await ask('select run_id from refold_runs where tenant = $1 and turn >= $2 order by run_id', {
        parameters: ['acme', 1],
      })
      expect(found.rows).toEqual([['run-done'], ['run-lost']])
    })

    test.each([
      [{}, 'run-asks run-done run-left run-lost run-odd'],
      [{ agent: 'order-desk' }, 'run-asks run-done'],
      [{ agent: 'order-desk', where: "run_id <> 'run-asks' -- but not that" }, 'run-done'],
      [{ agent: 'order-desk', where: 'false) or (true' }, 'run-asks run-done'],
      [{ agent: 'order-desk', where: 'false) union select run_id from refold_runs where (true' }, 'run-asks run-done'],
      [{ agent: 'order-desk', where: 'turn > 0', limit: 1 }, 'run-asks'],
    ])('chooses runs by a condition that takes no other away: %j', async (choice, runIds) => {
      const { signal } = new AbortController()
      const chosen = await runsThatFit({ signal }, { views: views() }, choice)
      expect(chosen.map(({ runId }) => runId).join(' ')).toBe(runIds)
      expect(await spentByForks({ views: views() }, 'run-', signal)).toBe(0)
    })

    test.each([
      "true)), refold_runs as (select run_id, 'order-desk' as agent, null as fork_of, 'completed' as status from refold_timeline where (true",
      'true)) select run_id, status from refold_runs union select run_id, status from refold_runs where ((true',
      "true\n)), chosen as (select run_id from refold_timeline where ('(' <> ''",
    ])('chooses no run by what is more than a condition: %s', async (where) => {
      const { signal } = new AbortController()
      await expect(runsThatFit({ signal }, { views: views() }, { agent: 'order-desk', where })).rejects.toMatchObject({
        code: 'InvalidInput',
      })
    })

    test('finds runs by a whole tag', async () => {
      const tagged = 'select run_id from refold_tags where name = $1 and value = $2'
      expect((await ask(tagged, { parameters: ['customer', 'ann'] })).rows).toEqual([['run-done']])
      expect((await ask(tagged, { parameters: ['order.id', '100%_1'] })).rows).toEqual([['run-done']])
      for (const other of ['an', 'Ann', 'ann ', '%']) expect((await ask(tagged, { parameters: ['customer', other] })).rows).toEqual([])
    })

    test.each([
      [[], /\$1|parameter/],
      [['a', 'b'], /\$1|parameter/],
    ])('is refused where values lack or are too many: %j', async (parameters, message) => {
      await expect(ask('select run_id from refold_runs where agent = $1', { parameters })).rejects.toMatchObject({
        code: 'InvalidInput',
        message: expect.stringMatching(message) as string,
      })
    })

    test('has as many rows as were asked for at most, and says so', async () => {
      expect(await ask('select run_id from refold_runs order by 1', { limit: 2 })).toMatchObject({
        rows: [['run-asks'], ['run-done']],
        cut: 'rows',
      })
      expect(await ask('select run_id from refold_runs', { limit: 5 })).toMatchObject({ cut: null })
      const numbers = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select i from n'
      const { rows, cut } = await ask(numbers)
      expect({ rows: rows.length, cut }).toEqual({ rows: sqlLimits.rows, cut: 'rows' })
    })

    test('has rows of 8 MB at most, and says so', async () => {
      const line = 'x'.repeat(60_000)
      const many = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) select i, $1 as line from n'
      const { rows, cut } = await ask(many, { parameters: [line] })
      expect(cut).toBe('bytes')
      expect(rows.length).toBe(Math.floor(sqlLimits.bytes / JSON.stringify([100, line]).length))
    })

    test.each([
      'delete from refold_runs',
      "insert into refold_runs (run_id) values ('x')",
      'update refold_runs set paused = 1',
      'drop table refold_runs',
      'create table more (a integer)',
      'create temp table more (a integer)',
      'with gone as (delete from refold_runs returning *) select * from gone',
      'select 1; select 2',
      'select 1; delete from refold_runs',
      'begin',
      'commit',
      'explain select 1',
      'select * from refold_view_state',
      'select * from refold_view_offsets',
      'select nothing from refold_runs',
      'select * from nothing',
      'selec 1',
      '-- nothing',
      ';',
      "select 'unfinished",
      'select 1) as q; (select 2',
      'select * from refold_runs for update of nothing',
    ])('is refused where it does more than read the tables, or is none: %s', async (sql) => {
      await expect(ask(sql)).rejects.toMatchObject({ code: 'InvalidInput' })
      expect((await ask('select count(*) from refold_runs')).rows).toEqual([[5]])
    })

    test.each([
      ['', {}],
      ['select 1'.padEnd(sqlLimits.textLength + 1), {}],
      ['select 1 \0', {}],
      ['select 1', { timeoutMs: 5_001 }],
      ['select 1', { timeoutMs: 0 }],
      ['select 1', { limit: 10_001 }],
      ['select 1', { parameters: new Array<null>(101).fill(null) }],
      ['select $1', { parameters: [Number.NaN] }],
      ['select $1', { parameters: ['\uD800'] }],
      ['select $1', { tenant: '' }],
    ])('is refused out of bounds: %#', async (sql, options) => {
      await expect((async () => ask(sql, options))()).rejects.toMatchObject({ code: 'InvalidInput' })
    })

    test('that does not end is ended at its time, and the next one is answered', async () => {
      const endless = 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'
      await ask('select 1')
      const began = performance.now()
      await expect(ask(endless, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'QueryTooLong' })
      expect(performance.now() - began).toBeLessThan(300 + 400)
      expect((await ask('select 1')).rows).toEqual([[1]])
    })

    test('is one of two at a time: the third waits for a place, and is told where it finds none', async () => {
      const endless = 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'
      const two = Promise.allSettled([ask(endless, { timeoutMs: 400 }), ask(endless, { timeoutMs: 900 })])
      const refused = ask('select 1', { timeoutMs: 50 })
      const waits = ask('select 1', { timeoutMs: 5_000 })
      await expect(refused).rejects.toMatchObject({ code: 'TooManyQueries', retryable: true })
      expect((await waits).rows).toEqual([[1]])
      expect(await two).toMatchObject([{ reason: { code: 'QueryTooLong' } }, { reason: { code: 'QueryTooLong' } }])
    })
  })
}
