import { describe, expect, test } from 'vitest'
import type { Receipt } from '../../src/http/contract.ts'
import { eventsOf } from '../support/world.ts'
import { keyFor, openService } from './service.ts'

const acme = keyFor('acme')
const globex = keyFor('globex')
const keys = [acme.configured, globex.configured]

interface List {
  readonly runs: readonly { readonly runId: string }[]
}

const READS = ['', '?revision=0', '/transcript', '/events', '/verification']
const COMMANDS: readonly [path: string, body?: Record<string, unknown>][] = [
  ['messages', { message: 'Hi' }],
  ['approvals/3.0/grant'],
  ['approvals/3.0/deny', { reason: 'no' }],
  ['tool-calls/3.0/settlement', { outcome: { succeeded: true, output: 1 } }],
  ['answer', { text: 'Hi' }],
  ['take-over', { from: 'ann' }],
  ['give-back'],
  ['pause'],
  ['resume'],
  ['forks', { at: 0 }],
  ['cancel', { reason: 'no' }],
  ['complete'],
  ['fail', { reason: 'no' }],
]

describe('a tenant', () => {
  test('owns the runs that its keys start', async () => {
    await using service = await openService({ http: { keys } })
    const runId = await service.run('Hello', { key: acme.key })
    const [started] = await eventsOf(service.world, runId)
    expect(started).toMatchObject({ data: { tenant: 'acme' }, meta: { actor: 'acme.all' } })
    expect((await service.ask(`GET /v1/runs/${runId}`, { key: acme.key })).status).toBe(200)
  })

  test('lists its own runs only, with every filter and on every page', async () => {
    await using service = await openService({ http: { keys } })
    const own: string[] = []
    for (const { key } of [acme, globex, acme, globex, acme]) {
      const runId = await service.run('Hello', { key })
      if (key === acme.key) own.unshift(runId)
    }
    for (const query of ['', '?agent=desk', '?status=active', '?waitsFor=message', '?limit=3']) {
      const { body } = await service.ask<List>(`GET /v1/runs${query}`, { key: acme.key })
      expect(body.runs.map(({ runId }) => runId)).toEqual(own)
    }
    const first = await service.ask<List & { next: string }>('GET /v1/runs?limit=2', { key: acme.key })
    const second = await service.ask<List>(`GET /v1/runs?limit=2&cursor=${first.body.next}`, { key: acme.key })
    expect([...first.body.runs, ...second.body.runs].map(({ runId }) => runId)).toEqual(own)
  })

  test.each(READS)('cannot see a run of another: GET …%s', async (path) => {
    await using service = await openService({ http: { keys } })
    const runId = await service.run('Hello', { key: acme.key })
    for (const accept of ['application/json', 'text/event-stream']) {
      const foreign = await service.ask(`GET /v1/runs/${runId}${path}`, { key: globex.key, headers: { accept } })
      const missing = await service.ask(`GET /v1/runs/${runId}x${path}`, { key: globex.key, headers: { accept } })
      expect(foreign).toMatchObject({ status: 404, body: { code: 'RunNotFound' } })
      expect(foreign.body['detail']).toBe(String(missing.body['detail']).replace(`${runId}x`, runId))
      expect(Object.keys(foreign.body)).toEqual(Object.keys(missing.body))
    }
  })

  test.each(COMMANDS)('cannot touch a run of another: POST …/%s', async (path, body) => {
    await using service = await openService({ http: { keys } })
    const runId = await service.run('A refund', { key: acme.key })
    const before = await eventsOf(service.world, runId)
    const refused = await service.ask(`POST /v1/runs/${runId}/${path}`, { key: globex.key, ...(body === undefined ? {} : { body }) })
    expect(refused).toMatchObject({ status: 404, body: { code: 'RunNotFound' } })
    expect(await eventsOf(service.world, runId)).toEqual(before)
  })

  test('gets a run of its own for an idempotency key that another has used', async () => {
    await using service = await openService({ http: { keys } })
    const start = { body: { agent: 'desk' }, headers: { 'idempotency-key': 'order-7' } }
    const [one, other] = await Promise.all([acme, globex].map(({ key }) => service.ask<Receipt>('POST /v1/runs', { ...start, key })))
    expect(one?.status).toBe(201)
    expect(other?.status).toBe(201)
    expect(one?.body.runId).not.toBe(other?.body.runId)
  })

  test('learns nothing of an id that another has chosen, and has its own run under it however often it asks', async () => {
    await using service = await openService({ http: { keys } })
    const start = (key: string, message: string, runId = 'order-7') =>
      service.ask<Receipt>('POST /v1/runs', { key, body: { agent: 'desk', message, runId } })
    const theirs = await start(acme.key, 'Hello')
    const guessed = await start(globex.key, 'Good morning')
    const fresh = await start(globex.key, 'Good morning', 'order-8')
    expect([theirs.status, guessed.status, fresh.status]).toEqual([201, 201, 201])
    expect(theirs.body.runId).toMatch(/^order-7\.[0-9a-f]{16}$/)
    expect(guessed.body).toEqual({ ...fresh.body, runId: expect.stringMatching(/^order-7\.[0-9a-f]{16}$/) as string })
    expect((await start(globex.key, 'Good morning')).body.runId).toBe(guessed.body.runId)
    expect(await start(globex.key, 'Something else')).toMatchObject({ status: 422, body: { code: 'IdempotencyKeyReused' } })
    // Also not by the whole id of it.
    expect(await start(globex.key, 'Good morning', theirs.body.runId)).toMatchObject({ status: 201 })
    expect(await eventsOf(service.world, theirs.body.runId)).toHaveLength(5)
  })

  test.each(['', '-1', 'a b', 'x'.repeat(151)])('may not choose the id %j', async (runId) => {
    await using service = await openService({ http: { keys } })
    const refused = await service.ask('POST /v1/runs', { key: acme.key, body: { agent: 'desk', message: 'Hello', runId } })
    expect(refused).toMatchObject({ status: 400, body: { code: 'InvalidInput' } })
  })

  test('cannot see a run that nobody owns', async () => {
    await using service = await openService({ http: { keys } })
    const { id } = await service.world.refold.start('desk', { message: 'Hello' })
    expect((await service.ask(`GET /v1/runs/${id}`, { key: acme.key })).status).toBe(404)
    expect((await service.ask<List>('GET /v1/runs', { key: acme.key })).body.runs).toEqual([])
  })
})

describe('a service without keys', () => {
  test('lets everybody on this machine see every run', async () => {
    await using service = await openService()
    const { id } = await service.world.refold.start('desk', { tenant: 'acme', message: 'Hello' })
    expect((await service.ask(`GET /v1/runs/${id}`)).status).toBe(200)
    expect((await service.ask<List>('GET /v1/runs')).body.runs.map(({ runId }) => runId)).toEqual([id])
  })
})
