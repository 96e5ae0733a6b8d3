import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/errors.ts'
import { failure } from '../../src/models/scripted/script.ts'
import { connect } from './event-source.ts'
import { keyFor, openService, type Service } from './service.ts'

/** It stands in nothing that anybody asks for. */
const TRACE = '9f3kqXvWjz'
const ADDRESS = `esdb://admin:${TRACE}@10.0.0.7:2113`

const KEY = keyFor('acme')

/** Each way to ask, with a key in it and without. */
const REQUESTS = [
  'GET /v1/runs',
  'GET /v1/runs/RUN',
  'GET /v1/runs/RUN/transcript',
  'GET /v1/runs/RUN/events',
  'GET /v1/runs/RUN?revision=999',
  'GET /v1/runs/nowhere',
  'GET /v1/nowhere',
  'GET /v1/views/costs?limit=many',
  'PATCH /v1/runs',
  'POST /v1/runs/RUN/messages',
  'POST /v1/runs/RUN/pause',
  'POST /v1/give-back',
  'POST /v1/sql',
  'DELETE /v1/runs/RUN',
  'GET /readyz',
]

/** All that the service gives back: head and body. */
const told = async (service: Service, request: string, headers: Record<string, string> = {}): Promise<string> => {
  const [method = '', path = ''] = request.split(' ')
  const body = method === 'POST' ? { body: '{"message":"Hi","by":"ann"}' } : {}
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...body,
  })
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`
}

const metrics = async (service: Service): Promise<string> => (await service.ask<string>('GET /metrics')).body

describe('a secret', () => {
  test.each<[string, string]>([
    ['that is a key', `Bearer ${KEY.key}`],
    ['that is a key nobody knows', `Bearer ${TRACE}${TRACE}`],
    ['of another scheme', `Basic ${Buffer.from(`ann:${TRACE}`).toString('base64')}`],
    ['behind a word too many', `Bearer x ${TRACE}`],
    ['alone', TRACE],
  ])('%s is in no answer and in no number', async (_, authorization) => {
    await using service = await openService({ http: { keys: [KEY.configured] } })
    const runId = await service.run('Hello', { key: KEY.key })
    const key = authorization.replace(/^\w+ /, '')
    for (const request of REQUESTS) {
      const answer = await told(service, request.replace('RUN', runId), { authorization, cookie: `key=${TRACE}` })
      expect(answer).not.toContain(key)
      expect(answer).not.toContain(TRACE)
    }
    expect(await metrics(service)).not.toContain(TRACE)
    expect(JSON.stringify(service.lines)).not.toContain(key)
  })

  test.each<[string, () => Error]>([
    [
      'an outage',
      () => new AppError('EventLogUnavailable', `cannot connect to ${ADDRESS}`, { retryable: true, details: { address: ADDRESS } }),
    ],
    ['a damaged log', () => new AppError('EventLogCorrupt', `cannot read ${ADDRESS}`, { details: { address: ADDRESS } })],
    ['any other error', () => new TypeError(`fetch failed: ${ADDRESS}`, { cause: new Error(ADDRESS) })],
  ])('in the words of %s is in no answer, in no stream and in no number', async (_, trouble) => {
    let isAway = false
    const fail = (): undefined => {
      if (isAway) throw trouble()
      return undefined
    }
    await using service = await openService({
      script: () => failure('quota', { message: 'no money' }),
      trouble: { onAppend: fail, onRead: fail },
      beforeList: () => (isAway ? Promise.reject(trouble()) : Promise.resolve()),
    })
    const runId = await service.run('Hello')
    const stream = await connect(`${service.url}/v1/runs/${runId}/events`)
    isAway = true
    for (const request of REQUESTS) expect(await told(service, request.replace('RUN', runId))).not.toContain(TRACE)
    stream.drop()
    expect(await metrics(service)).not.toContain(TRACE)
  })

  test('that a run holds is in no number', async () => {
    await using service = await openService({ http: { keys: [KEY.configured] } })
    const runId = await service.run(`my password is ${TRACE}`, { key: KEY.key })
    const numbers = await metrics(service)
    for (const word of [TRACE, runId, 'acme']) expect(numbers).not.toContain(word)
  })
})
