import { describe, expect, test } from 'vitest'
import { answer, failure } from '../../src/models/scripted/script.ts'
import { keyFor, openService, type Service } from './service.ts'

interface GivenBack {
  readonly runs: readonly { readonly runId: string; readonly reason: string; readonly error?: { readonly code: string } }[]
  readonly next: string | null
}

/** Runs that a person owns, since their vendor had no money left for them; then it has. */
const owned = async (service: Service, count: number, key?: string): Promise<string[]> => {
  const runIds: string[] = []
  for (let each = 0; each < count; each++) runIds.push(await service.run(`run ${each}`, key === undefined ? {} : { key }))
  return runIds
}

const brokeThenRich = () => {
  let isBroke = true
  return { script: () => (isBroke ? failure('quota') : answer('Here I am.')), pay: () => (isBroke = false) }
}

const waitsFor = async (service: Service, runId: string, key?: string): Promise<unknown> => {
  await service.settle(runId)
  return (await service.ask<{ waitsFor: unknown }>(`GET /v1/runs/${runId}`, key === undefined ? {} : { key })).body.waitsFor
}

describe('all runs that a person owns', () => {
  test('are given back at once, a part at a time', async () => {
    const { script, pay } = brokeThenRich()
    await using service = await openService({ script })
    const runIds = await owned(service, 5)
    pay()
    const given: string[] = []
    let cursor: string | null = null
    do {
      const body: Record<string, unknown> = { by: 'dana', limit: 2, ...(cursor === null ? {} : { cursor }) }
      const { body: part } = await service.ask<GivenBack>('POST /v1/give-back', { body })
      expect(part.runs.length).toBeLessThanOrEqual(2)
      given.push(...part.runs.map(({ runId }) => runId))
      cursor = part.next
    } while (cursor !== null)
    expect(given.toSorted()).toEqual(runIds.toSorted())
    for (const runId of runIds) expect(await waitsFor(service, runId)).toBe('message')
    expect((await service.ask<GivenBack>('POST /v1/give-back')).body).toEqual({ runs: [], next: null })
  })

  test('are chosen by their reason and agent, and only named where that is all that is asked for', async () => {
    const { script, pay } = brokeThenRich()
    await using service = await openService({ script })
    const [runId = ''] = await owned(service, 1)
    pay()
    for (const body of [{ reason: 'network' }, { agent: 'other' }])
      expect((await service.ask<GivenBack>('POST /v1/give-back', { body })).body.runs).toEqual([])
    const meant = { reason: 'QUOTA', agent: 'desk' }
    const named = await service.ask<GivenBack>('POST /v1/give-back', { body: { ...meant, dryRun: true } })
    expect(named.body.runs).toEqual([{ runId, reason: expect.stringContaining('quota') as string }])
    expect(await waitsFor(service, runId)).toBe('human')
    await service.ask('POST /v1/give-back', { body: { ...meant, note: 'we have paid', limits: { costUsd: 2, childRuns: null } } })
    expect(await waitsFor(service, runId)).toBe('message')
  })

  test('are those of the tenant, and take the scope of people who decide', async () => {
    const { script } = brokeThenRich()
    const [acme, globex, reader] = [
      keyFor('acme', 'read', 'write', 'operate'),
      keyFor('globex', 'read', 'write', 'operate'),
      keyFor('acme', 'read'),
    ]
    await using service = await openService({ script, http: { keys: [acme.configured, globex.configured, reader.configured] } })
    await owned(service, 1, acme.key)
    expect((await service.ask<GivenBack>('POST /v1/give-back', { key: globex.key })).body.runs).toEqual([])
    expect((await service.ask('POST /v1/give-back', { key: reader.key })).status).toBe(403)
    expect((await service.ask<GivenBack>('POST /v1/give-back', { key: acme.key })).body.runs).toHaveLength(1)
  })

  test.each([{ limit: 0 }, { limit: 1_001 }, { cursor: 'x' }, { runs: ['one'] }])('are not given back for %j', async (body) => {
    await using service = await openService()
    expect((await service.ask('POST /v1/give-back', { body })).status).toBe(400)
  })
})
