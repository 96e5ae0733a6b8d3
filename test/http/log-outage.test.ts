import { describe, expect, test } from 'vitest'
import type { Model } from '../../src/models/model.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { answer } from '../../src/models/scripted/script.ts'
import { unavailable } from '../support/troubled-log.ts'
import { connect, framesUntil, revisionsOf } from './event-source.ts'
import { openService } from './service.ts'

describe('while the log cannot be written', () => {
  /** A service with a run whose answer from the model cannot be stored, and whose views cannot be written either. */
  const outage = async () => {
    const disk = { isFull: false }
    const asked = Promise.withResolvers<unknown>()
    const script = scriptedModel([answer('Hi.')])
    const model: Model = { isFree: true, call: (request, options) => asked.promise.then(() => script.call(request, options)) }
    const service = await openService({
      model,
      trouble: {
        onAppend: () => {
          if (disk.isFull) throw unavailable()
        },
      },
      beforeList: () => (disk.isFull ? Promise.reject(unavailable()) : Promise.resolve()),
    })
    const started = await service.ask<{ runId: string }>('POST /v1/runs', { body: { agent: 'desk', message: 'Hello' } })
    await service.ask('GET /v1/runs')
    disk.isFull = true
    asked.resolve(undefined)
    return { opened: service, runId: started.body.runId }
  }

  test('the service answers what only looks: the run, its events and their stream, the lists and the views', async () => {
    const { opened, runId } = await outage()
    await using service = opened
    expect(await service.ask(`GET /v1/runs/${runId}`)).toMatchObject({ status: 200, body: { state: 'thinking.callingModel' } })
    expect(await service.ask(`GET /v1/runs/${runId}/transcript`)).toMatchObject({ status: 200 })
    expect(await service.ask(`GET /v1/runs/${runId}/events`)).toMatchObject({ status: 200, body: { next: null } })
    expect(await service.ask('GET /v1/runs')).toMatchObject({ status: 200, body: { runs: [{ runId }] } })
    expect(await service.ask('GET /v1/views/costs')).toMatchObject({ status: 200 })
    expect(service.lines).toContainEqual(expect.objectContaining({ code: 'EventLogUnavailable', level: 40 }))
    const stream = await connect(`${service.url}/v1/runs/${runId}/events`)
    expect(revisionsOf(await framesUntil(stream, ({ id }) => id === '2'))).toEqual([0, 1, 2])
  })

  test('the service refuses at once what would change something, as what may be repeated', async () => {
    const { opened, runId } = await outage()
    await using service = opened
    const refused = { status: 503, body: { code: 'EventLogUnavailable', retryable: true } }
    expect(await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'Are you there?' } })).toMatchObject(refused)
    expect(await service.ask('POST /v1/runs', { body: { agent: 'desk', message: 'Hello' } })).toMatchObject(refused)
  })
})
