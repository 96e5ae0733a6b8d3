import { Validator } from '@seriousme/openapi-schema-validator'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pino } from 'pino'
import { systemIds } from '../../src/clock.ts'
import { createApi } from '../../src/http/api.ts'
import { processMetrics } from '../../src/health/process-metrics.ts'
import { httpOptions } from '../../src/http/http-options.ts'
import { openStreams } from '../../src/http/open-streams.ts'
import { createSessions } from '../../src/http/sessions.ts'
import { startIds } from '../../src/http/start-ids.ts'
import { httpProblemCodes } from '../../src/http/problem.ts'
import { document } from './contract-check.ts'
import { openService } from './service.ts'

interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, unknown>>
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
}

const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
)
const root = resolve(import.meta.dirname, '../..')

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  test('is what the service gives, and what is in the repository', async () => {
    await using service = await openService()
    expect((await service.ask('GET /openapi.json')).body).toEqual(document)
    expect(JSON.parse(readFileSync(resolve(root, 'schemas/openapi.json'), 'utf8'))).toEqual(document)
  })

  test('has for each path the methods that the service allows', async () => {
    await using service = await openService()
    for (const [path, methods] of Object.entries(paths)) {
      const { headers } = await service.ask(`PATCH ${path.replaceAll(/\{\w+\}/g, 'x')}`)
      const allowed = (headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD')
      expect(allowed.sort(), path).toEqual(
        Object.keys(methods)
          .map((method) => method.toUpperCase())
          .sort(),
      )
    }
  })

  test('has every route that the application has', async () => {
    await using service = await openService()
    const api = createApi({
      refold: service.served,
      settings: httpOptions.parse({}),
      clock: service.world.clock,
      ids: systemIds,
      logger: pino({ level: 'silent' }),
      metrics: processMetrics(service.world.clock),
      streams: openStreams({ perKey: 1, inAll: 1 }),
      sessions: createSessions({ keys: [], clock: service.world.clock }),
      startIds: startIds(service.served.log),
      draining: new AbortController().signal,
      stopping: new AbortController().signal,
    })
    const routed = api.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    expect([...new Set(routed)].sort()).toEqual(operations.map(({ method, path }) => `${method} ${path}`).sort())
  })

  test('names each operation once, gives it a scope and says what a problem looks like', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).toEqual([...new Set(ids)])
    expect(operations.filter(({ responses }) => responses['default'] === undefined)).toEqual([])
    const scopes = operations
      .filter(({ path }) => path.startsWith('/v1/') && path !== '/v1/session')
      .map(({ security }) => security?.[0]?.['apiKey']?.[0])
    expect(scopes.filter((scope) => !['read', 'write', 'operate', 'delete', 'sql'].includes(scope ?? ''))).toEqual([])
  })
})

describe('the page about the service', () => {
  const page = readFileSync(resolve(root, 'docs/http.md'), 'utf8')

  test('has a heading for every problem that a request can have of itself', () => {
    const headings = [...page.slice(page.indexOf('\n## Problems\n')).matchAll(/^### (\w+)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual([...httpProblemCodes])
  })

  test('has a line for every operation', () => {
    expect(operations.filter(({ method, path }) => !page.includes(`\`${method} ${path}\``)).map(({ path }) => path)).toEqual([])
  })
})
