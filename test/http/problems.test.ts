import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { errorCodes } from '../../src/errors.ts'
import type { Problem } from '../../src/http/contract.ts'
import { httpProblemCodes, problemOf, statusOf } from '../../src/http/problem.ts'
import { openService, type Service } from './service.ts'

/** A start without a declared length, and without what fetch adds. */
const post = (service: Service, headers: Record<string, string>, pieces: readonly string[]) =>
  new Promise<{ status: number | undefined; body: Problem }>((resolve, reject) => {
    const sent = request(`${service.url}/v1/runs`, { method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (text += piece))
      response.on('end', () => {
        resolve({ status: response.statusCode, body: JSON.parse(text) as Problem })
      })
    })
    sent.on('error', reject)
    for (const piece of pieces) sent.write(piece)
    sent.end()
  })

const JSON_TYPE = { 'content-type': 'application/json' }

describe('a request that is refused', () => {
  test('is answered with a problem that leads to its documentation', async () => {
    await using service = await openService()
    const { status, headers, body } = await service.ask<Problem>('GET /v1/runs/nowhere', { headers: { 'x-request-id': 'mine-1' } })
    expect(status).toBe(404)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(headers.get('x-request-id')).toBe('mine-1')
    expect(body).toEqual({
      type: '/docs/errors.md#runnotfound',
      title: 'Run not found',
      status: 404,
      detail: 'Expected a run nowhere, found none: `refold list` shows all',
      code: 'RunNotFound',
      requestId: 'mine-1',
      retryable: false,
      details: { runId: 'nowhere' },
    })
    const page = await service.ask<string>(`GET ${body.type.split('#')[0] ?? ''}`)
    expect(page.body).toContain('## RunNotFound')
  })

  test('names every field of its body that is not as expected', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const { status, body } = await service.ask<Problem>(`POST /v1/runs/${runId}/give-back`, {
      body: { by: '', limits: { tokens: -1, costUsd: 'much' }, noot: 'Go on.' },
    })
    expect(status).toBe(400)
    expect(body.code).toBe('InvalidInput')
    expect(body.errors?.map(({ field }) => field)).toEqual(['body.by', 'body.limits.tokens', 'body.limits.costUsd', 'body'])
    expect(body.errors?.at(-1)?.message).toContain('noot')
  })

  test.each([
    ['GET /v1/runs?limit=0&status=gone&colour=red', ['query.status', 'query.limit', 'query']],
    ['GET /v1/runs?limit=201', ['query.limit']],
    ['GET /v1/runs?limit=1&limit=2', ['query.limit']],
  ])('names every part of its address that is not: %s', async (address, fields) => {
    await using service = await openService()
    const { status, body } = await service.ask<Problem>(address)
    expect(status).toBe(400)
    expect(body.errors?.map(({ field }) => field)).toEqual(fields)
  })

  test('says of a cursor that is none where it comes from', async () => {
    await using service = await openService()
    const { status, body } = await service.ask<Problem>('GET /v1/runs?cursor=abc')
    expect({ status, body }).toMatchObject({ status: 400, body: { code: 'InvalidInput' } })
    expect(body.detail).toContain('cursor: expected that of the page before')
  })

  test('names its headers too', async () => {
    await using service = await openService()
    const start = { body: { agent: 'desk' }, headers: { 'idempotency-key': 'k'.repeat(201) } }
    const { status, body } = await service.ask<Problem>('POST /v1/runs', start)
    expect(status).toBe(400)
    expect(body.errors?.map(({ field }) => field)).toEqual(['header.idempotency-key'])
  })

  test('for a revision that is not there yet says which there are', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    for (const path of ['', '/transcript']) {
      const { status, body } = await service.ask(`GET /v1/runs/${runId}${path}?revision=99`)
      expect(status).toBe(400)
      expect(body).toMatchObject({ code: 'InvalidInput', detail: `Expected a revision of ${runId} between 0 and 4, found 99` })
    }
  })

  test('has no such path', async () => {
    await using service = await openService()
    for (const path of ['/v1', '/v1/nothing', '/v1/runs/a/b', '/v2/runs', '/docs/nosuch', '/docs/passwords.md']) {
      expect(await service.ask(`GET ${path}`)).toMatchObject({ status: 404, body: { code: 'RouteNotFound' } })
    }
  })

  test('has no such method, and is told which there are', async () => {
    await using service = await openService()
    const { status, headers, body } = await service.ask('DELETE /v1/runs')
    expect({ status, body }).toMatchObject({ status: 405, body: { code: 'MethodNotAllowed' } })
    expect((headers.get('allow') ?? '').split(', ').sort()).toEqual(['GET', 'HEAD', 'POST'])
    expect((await service.ask('POST /healthz')).status).toBe(405)
  })

  test('is no JSON', async () => {
    await using service = await openService()
    const { status, body } = await service.ask('POST /v1/runs', { body: '{"agent": "desk"' })
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { code: 'InvalidInput', detail: expect.stringContaining('JSON') as string },
    })
  })

  test('has a body of another type, or of none', async () => {
    await using service = await openService()
    const plain = await service.ask('POST /v1/runs', { body: '{"agent":"desk"}', headers: { 'content-type': 'text/plain' } })
    expect(plain).toMatchObject({ status: 415, body: { code: 'UnsupportedMediaType' } })
    const untyped = await post(service, {}, ['{"agent":"desk"}'])
    expect(untyped).toMatchObject({ status: 415, body: { code: 'UnsupportedMediaType' } })
    expect((await service.ask('POST /v1/runs')).status).toBe(400)
  })

  test('has a larger body than the service takes, whether it says so or not', async () => {
    await using service = await openService({ http: { bodyLimitBytes: 1000 } })
    const message = 'x'.repeat(1000)
    const declared = await service.ask('POST /v1/runs', { body: { agent: 'desk', message } })
    expect(declared).toMatchObject({ status: 413, body: { code: 'RequestTooLarge' } })
    const chunked = await post(service, JSON_TYPE, ['{"agent":"desk","message":"', message, '"}'])
    expect(chunked).toMatchObject({ status: 413, body: { code: 'RequestTooLarge' } })
    const fits = await post(service, JSON_TYPE, ['{"agent":', '"desk"}'])
    expect(fits.status).toBe(201)
  })

  test('by a failure of ours learns only where to look', async () => {
    await using service = await openService()
    const runId = await service.run('my secret')
    await service.world.log.close()
    const { status, body } = await service.ask(`GET /v1/runs/${runId}`)
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'Closed', retryable: true } })
    expect(body['detail']).toBe('The service could not do this. Its log says why, under the request id.')
    expect(body).not.toHaveProperty('details')
    expect(service.lines.find(({ requestId }) => requestId === body['requestId'])).toMatchObject({ level: 50, code: 'Closed' })
  })
})

describe('the table of problems', () => {
  test('has a status for every code, and no success among them', () => {
    const found = [...errorCodes, ...httpProblemCodes].map(statusOf)
    expect(found.filter((status) => !(status >= 400 && status < 600))).toEqual([])
  })

  test('takes what no code knows for a defect, and keeps its words to itself', () => {
    expect(problemOf(new TypeError('x of undefined in /srv/app'), 'r-1')).toEqual({
      type: '/docs/http.md#internalerror',
      title: 'Internal error',
      status: 500,
      detail: 'The service could not do this. Its log says why, under the request id.',
      code: 'InternalError',
      requestId: 'r-1',
      retryable: false,
    })
  })
})
