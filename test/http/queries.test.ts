import { textContent } from '../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { streamOf } from '../../src/events/codec.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import { foldRun, type FoldedRun } from '../../src/fold/folded-run.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { keyFor, deskAgent, openService } from './service.ts'

interface List {
  readonly runs: readonly { readonly runId: string; readonly status: string; readonly waitsFor: string | null }[]
  readonly next: string | null
}

describe('the list of runs', () => {
  test('has the run with the newest event first, page after page', async () => {
    await using service = await openService()
    const started: string[] = []
    for (let run = 0; run < 5; run++) started.unshift(await service.run('Hello'))
    const seen: string[] = []
    let query = '?limit=2'
    for (;;) {
      const { body } = await service.ask<List>(`GET /v1/runs${query}`)
      seen.push(...body.runs.map(({ runId }) => runId))
      if (body.next === null) break
      query = `?limit=2&cursor=${body.next}`
    }
    expect(seen).toEqual(started)
  })

  test('shows what has happened by now, and what fits', async () => {
    await using service = await openService()
    const waiting = await service.run('A refund, please')
    const cancelled = await service.run('Hello')
    await service.ask(`POST /v1/runs/${cancelled}/cancel`, { body: { reason: 'spam' } })
    const listed = async (query: string): Promise<string[]> =>
      (await service.ask<List>(`GET /v1/runs?${query}`)).body.runs.map(({ runId }) => runId)
    expect(await listed('waitsFor=approval')).toEqual([waiting])
    expect(await listed('status=cancelled&agent=desk')).toEqual([cancelled])
    expect(await listed('agent=clerk')).toEqual([])
    const { body } = await service.ask<List>('GET /v1/runs?status=cancelled')
    expect(body.runs).toMatchObject([{ runId: cancelled, agent: 'desk', agentVersion: '1', lastText: 'Hello', reason: 'spam', turn: 1 }])
  })
})

describe('a run', () => {
  test('is folded by a page from its events to what the service shows, at every revision', async () => {
    await using service = await openService()
    const runId = await service.run('A refund, please')
    const { body } = await service.ask<{ readonly events: readonly RunEvent[] }>(`GET /v1/runs/${runId}/events`)
    let run: FoldedRun | undefined
    for (const event of body.events) {
      run = run?.next(event) ?? foldRun([event])
      const { transcript: _, ...state } = JSON.parse(JSON.stringify(run.view())) as Record<string, unknown>
      expect((await service.ask(`GET /v1/runs/${runId}?revision=${event.revision}`)).body).toEqual(state)
      expect(run.difference).toBeUndefined()
    }
    expect(run?.view().approvals).toHaveLength(1)
  })

  test('is shown as it is now, and as it was at any revision', async () => {
    await using service = await openService()
    const runId = await service.run('A refund, please')
    const { body } = await service.ask(`GET /v1/runs/${runId}`)
    expect(body).toMatchObject({
      runId,
      agent: 'desk@1',
      waitsFor: 'approval',
      approvals: [{ subject: { tool: 'refund_order', input: { id: '18' } } }],
    })
    expect(body).not.toHaveProperty('transcript')
    for (let revision = 0; revision <= Number(body['revision']); revision++) {
      const view = await service.world.refold.run(runId).at(revision)
      const { transcript, ...state } = JSON.parse(JSON.stringify(view)) as Record<string, unknown>
      expect((await service.ask(`GET /v1/runs/${runId}?revision=${revision}`)).body).toEqual(state)
      const said = await service.ask(`GET /v1/runs/${runId}/transcript?revision=${revision}`)
      expect(said.body).toEqual({ runId, revision, messages: transcript })
    }
  })

  test('has a transcript', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    expect((await service.ask(`GET /v1/runs/${runId}/transcript`)).body).toMatchObject({
      messages: [
        { role: 'user', parts: textContent('Hello') },
        { role: 'assistant', parts: [{ type: 'text', text: 'You said: Hello' }] },
      ],
    })
  })

  test('refolds to what was recorded', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    expect((await service.ask(`GET /v1/runs/${runId}/verification`)).body).toEqual({ ok: true, events: 5 })
  })

  test('that was changed differs at the event that was changed', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const { log } = service.world
    const [first] = await Array.fromAsync(log.readStream(streamOf(runId), { limit: 1 }))
    const forged = { id: '00000000-0000-4000-8000-ffffffffffff', type: 'RunResumed', data: '{"by":"nobody"}', meta: first?.meta ?? '' }
    await log.append(streamOf(runId), 'stream-exists', [forged])
    const { status, body } = await service.ask(`GET /v1/runs/${runId}/verification`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ ok: false, events: 5, revision: 5, what: 'hash', report: expect.stringContaining(runId) as string })
  })
})

describe('the agents', () => {
  test('are listed in all versions, with their models and tools', async () => {
    const second = defineAgent({ name: 'desk', version: '2', instructions: 'Help more.', models: ['scripted/two'] })
    await using service = await openService({ agents: [deskAgent, second], model: scriptedModel([]) })
    expect((await service.ask('GET /v1/agents')).body).toMatchObject({
      agents: [
        {
          name: 'desk',
          version: '1',
          isNewest: false,
          conversational: true,
          models: ['scripted/one'],
          tools: [
            { name: 'refund_order', effect: 'idempotent' },
            { name: 'charge_card', effect: 'once' },
            { name: 'call_human', effect: 'read' },
          ],
        },
        { name: 'desk', version: '2', isNewest: true, tools: [] },
      ],
    })
  })
})

describe('readiness', () => {
  test('asks the log once, however many ask', async () => {
    await using service = await openService()
    const { log, clock } = service.world
    const head = log.head.bind(log)
    let asked = 0
    service.served.log.head = () => {
      asked += 1
      return head()
    }
    const ask = (times: number) => Promise.all(Array.from({ length: times }, () => service.ask('GET /readyz')))
    expect((await ask(30)).filter(({ status }) => status !== 200)).toEqual([])
    await ask(30)
    expect(asked).toBe(1)
    clock.advance(3_000)
    await ask(30)
    expect(asked).toBe(2)
  })

  test('is that the views answer, and says so where they do not', async () => {
    let isAway = false
    await using service = await openService({
      beforeCheckpoint: () => (isAway ? Promise.reject(new Error('postgres://refold:secret@host is away')) : Promise.resolve()),
    })
    expect((await service.ask('GET /readyz')).body).toEqual({ status: 'ok' })
    isAway = true
    service.world.clock.advance(3_000)
    expect(await service.ask('GET /readyz')).toMatchObject({ status: 503, body: { code: 'NotReady', detail: 'The views do not answer' } })
    await service.world.log.close()
    service.world.clock.advance(3_000)
    expect(await service.ask('GET /readyz')).toMatchObject({ status: 503, body: { detail: 'Neither the log nor the views answer' } })
  })

  test('is that the log answers', async () => {
    const { configured } = keyFor('acme')
    await using service = await openService({ http: { keys: [configured] } })
    expect((await service.ask('GET /readyz')).body).toEqual({ status: 'ok' })
    await service.world.log.close()
    service.world.clock.advance(3_000)
    expect(await service.ask('GET /readyz')).toMatchObject({ status: 503, body: { code: 'NotReady', detail: 'The log does not answer' } })
    expect((await service.ask('GET /healthz')).body).toEqual({ status: 'ok' })
  })
})
