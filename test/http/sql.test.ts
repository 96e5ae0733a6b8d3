import { describe, expect, test } from 'vitest'
import type { SqlCatalog } from '../../src/views/named-queries.ts'
import { sqlLimits, type SqlResult } from '../../src/views/sql-query.ts'
import { keyFor, openService } from './service.ts'

const acme = keyFor('acme')
const globex = keyFor('globex')
const keys = [acme.configured, globex.configured]

const ENDLESS = 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'

describe('SQL over HTTP', () => {
  test('is answered with what has happened by now', async () => {
    await using service = await openService()
    const runId = await service.run('A refund, please')
    const sql = 'select run_id, waits_for, messages, null as nobody from refold_runs where agent = $1'
    const { status, body } = await service.ask<SqlResult>('POST /v1/sql', { body: { sql, parameters: ['desk'] } })
    expect(status).toBe(200)
    expect(body).toEqual({
      columns: [
        { name: 'run_id', type: 'text' },
        { name: 'waits_for', type: 'text' },
        { name: 'messages', type: 'integer' },
        { name: 'nobody', type: 'null' },
      ],
      rows: [[runId, 'approval', 1, null]],
      cut: null,
      durationMs: expect.any(Number) as number,
    })
  })

  test('may be asked by the name of a query, which the service lists with all tables and limits', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const { body } = await service.ask<SqlCatalog>('GET /v1/sql')
    expect(body).toMatchObject({ limits: { rows: sqlLimits.rows, timeoutMs: { usual: 1_000, most: 5_000 } } })
    expect(body.tables.find(({ name }) => name === 'refold_timeline')?.columns.map(({ name }) => name)).toContain('summary')
    for (const { name, parameters } of body.queries) {
      const asked = { query: name, parameters: new Array<string>(parameters).fill('desk') }
      const { status, body: found } = await service.ask<SqlResult>('POST /v1/sql', { body: asked })
      expect({ name, status }).toEqual({ name, status: 200 })
      if (name === 'runs-of') expect(found.rows).toEqual([[runId]])
    }
  })

  test('shows a tenant its own runs only, whatever it asks', async () => {
    await using service = await openService({ http: { keys } })
    const own = await service.run('Mine', { key: acme.key })
    const foreign = await service.run('Theirs', { key: globex.key })
    const told = async (sql: string): Promise<string> =>
      JSON.stringify((await service.ask('POST /v1/sql', { key: acme.key, body: { sql } })).body)
    expect(await told('select run_id from refold_runs')).toContain(own)
    for (const sql of [
      'select * from refold_runs',
      'select * from refold_timeline',
      'select group_concat(text) from refold_messages',
      "select * from refold_runs where tenant = 'globex' or 1 = 1",
      'select * from main.refold_runs',
      'with refold_runs as (select * from main.refold_runs) select * from refold_runs',
      "select case when tenant = 'globex' then json('{') end from refold_runs",
    ]) {
      expect(await told(sql)).not.toMatch(new RegExp(`${foreign}|Theirs|globex(?! or|\\\\?')`))
    }
    expect(await told('select count(*) from refold_runs')).toContain('[[1]]')
  })

  test.each([
    [{ sql: 'select 1; select 2' }, 400, 'InvalidInput'],
    [{ sql: 'delete from refold_runs' }, 400, 'InvalidInput'],
    [{ sql: 'select nothing from refold_runs' }, 400, 'InvalidInput'],
    [{ sql: 'select $1' }, 400, 'InvalidInput'],
    [{ query: 'nothing' }, 400, 'InvalidInput'],
    [{ query: 'runs-of', sql: 'select 1' }, 400, 'InvalidInput'],
    [{}, 400, 'InvalidInput'],
    [{ sql: 'select 1', tenant: 'globex' }, 400, 'InvalidInput'],
    [{ sql: 'select 1', timeoutMs: 60_000 }, 400, 'InvalidInput'],
    [{ sql: 'select 1', limit: 1e9 }, 400, 'InvalidInput'],
    [{ sql: 'select $1', parameters: [{}] }, 400, 'InvalidInput'],
    [{ sql: `select '${'x'.repeat(sqlLimits.textLength)}'` }, 400, 'InvalidInput'],
    [{ sql: 'select zeroblob(100000000)' }, 413, 'TooLarge'],
    [{ sql: ENDLESS, timeoutMs: 100 }, 422, 'QueryTooLong'],
  ])('is refused in one way: %#', async (body, status, code) => {
    await using service = await openService()
    const refused = await service.ask('POST /v1/sql', { body })
    expect(refused).toMatchObject({ status, body: { code } })
    expect(JSON.stringify(refused.body).length).toBeLessThan(4_000)
    expect((await service.ask<SqlResult>('POST /v1/sql', { body: { sql: 'select 1' } })).body.rows).toEqual([[1]])
  })

  test('is for keys with the scope sql, and for no page of another origin', async () => {
    const reader = keyFor('acme', 'read')
    await using service = await openService({ http: { keys: [reader.configured, acme.configured] } })
    const body = { sql: 'select 1' }
    expect(await service.ask('POST /v1/sql', { key: reader.key, body })).toMatchObject({ status: 403, body: { code: 'ScopeMissing' } })
    expect(await service.ask('GET /v1/sql', { key: reader.key })).toMatchObject({ status: 403 })
    const headers = { origin: 'https://evil.example' }
    expect(await service.ask('POST /v1/sql', { key: acme.key, body, headers })).toMatchObject({ body: { code: 'ForeignPage' } })
  })

  test('leaves room for others: one query of each tenant at one time', async () => {
    await using service = await openService({ http: { keys } })
    await service.run('Hello', { key: globex.key })
    const long = { key: acme.key, body: { sql: ENDLESS, timeoutMs: 3_000 } }
    const own = service.ask('POST /v1/sql', long)
    const ownNext = service.ask('POST /v1/sql', { key: acme.key, body: { sql: 'select 1', timeoutMs: 50 } })
    const other = await service.ask<SqlResult>('POST /v1/sql', { key: globex.key, body: { sql: 'select count(*) from refold_runs' } })
    expect(other.body.rows).toEqual([[1]])
    expect(await ownNext).toMatchObject({ status: 429, body: { code: 'TooManyQueries', retryable: true } })
    expect((await own).body).toMatchObject({ code: 'QueryTooLong' })
  })

  test('is ended where whoever has asked is gone, so that the next one finds its place', async () => {
    await using service = await openService({ http: { keys } })
    await service.ask('POST /v1/sql', { key: acme.key, body: { sql: 'select 1' } })
    const gone = new AbortController()
    const headers = { authorization: `Bearer ${acme.key}`, 'content-type': 'application/json' }
    const began = performance.now()
    const asked = fetch(`${service.url}/v1/sql`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ sql: ENDLESS, timeoutMs: 5_000 }),
      signal: gone.signal,
    })
    const next = service.ask<SqlResult>('POST /v1/sql', { key: acme.key, body: { sql: 'select 1', timeoutMs: 5_000 } })
    setTimeout(() => gone.abort(), 200)
    await expect(asked).rejects.toThrow()
    expect((await next).body.rows).toEqual([[1]])
    expect(performance.now() - began).toBeLessThan(4_500)
  })

  test('stands in no line of the log, neither its text nor its values', async () => {
    await using service = await openService()
    for (const sql of ["select 'planted' || $1", "select 'planted' || $1 from nothing", `${ENDLESS} where $1 <> 'planted'`]) {
      await service.ask('POST /v1/sql', { body: { sql, parameters: ['planted'], timeoutMs: 200 } })
    }
    expect(service.lines.filter(({ route }) => route === '/v1/sql')).toHaveLength(3)
    expect(JSON.stringify(service.lines)).not.toContain('planted')
  })
})
