import { describe, expect, test } from 'vitest'
import { eventsOf } from '../support/world.ts'
import { keyFor, openService } from './service.ts'

const acme = keyFor('acme')
const globex = keyFor('globex')

describe('a fork over HTTP', () => {
  test('is a run of the same tenant, one under its id or its key, and shows what it is a fork of', async () => {
    await using service = await openService({ http: { keys: [acme.configured, globex.configured] } })
    const origin = await service.run('Hello', { key: acme.key })
    const asked = { key: acme.key, body: { at: 1, modelCalls: 0 }, headers: { 'idempotency-key': 'one' } }
    const first = await service.ask<{ runId: string }>(`POST /v1/runs/${origin}/forks`, asked)
    expect(first).toMatchObject({ status: 201 })
    expect(first.headers.get('location')).toBe(`/v1/runs/${first.body.runId}`)
    const again = await service.ask<{ runId: string }>(`POST /v1/runs/${origin}/forks`, asked)
    expect(again).toMatchObject({ status: 201, body: { runId: first.body.runId } })
    const other = { ...asked, body: { at: 1, modelCalls: 1 } }
    expect(await service.ask(`POST /v1/runs/${origin}/forks`, other)).toMatchObject({ status: 422, body: { code: 'IdempotencyKeyReused' } })
    await service.settle(first.body.runId)
    const shown = await service.ask(`GET /v1/runs/${first.body.runId}`, { key: acme.key })
    expect(shown.body).toMatchObject({ answer: 'You said: Hello', fork: { runId: origin, revision: 1, counts: { recorded: 1, live: 0 } } })
    expect(await service.ask(`GET /v1/runs/${first.body.runId}`, { key: globex.key })).toMatchObject({ status: 404 })
    const [started] = await eventsOf(service.world, first.body.runId)
    expect(started).toMatchObject({ data: { tenant: 'acme', forkOf: { runId: origin, revision: 1 } } })
  })

  test('says in its outline what is copied, what is otherwise, what it may do and where each result is from', async () => {
    await using service = await openService()
    const origin = await service.run('Hello')
    const body = { at: 1, real: ['refund_order'], reads: true, instructions: 'Help.'.repeat(20_000) }
    const { runId } = (await service.ask<{ runId: string }>(`POST /v1/runs/${origin}/forks`, { body })).body
    await service.settle(runId)
    const { rows } = (await service.ask<{ rows: readonly Record<string, unknown>[] }>(`GET /v1/runs/${runId}/outline`)).body
    expect(rows[0]).toMatchObject({ forkOf: { runId: origin, revision: 1 } })
    const forked = rows.find(({ type }) => type === 'RunForked')
    expect(forked).toMatchObject({
      revision: 2,
      from: { runId: origin, revision: 1, recordedTo: 4 },
      real: ['refund_order'],
      reads: true,
      changes: [],
    })
    expect(rows.find(({ type }) => type === 'ModelCallSucceeded')).toMatchObject({ source: 'live' })
    expect(rows.filter(({ revision, source }) => Number(revision) <= 1 && source !== undefined)).toEqual([])
  })

  test('cannot be made of a run of another tenant, which nobody learns of', async () => {
    await using service = await openService({ http: { keys: [acme.configured, globex.configured] } })
    const origin = await service.run('Hello', { key: acme.key })
    const foreign = await service.ask(`POST /v1/runs/${origin}/forks`, { key: globex.key, body: { at: 1 } })
    const missing = await service.ask(`POST /v1/runs/${origin}x/forks`, { key: globex.key, body: { at: 1 } })
    expect([foreign.status, missing.status]).toEqual([404, 404])
  })

  test.each<[string, unknown]>([
    ['no place', {}],
    ['a place beyond the end', { at: 99 }],
    ['a place that is none', { at: -1 }],
    ['a place between two', { at: 1.5 }],
    ['a tool that the agent has not', { at: 1, real: ['rm'] }],
    ['a simulated tool that the agent has not', { at: 1, simulate: { rm: 1 } }],
    ['a simulated result that the tool could not give', { at: 1, simulate: { refund_order: { a: 1 } } }],
    ['a model without a provider', { at: 1, model: 'nobody/x' }],
    ['a model that is no name', { at: 1, model: 'x' }],
    ['another field', { at: 1, seal: false }],
    ['a negative limit', { at: 1, modelCalls: -1 }],
  ])('is refused with %s', async (_, body) => {
    await using service = await openService()
    const origin = await service.run('Hello')
    const before = await eventsOf(service.world, origin)
    const { status } = await service.ask(`POST /v1/runs/${origin}/forks`, { body })
    expect([400, 422]).toContain(status)
    expect(await eventsOf(service.world, origin)).toEqual(before)
  })
})
