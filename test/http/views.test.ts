import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { viewNames } from '../../src/views/view-queries.ts'
import { contractProblems } from './contract-check.ts'
import { keyFor, openService } from './service.ts'

interface Page {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly next: string | null
}

const acme = keyFor('acme')
const globex = keyFor('globex')

describe('the views over HTTP', () => {
  test('answer as the contract says, with what has happened by now', async () => {
    await using service = await openService()
    const runId = await service.run('A refund, please')
    for (const name of viewNames) {
      const { status, body, headers } = await service.ask<Page>(`GET /v1/views/${name}`)
      expect(status, name).toBe(200)
      expect(contractProblems('GET', `/v1/views/${name}`, new Response(null, { status, headers }), body)).toEqual([])
    }
    const { body } = await service.ask<Page>('GET /v1/views/approvals?status=open')
    expect(body).toMatchObject({
      rows: [{ runId, tool: 'refund_order', input: '{"id":"18"}', decision: 'open', decidedBy: null }],
      next: null,
    })
    expect((await service.ask<Page>('GET /v1/views/runs')).body.rows).toMatchObject([{ runId, paused: false, waitsFor: 'approval' }])
  })

  test.each(['runs', 'views/runs'])(
    'wait for nobody longer than a second, and say since when something may be missing: %s',
    async (list) => {
      const isSlow = { now: false }
      const asked = { count: 0, rings: Promise.withResolvers<undefined>() }
      await using service = await openService({
        beforeList: () => {
          asked.count += 1
          if (isSlow.now) asked.rings.resolve(undefined)
          return isSlow.now ? new Promise(() => undefined) : Promise.resolve()
        },
      })
      await service.run('Hello')
      expect((await service.ask(`GET /v1/${list}`)).body).not.toHaveProperty('behind')
      isSlow.now = true
      service.world.clock.advance(5_000)
      await service.run('Hello again')
      const since = service.world.clock.now()
      for (let asks = 0; asks < 3; asks++) {
        const listed = service.ask(`GET /v1/${list}`)
        await asked.rings.promise
        while (!service.world.clock.next()) await nextTurn()
        const { status, body } = await listed
        expect({ status, ...body }).toMatchObject({ status: 200, next: null, behind: { since: expect.any(Number) as number } })
        expect(Math.abs((body['behind'] as { since: number }).since - since)).toBeLessThan(5_000)
      }
      expect(asked.count).toBe(2)
    },
  )

  test('go on page by page', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const seen: unknown[] = []
    let query = '?limit=2'
    for (;;) {
      const { body } = await service.ask<Page>(`GET /v1/views/timeline${query}&run=${runId}`)
      seen.push(...body.rows.map(({ revision }) => revision))
      if (body.next === null) break
      query = `?limit=2&cursor=${body.next}`
    }
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  test.each(['status=nothing', 'limit=0', 'limit=1001', 'since=yesterday', 'color=red', 'cursor=nonsense', 'waitingMs=1'])(
    'refuse what they do not know: %s',
    async (query) => {
      await using service = await openService()
      expect((await service.ask(`GET /v1/views/tool-calls?${query}`)).status).toBe(400)
    },
  )

  test.each(viewNames)('show a tenant its own runs only, whatever it asks for: %s', async (name) => {
    await using service = await openService({ http: { keys: [acme.configured, globex.configured] } })
    const judged = async (key: string): Promise<string> => {
      const started = await service.ask<{ runId: string }>('POST /v1/runs', {
        key,
        body: { agent: 'desk', message: 'A refund, please', tags: { eval: 'e', case: 'a' } },
      })
      await service.settle(started.body.runId)
      await service.ask(`POST /v1/runs/${started.body.runId}/scores`, { key, body: { name: 'exact', value: 1 } })
      return started.body.runId
    }
    const own = await judged(acme.key)
    await judged(globex.key)
    const foreign = await service.run('A human, please', { key: globex.key })
    service.world.clock.advance(3_600_000)
    const rowsFor = async (query: string): Promise<Page['rows']> =>
      (await service.ask<Page>(`GET /v1/views/${name}${query}`, { key: acme.key })).body.rows
    for (const query of ['', '?tenant=globex', '?agent=desk', '?limit=1']) {
      for (const row of await rowsFor(query)) {
        if ('runId' in row) expect(row['runId'], query).toBe(own)
        if ('tenant' in row) expect(row['tenant'], query).toBe('acme')
        if (name === 'costs') expect(row['runs']).toBe(1)
      }
    }
    expect(await rowsFor(`?run=${foreign}`)).toEqual([])
    expect((await service.ask<Page>(`GET /v1/views/${name}`, { key: globex.key })).body.rows.length).toBeGreaterThan(0)
  })

  test('are for keys that may read', async () => {
    const writer = keyFor('acme', 'write')
    await using service = await openService({ http: { keys: [writer.configured] } })
    expect((await service.ask('GET /v1/views/runs', { key: writer.key })).body).toMatchObject({ code: 'ScopeMissing' })
    expect((await service.ask('GET /v1/views/nothing', { key: writer.key })).body).toMatchObject({ code: 'RouteNotFound' })
  })
})
