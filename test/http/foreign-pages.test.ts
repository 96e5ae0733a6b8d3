import { describe, expect, test } from 'vitest'
import { eventsOf } from '../support/world.ts'
import { askRaw } from './raw-connection.ts'
import { keyFor, openService, type Service } from './service.ts'

const acme = keyFor('acme')

/** A run that asks whether it may pay back, and how to say yes. */
const waiting = async (service: Service, key?: string) => {
  const asked = key === undefined ? {} : { key }
  const runId = await service.run('refund', asked)
  const { body } = await service.ask<{ approvals: { callId: string }[] }>(`GET /v1/runs/${runId}`, asked)
  return { runId, grant: `POST /v1/runs/${runId}/approvals/${body.approvals[0]?.callId ?? ''}/grant` }
}

const granted = async (service: Service, runId: string): Promise<boolean> =>
  (await eventsOf(service.world, runId)).some(({ type }) => type === 'ApprovalGranted')

/** What a browser says about where a request comes from; `HOST` is where the service listens. */
const foreign: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['another site, by a browser that says so', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['another site, by a browser that says only the origin', { origin: 'https://evil.example' }],
  ['another site that claims to be this one', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
  ['a page without an origin', { origin: 'null' }],
  ['a sandboxed page of this service', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
  ['another port of this machine', { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' }],
  ['another port of this machine, by an older browser', { origin: 'http://127.0.0.1:1' }],
  ['an address bar', { 'sec-fetch-site': 'none' }],
  ['a site that calls itself nothing', { 'sec-fetch-site': 'cross-site' }],
  ['two sites at once', { 'sec-fetch-site': 'same-origin, cross-site' }],
  ['a host that begins like this one', { origin: 'http://HOST.evil.example' }],
  ['a user of this name elsewhere', { origin: 'http://HOST@evil.example' }],
  ['a file', { origin: 'file://' }],
  ['an extension', { origin: 'chrome-extension://abcdef' }],
  ['an empty origin', { origin: '' }],
  ['a list of origins', { origin: 'http://HOST https://evil.example' }],
  ['an origin with a path', { origin: 'http://HOST/' }],
]

const fillIn = (service: Service, headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace('HOST', new URL(service.url).host)]))

describe('a page elsewhere', () => {
  test.each(foreign)('cannot grant what a run asks for, without keys: %s', async (_, headers) => {
    await using service = await openService()
    const { runId, grant } = await waiting(service)
    const answer = await askRaw(service.url, grant, fillIn(service, headers))
    expect(answer).toMatchObject({ status: 403, headers: { 'content-type': 'application/problem+json' } })
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'ForeignPage' })
    expect(await granted(service, runId)).toBe(false)
  })

  test.each(foreign.slice(0, 4))('cannot with a key either: %s', async (_, headers) => {
    await using service = await openService({ http: { keys: [acme.configured] } })
    const { runId, grant } = await waiting(service, acme.key)
    const refused = await service.ask(grant, { key: acme.key, headers: fillIn(service, headers) })
    expect(refused).toMatchObject({ status: 403, body: { code: 'ForeignPage' } })
    expect(await granted(service, runId)).toBe(false)
  })

  test('is refused before its key and its body are looked at', async () => {
    await using service = await openService({ http: { keys: [acme.configured] } })
    const headers = { origin: 'https://evil.example', 'content-length': '99999999' }
    const answer = await askRaw(service.url, 'POST /v1/runs', headers)
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'ForeignPage' })
  })

  test.each(['cross-site', 'same-site'])('holds no event stream, and makes the service work for nothing: %s', async (site) => {
    await using service = await openService()
    const runId = await service.run('Hello')
    for (const mode of ['no-cors', 'cors', 'navigate']) {
      const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': mode === 'navigate' ? 'iframe' : 'empty' }
      for (const path of ['', '/events', '/verification'])
        expect((await askRaw(service.url, `GET /v1/runs/${runId}${path}`, headers))?.status).toBe(403)
    }
  })

  test('may lead to an answer by a link', async () => {
    await using service = await openService()
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect((await askRaw(service.url, 'GET /v1/agents', headers))?.status).toBe(200)
  })
})

describe('whoever is no page elsewhere', () => {
  test.each<readonly [string, Readonly<Record<string, string>>]>([
    ['a program', {}],
    ['a page of this service', { origin: 'http://HOST', 'sec-fetch-site': 'same-origin' }],
    ['a page of this service, by an older browser', { origin: 'http://HOST' }],
    ['a page that a proxy has made https of', { origin: 'https://HOST', 'sec-fetch-site': 'same-origin' }],
  ])('grants: %s', async (_, headers) => {
    await using service = await openService()
    const { runId, grant } = await waiting(service)
    expect((await askRaw(service.url, grant, fillIn(service, headers)))?.status).toBe(200)
    expect(await granted(service, runId)).toBe(true)
  })

  test('is a page of an origin that is configured', async () => {
    const origin = 'https://desk.example.com'
    await using service = await openService({ http: { keys: [acme.configured], corsOrigins: [origin] } })
    const headers = { origin, 'sec-fetch-site': 'cross-site' }
    expect((await service.ask('POST /v1/runs', { key: acme.key, headers, body: { agent: 'desk' } })).status).toBe(201)
    expect((await service.ask('GET /v1/agents', { key: acme.key, headers })).status).toBe(200)
    const other = { origin: 'https://desk.example.com.evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await service.ask('POST /v1/runs', { key: acme.key, headers: other, body: { agent: 'desk' } })).status).toBe(403)
  })
})

describe('a service with names of its own', () => {
  test('answers to these and to those of its machine, and to no other', async () => {
    await using service = await openService({ http: { hosts: ['desk.example.com'] } })
    const statusFor = async (host: string, path = '/v1/agents'): Promise<number | undefined> =>
      (await askRaw(service.url, `GET ${path}`, { host }))?.status
    for (const host of ['desk.example.com', 'DESK.example.com:8080', 'localhost', '127.0.0.1:80']) expect(await statusFor(host)).toBe(200)
    for (const host of ['example.com', 'desk.example.com.evil.example', 'evil.example']) {
      expect(await statusFor(host)).toBe(421)
      expect(await statusFor(host, '/metrics')).toBe(421)
      expect(await statusFor(host, '/healthz')).toBe(200)
    }
  })
})
