import { expect, test } from 'vitest'
import { keyFor, openService } from './service.ts'

const acme = keyFor('acme')
const globex = keyFor('globex')
const operator = keyFor('acme', 'read', 'write', 'operate')
const keys = [acme.configured, globex.configured, operator.configured]

test('a run is deleted by its tenant, with a scope of its own, and others learn nothing of it', async () => {
  await using service = await openService({ http: { keys } })
  const runId = await service.run('my card is 4111', { key: acme.key })
  const path = `/v1/runs/${runId}`
  expect(await service.ask(`DELETE ${path}?cancel=true`, { key: operator.key })).toMatchObject({
    status: 403,
    body: { code: 'ScopeMissing' },
  })
  expect(await service.ask(`DELETE ${path}`, { key: acme.key })).toMatchObject({ status: 409, body: { code: 'NotPossible' } })
  const missing = await service.ask(`DELETE ${path}x?cancel=true`, { key: globex.key })
  const before = await service.ask(`DELETE ${path}?cancel=true`, { key: globex.key })
  expect(before).toMatchObject({ status: 404, body: { code: 'RunNotFound' } })
  expect(before.status).toBe(missing.status)

  const deleted = await service.ask(`DELETE ${path}?cancel=true&reason=asked`, { key: acme.key })
  expect(deleted).toMatchObject({ status: 200, body: { runId, runs: [runId], isDone: true } })
  expect(await service.ask(`DELETE ${path}`, { key: acme.key })).toMatchObject({ status: 200, body: { events: 0 } })

  for (const request of [`GET ${path}`, `GET ${path}/transcript`, `POST ${path}/pause`]) {
    expect(await service.ask(request, { key: acme.key })).toMatchObject({ status: 410, body: { code: 'RunDeleted' } })
    expect(await service.ask(request, { key: globex.key })).toMatchObject({ status: 404, body: { code: 'RunNotFound' } })
  }
  expect(await service.ask(`DELETE ${path}`, { key: globex.key })).toMatchObject({ status: 404 })
  const listed = await service.ask('GET /v1/runs?status=deleted', { key: acme.key })
  expect(JSON.stringify(listed.body)).toContain(runId)
  expect(JSON.stringify(listed.body)).not.toContain('4111')
})

test('a run of which nobody knows what became of a call is deleted by force alone', async () => {
  await using service = await openService({ http: { keys } })
  const runId = await service.run('charge me', { key: acme.key })
  const path = `/v1/runs/${runId}`
  const refused = await service.ask(`DELETE ${path}?cancel=true`, { key: acme.key })
  expect(refused).toMatchObject({ status: 409, body: { code: 'NotPossible', detail: expect.stringContaining(runId) as string } })
  expect(await service.ask(`GET ${path}`, { key: acme.key })).toMatchObject({ body: { status: 'active' } })
  const forced = await service.ask(`DELETE ${path}?cancel=true&force=true`, { key: acme.key })
  expect(forced).toMatchObject({ status: 200, body: { runs: [runId], unsettled: [{ runId, callId: expect.any(String) as string }] } })
})
