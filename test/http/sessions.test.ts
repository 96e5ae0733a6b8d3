import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createSessions } from '../../src/http/sessions.ts'
import { eventsOf, manualClock } from '../support/world.ts'
import { connect, framesUntil } from './event-source.ts'
import { askRaw } from './raw-connection.ts'
import { keyFor, openService, type Service } from './service.ts'

const acme = keyFor('acme')
const globex = keyFor('globex', 'read')
const keys = [acme.configured, globex.configured]
const HOUR = 3_600_000

const signIn = async (service: Service, key: string, headers: Readonly<Record<string, string>> = {}) => {
  const answer = await service.ask('POST /v1/session', { body: { key }, headers })
  return { ...answer, set: answer.headers.getSetCookie(), cookie: (answer.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '' }
}

describe('a session', () => {
  test('is a cookie that no script reads and no other site sends, and does what its key may do', async () => {
    await using service = await openService({ http: { keys } })
    const { status, body, set, cookie } = await signIn(service, globex.key)
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { name: 'globex.read', tenant: 'globex', scopes: ['read'], expiresAt: service.world.clock.now() + 12 * HOUR },
    })
    expect(set).toEqual([expect.stringMatching(/^refold=globex\.read~\d+~[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/)])
    expect(JSON.stringify([set, body])).not.toContain(globex.key)
    expect((await service.ask('GET /v1/session', { headers: { cookie } })).body).toMatchObject({ name: 'globex.read', tenant: 'globex' })
    expect((await service.ask('GET /v1/runs', { headers: { cookie } })).status).toBe(200)
    const start = { body: { agent: 'desk', message: 'Hi' }, headers: { cookie } }
    expect((await service.ask('POST /v1/runs', start)).body).toMatchObject({ code: 'ScopeMissing' })
  })

  test('is of the tenant of its key, and what it wishes is recorded by the name of the key', async () => {
    await using service = await openService({ http: { keys } })
    const { cookie } = await signIn(service, acme.key)
    const foreign = await signIn(service, globex.key)
    const { body } = await service.ask<{ runId: string }>('POST /v1/runs', { body: { agent: 'desk', message: 'Hi' }, headers: { cookie } })
    await service.settle(body.runId)
    const [started] = await eventsOf(service.world, body.runId)
    expect(started).toMatchObject({ data: { tenant: 'acme' }, meta: { actor: 'acme.all' } })
    for (const path of [`/v1/runs/${body.runId}`, `/v1/runs/${body.runId}/outline`])
      expect((await service.ask(`GET ${path}`, { headers: { cookie: foreign.cookie } })).body).toMatchObject({ code: 'RunNotFound' })
  })

  test('is kept for TLS alone where the page came over it, whatever host it is asked by', async () => {
    await using service = await openService({ http: { keys } })
    const host = new URL(service.url).host
    for (const headers of [{ origin: `https://${host}`, 'sec-fetch-site': 'same-origin' }, { 'x-forwarded-proto': 'https' }]) {
      const { set, cookie } = await signIn(service, acme.key, headers as Readonly<Record<string, string>>)
      expect(set).toEqual([expect.stringMatching(/^__Host-refold=.*; Path=\/; HttpOnly; Secure; SameSite=Strict$/)])
      expect((await service.ask('GET /v1/session', { headers: { cookie } })).status).toBe(200)
    }
    const elsewhere = await askRaw(
      service.url,
      'POST /v1/session',
      { host: 'desk.example.com', 'content-type': 'application/json' },
      `{"key":"${acme.key}"}`,
    )
    expect(JSON.parse(elsewhere?.body ?? '')).toMatchObject({ code: 'NotPossible' })
    expect(elsewhere?.headers['set-cookie']).toBeUndefined()
  })

  test('that was made for the machine itself counts there alone', async () => {
    await using service = await openService({ http: { keys } })
    const { cookie } = await signIn(service, acme.key)
    const elsewhere = await askRaw(service.url, 'GET /v1/session', { host: 'desk.example.com', cookie })
    expect(JSON.parse(elsewhere?.body ?? '')).toMatchObject({ code: 'KeyMissing' })
  })

  test('ends after twelve hours, and its streams with it', async () => {
    await using service = await openService({ http: { keys } })
    const { cookie } = await signIn(service, acme.key)
    const stream = await connect(`${service.url}/v1/changes`, { cookie })
    let isOver = false
    const read = framesUntil(stream, () => false).then(() => (isOver = true))
    service.world.clock.advance(12 * HOUR - 1)
    expect((await service.ask('GET /v1/session', { headers: { cookie } })).status).toBe(200)
    expect(isOver).toBe(false)
    service.world.clock.advance(1)
    expect(await service.ask('GET /v1/session', { headers: { cookie } })).toMatchObject({ status: 401, body: { code: 'SessionOver' } })
    await read
    expect(isOver).toBe(true)
  })

  test('is taken away with its cookie', async () => {
    await using service = await openService({ http: { keys } })
    const answer = await service.ask('DELETE /v1/session')
    expect(answer.status).toBe(204)
    expect(answer.headers.getSetCookie()).toEqual([expect.stringMatching(/^refold=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/)])
  })

  test('is no match for a key that comes along', async () => {
    await using service = await openService({ http: { keys } })
    const { cookie } = await signIn(service, acme.key)
    expect((await service.ask('GET /v1/session', { key: globex.key, headers: { cookie } })).body).toMatchObject({
      name: 'globex.read',
      expiresAt: null,
    })
    expect((await service.ask('GET /v1/session', { key: 'wrong', headers: { cookie } })).body).toMatchObject({ code: 'KeyUnknown' })
  })

  test.each([
    ['', 'KeyMissing'],
    ['refold=', 'SessionOver'],
    ['refold=x', 'SessionOver'],
    ['refold=acme.all~9999999999999~AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'SessionOver'],
    ['refold=nobody~9999999999999~AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'SessionOver'],
    [`refold=${'x'.repeat(8_000)}`, 'SessionOver'],
    ['refold=__proto__~1~AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'SessionOver'],
  ])('is nothing that somebody makes up: %s', async (cookie, code) => {
    await using service = await openService({ http: { keys } })
    expect(await service.ask('GET /v1/runs', { headers: { cookie } })).toMatchObject({ status: 401, body: { code } })
  })

  test('is not changed by anybody: neither its name, nor its end', async () => {
    await using service = await openService({ http: { keys } })
    const { cookie } = await signIn(service, globex.key)
    const [name = '', end = '', signed = ''] = cookie.slice('refold='.length).split('~')
    for (const forged of [`acme.all~${end}~${signed}`, `${name}~${Number(end) + 1}~${signed}`, `${name}~0${end}~${signed}`])
      expect((await service.ask('GET /v1/session', { headers: { cookie: `refold=${forged}` } })).body).toMatchObject({
        code: 'SessionOver',
      })
  })

  test.each(['cross-site', 'same-site', 'nonsense'])('counts for no page of another origin, welcome or not: %s', async (site) => {
    const welcome = 'https://other.example.com'
    await using service = await openService({ http: { keys, corsOrigins: [welcome] } })
    const { cookie } = await signIn(service, acme.key)
    const runId = await service.run('A refund', { key: acme.key })
    const headers = { cookie, origin: welcome, 'sec-fetch-site': site }
    for (const request of [`POST /v1/runs/${runId}/approvals/3.0/grant`, `POST /v1/runs/${runId}/pause`, `GET /v1/runs/${runId}`]) {
      const answer = await askRaw(service.url, request, headers)
      expect(JSON.parse(answer?.body ?? ''), request).toMatchObject({ code: 'ForeignPage' })
    }
    expect((await eventsOf(service.world, runId)).some(({ type }) => type === 'ApprovalGranted' || type === 'RunPaused')).toBe(false)
  })

  test('is not begun for a page of another site, nor with a wrong key, nor where there are no keys', async () => {
    await using service = await openService({ http: { keys } })
    const foreign = await askRaw(
      service.url,
      'POST /v1/session',
      { origin: 'https://evil.example', 'content-type': 'application/json' },
      `{"key":"${acme.key}"}`,
    )
    expect(JSON.parse(foreign?.body ?? '')).toMatchObject({ code: 'ForeignPage' })
    expect(await signIn(service, 'wrong')).toMatchObject({ status: 401, body: { code: 'KeyUnknown' }, set: [] })
    expect(await signIn(service, acme.configured.sha256)).toMatchObject({ status: 401, set: [] })
    await using open = await openService()
    expect(await signIn(open, acme.key)).toMatchObject({ status: 409, body: { code: 'NotPossible' }, set: [] })
    expect((await open.ask('GET /v1/session')).body).toMatchObject({ name: 'local', tenant: null, expiresAt: null })
  })

  test.each(['{}', '{"key":""}', '{"key":1}', '[]', '"key"', '{"key":"a","more":1}', 'key=a'])('takes no other body: %s', async (body) => {
    await using service = await openService({ http: { keys } })
    expect((await service.ask('POST /v1/session', { body })).status).toBe(400)
  })

  test('is asked for as often as a key may ask, from each address', async () => {
    await using service = await openService({ http: { keys, rateLimit: { perSecond: 1, burst: 3 } } })
    const codes: unknown[] = []
    for (let tries = 0; tries < 5; tries++) codes.push((await signIn(service, 'wrong')).body['code'])
    expect(codes).toEqual(['KeyUnknown', 'KeyUnknown', 'KeyUnknown', 'RateLimited', 'RateLimited'])
    expect((await service.ask('GET /v1/session', { key: acme.key })).status).toBe(200)
    // Whoever comes from elsewhere is not kept out by that.
    const { port } = new URL(service.url)
    const asked = request({
      port,
      localAddress: '127.0.0.2',
      method: 'POST',
      path: '/v1/session',
      headers: { 'content-type': 'application/json' },
    })
    asked.end(JSON.stringify({ key: acme.key }))
    const [elsewhere] = (await once(asked, 'response')) as [IncomingMessage]
    elsewhere.resume()
    expect(elsewhere.statusCode).toBe(200)
  })
})

describe('the sessions of a process', () => {
  const clock = manualClock()
  const secret = 'a secret of many characters, all the same'
  const sessions = createSessions({ keys, clock, secret })
  const { token } = sessions.begin('acme.all')

  test('are known to another with the same secret, and to none with another', () => {
    expect(createSessions({ keys, clock, secret }).accessOf(token)).toMatchObject({ name: 'acme.all', tenant: 'acme' })
    expect(createSessions({ keys, clock, secret: `${secret}!` }).accessOf(token)).toBeUndefined()
    expect(createSessions({ keys, clock }).accessOf(token)).toBeUndefined()
  })

  test('end where their key is taken away or is another one, and do what it may do by then', () => {
    const { sha256 } = globex.configured
    expect(createSessions({ keys: [globex.configured], clock, secret }).accessOf(token)).toBeUndefined()
    expect(createSessions({ keys: [{ ...acme.configured, sha256 }], clock, secret }).accessOf(token)).toBeUndefined()
    const less = createSessions({ keys: [{ ...acme.configured, scopes: ['read'] }], clock, secret })
    expect([...(less.accessOf(token)?.scopes ?? [])]).toEqual(['read'])
  })
})
