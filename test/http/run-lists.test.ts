import { describe, expect, test } from 'vitest'
import { keyFor, openService, type Service } from './service.ts'

interface Row {
  readonly runId: string
  readonly standing: string
  readonly stuck: string | null
  readonly standsStill: {
    readonly why: string
    readonly sentence: string
    readonly remedies: readonly { readonly action: string; readonly command: string; readonly runId: string; readonly callId?: string }[]
  } | null
}

interface Page {
  readonly runs: readonly Row[]
  readonly next: string | null
  readonly counts?: Readonly<Record<'status' | 'standing' | 'stuck', Readonly<Record<string, number>>>> & { readonly all: number }
}

const acme = keyFor('acme')
const globex = keyFor('globex')

const found = async (service: Service, query: string, key?: string): Promise<readonly string[]> => {
  const { status, body } = await service.ask<Page>(`GET /v1/runs?${query}`, key === undefined ? {} : { key })
  expect(status, query).toBe(200)
  return body.runs.map(({ runId }) => runId)
}

const rowOf = async (service: Service, runId: string): Promise<Row | undefined> =>
  (await service.ask<Page>(`GET /v1/runs?q=id:${runId}`)).body.runs[0]

describe('the list of runs', () => {
  test('finds a run by its id, its words, a tool that it used, where it stands and its tags', async () => {
    await using service = await openService()
    const hello = await service.run('My KETTLE is broken: "so hot"')
    const refund = await service.run('A refund, please')
    const { body } = await service.ask<{ runId: string }>('POST /v1/runs', {
      body: { agent: 'desk', message: 'Tagged', tags: { customer: 'ann', place: 'a:b' } },
    })
    await service.settle(body.runId)
    const tagged = body.runId
    const all = [tagged, refund, hello]
    const cases: readonly [query: string, runs: readonly string[]][] = [
      ['', all],
      ['q=', all],
      ['q=%20%20', all],
      [`q=${refund}`, [refund]],
      [`q=id:${refund}`, [refund]],
      ['q=kettle', [hello]],
      ['q=kettle%20BROKEN', [hello]],
      ['q=kettle%20please', []],
      [`q=${encodeURIComponent('"kettle is"')}`, [hello]],
      [`q=${encodeURIComponent('"is kettle"')}`, []],
      [`q=${encodeURIComponent('": ""so hot"""')}`, [hello]],
      [`q=${encodeURIComponent('"" kettle ""')}`, [hello]],
      [`q=${encodeURIComponent(`kettle ${'state:acting.'.repeat(60)}`)}`, []],
      ['q=tool:refund_order', [refund]],
      ['tool=refund_order', [refund]],
      ['tool=refund', []],
      ['q=state:acting', [refund]],
      ['state=acting', [refund]],
      ['state=act', []],
      ['q=waits:approval', [refund]],
      ['waitsFor=approval', [refund]],
      ['standing=message', [tagged, hello]],
      ['q=customer:ann', [tagged]],
      ['q=place:a:b', [tagged]],
      ['q=customer:an', []],
      ['tag=customer%3Dann', [tagged]],
      ['q=status:active%20agent:desk', all],
      ['q=agent:other', []],
      ['q=calls>=0', all],
      ['q=turns>1', []],
      ['q=cost>0.1', []],
      ['minCostUsd=0', all],
      ['minCostUsd=0.5', []],
      ['since=0', all],
      ['until=1', []],
      ['stuck=any', []],
    ]
    for (const [query, runs] of cases) expect(await found(service, query), query).toEqual(runs)
  })

  test.each(['%25', '_', "'", '%5C', '%00', '%F0%9F%98%80', 'a:', ':a', 'cost%3E', 'x'.repeat(200), '?', '%3F%3F'])(
    'takes any text for what it is: q=%s',
    async (text) => {
      await using service = await openService()
      await service.run('Hello')
      const { status, body } = await service.ask<Page>(`GET /v1/runs?q=${text}`)
      if (status === 200) expect(body.runs).toEqual([])
      else expect(body).toMatchObject({ code: 'InvalidInput' })
    },
  )

  test.each(['newest', 'started', 'cost', 'tokens', 'waiting'])('goes on page by page in the order %s', async (order) => {
    await using service = await openService()
    for (const text of ['One', 'A refund', 'Two', 'A human, please', 'Three']) {
      service.world.clock.advance(10)
      await service.run(text)
    }
    const whole = await found(service, `order=${order}`)
    expect(whole).toHaveLength(5)
    const seen: string[] = []
    let cursor = ''
    for (;;) {
      const { body } = await service.ask<Page>(`GET /v1/runs?order=${order}&limit=2${cursor}`)
      seen.push(...body.runs.map(({ runId }) => runId))
      if (body.next === null) break
      cursor = `&cursor=${body.next}`
    }
    expect(seen).toEqual(whole)
    if (cursor !== '') expect((await service.ask(`GET /v1/runs?order=${order === 'cost' ? 'newest' : 'cost'}${cursor}`)).status).toBe(400)
  })

  test('counts what fits the other filters, by status, by what it waits for and by what is stuck', async () => {
    await using service = await openService()
    await service.run('Hello')
    await service.run('A refund, please')
    const human = await service.run('A human, please')
    const done = await service.run('Bye')
    await service.ask(`POST /v1/runs/${done}/complete`)
    const { body } = await service.ask<Page>('GET /v1/runs?status=completed&counts=true')
    expect(body.runs.map(({ runId }) => runId)).toEqual([done])
    expect(body.counts).toMatchObject({
      all: 4,
      status: { active: 3, completed: 1, failed: 0 },
      standing: { message: 1, approval: 1, human: 1, over: 1, work: 0 },
      stuck: { escalated: 1, overdue: 0 },
    })
    expect(await found(service, 'stuck=any')).toEqual([human])
    expect(await found(service, 'stuck=escalated')).toEqual([human])
    expect(await found(service, 'stuck=overdue')).toEqual([])
    expect((await service.ask<Page>('GET /v1/runs?q=bye&counts=true')).body.counts).toMatchObject({ all: 1 })
    expect((await service.ask<Page>('GET /v1/runs')).body).not.toHaveProperty('counts')
  })

  test('says in one sentence why a run stands still, and what helps', async () => {
    await using service = await openService()
    const refund = await service.run('A refund, please')
    const human = await service.run('A human, please')
    const hello = await service.run('Hello')
    await service.ask(`POST /v1/runs/${hello}/pause`)
    expect(await rowOf(service, refund)).toMatchObject({
      standing: 'approval',
      standsStill: {
        why: 'approval',
        sentence: 'A person has to decide on refund_order {"id":"18"}.',
        remedies: [
          { action: 'grantApproval', command: `refold approve ${refund} 3.0`, runId: refund, callId: '3.0' },
          { action: 'denyApproval', command: `refold deny ${refund} 3.0` },
        ],
      },
    })
    expect(await rowOf(service, human)).toMatchObject({
      stuck: 'escalated',
      standsStill: {
        why: 'escalated',
        remedies: [{ action: 'answerRun' }, { action: 'giveRunBack', command: `refold give-back ${human}` }],
      },
    })
    expect(await rowOf(service, hello)).toMatchObject({
      standing: 'paused',
      standsStill: { remedies: [{ command: `refold resume ${hello}` }] },
    })
    await service.ask(`POST /v1/runs/${hello}/resume`)
    await service.ask(`POST /v1/runs/${hello}/complete`)
    expect(await rowOf(service, hello)).toMatchObject({ standing: 'over', standsStill: null })
  })

  test.each([
    'order=random',
    'standing=sitting',
    'stuck=yes',
    'minCostUsd=-1',
    'minCostUsd=much',
    'counts=1',
    'limit=0',
    'limit=201',
    'cursor=nonsense',
    'cursor=WyJuZXdlc3QiLG51bGwsImEiXQ',
    `q=${'x'.repeat(1_001)}`,
    'since=yesterday',
    'tag=customer',
    'color=red',
  ])('refuses what it does not know: %s', async (query) => {
    await using service = await openService()
    expect((await service.ask(`GET /v1/runs?${query}`)).status).toBe(400)
  })

  test('shows and counts for a tenant its own runs only, whatever it asks for', async () => {
    await using service = await openService({ http: { keys: [acme.configured, globex.configured] } })
    const own = await service.run('A kettle', { key: acme.key })
    const foreign = await service.run('A kettle and a refund', { key: globex.key })
    for (const query of ['', 'q=kettle', 'tenant=globex', 'q=status:active', 'order=waiting', 'standing=message', `q=kettle&tenant=globex`])
      expect(await found(service, query, acme.key), query).toEqual([own])
    for (const query of ['q=tenant:globex', `q=${foreign}`, `q=id:${foreign}`, 'tool=refund_order', 'q=tool:refund_order'])
      expect(await found(service, query, acme.key), query).toEqual([])
    const { body } = await service.ask<Page>('GET /v1/runs?counts=true&tenant=globex&q=kettle', { key: acme.key })
    expect(body.counts).toMatchObject({ all: 1, standing: { message: 1, approval: 0 } })
  })
})
