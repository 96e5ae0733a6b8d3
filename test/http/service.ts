import { textsOf } from '../../src/events/content.ts'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect } from 'vitest'
import { z } from 'zod'
import { createProjector } from '../../src/consumers/projector.ts'
import { quickCatchUp } from '../../src/consumers/quick-catch-up.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import { processMetrics } from '../../src/health/process-metrics.ts'
import { sha256 } from '../../src/hash.ts'
import type { Scope } from '../../src/http/api-keys.ts'
import type { Receipt } from '../../src/http/contract.ts'
import type { ServedRefold } from '../../src/http/api-parts.ts'
import { httpOptions, type HttpOptions } from '../../src/http/http-options.ts'
import { startHttpServer, type HttpServer } from '../../src/http/server.ts'
import type { Model } from '../../src/models/model.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls, type ModelScript } from '../../src/models/scripted/script.ts'
import { defineAgent, type Agent } from '../../src/runtime/agent.ts'
import { defineTool } from '../../src/tools/define-tool.ts'
import { sqlCatalog } from '../../src/views/named-queries.ts'
import { vendorForms } from '../../src/vendor-models.ts'
import { memoryViewStore } from '../../src/views/memory/memory-view-store.ts'
import { troubledLog, type Trouble } from '../support/troubled-log.ts'
import { manualClock, openWorld, settle, type World } from '../support/world.ts'
import { contractProblems } from './contract-check.ts'

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

interface Asked {
  readonly body?: unknown
  /** The key itself. */
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Service extends AsyncDisposable {
  readonly url: string
  readonly world: World
  readonly served: ServedRefold
  readonly server: HttpServer
  /** Every line of the log by now. */
  readonly lines: readonly Record<string, unknown>[]
  /** One request; its answer has to be what the OpenAPI document says. */
  ask<Body = Record<string, unknown>>(request: string, asked?: Asked): Promise<Answer<Body>>
  /** A run that has settled. */
  run(message: string, asked?: Asked): Promise<string>
  settle(runId: string): Promise<void>
}

const orderId = z.object({ id: z.string() })

const refund = defineTool({
  name: 'refund_order',
  description: 'Pays an order back',
  input: orderId,
  output: z.string(),
  effect: 'idempotent',
  approval: true,
  execute: ({ id }) => Promise.resolve(`refunded ${id}`),
})

/** Nobody ever learns whether it happened. */
const charge = defineTool({
  name: 'charge_card',
  description: 'Charges a card',
  input: orderId,
  output: z.string(),
  effect: 'once',
  execute: () => new Promise<string>(() => undefined),
  lookup: () => Promise.resolve({ found: 'unknown' }),
})

const callHuman = defineTool({
  name: 'call_human',
  description: 'Hands over to a person',
  input: z.object({}),
  output: z.string(),
  effect: 'read',
  handsOver: true,
  execute: () => Promise.resolve('somebody comes'),
})

export const deskAgent = defineAgent({
  name: 'desk',
  version: '1',
  instructions: 'Help.',
  models: ['scripted/one'],
  tools: [refund, charge, callHuman],
  limits: { tokens: null },
})

const deskScript: ModelScript = ({ messages }) => {
  const last = messages.at(-1)
  if (last?.role === 'tool') return answer(`The tool said: ${textsOf(last.parts)}`)
  const said = last?.role === 'user' ? textsOf(last.parts) : ''
  if (said.includes('refund')) return toolCalls([{ name: 'refund_order', arguments: { id: '18' } }])
  if (said.includes('charge')) return toolCalls([{ name: 'charge_card', arguments: { id: '21' } }])
  if (said.includes('human')) return toolCalls([{ name: 'call_human', arguments: {} }])
  return answer(`You said: ${said}`)
}

/** A key and what the configuration holds of it. */
export const keyFor = (tenant: string, ...scopes: readonly Scope[]) => {
  const key = `${tenant}-${scopes.join('-') || 'all'}-5jU0yqFz`
  const configured = { name: `${tenant}.${scopes.join('.') || 'all'}`, sha256: sha256(key), tenant }
  return {
    key,
    configured: {
      ...configured,
      scopes: scopes.length === 0 ? (['read', 'write', 'operate', 'delete', 'sql'] as const).slice() : [...scopes],
    },
  }
}

export interface ServiceOptions {
  readonly http?: HttpOptions
  readonly agents?: readonly Agent[]
  readonly script?: ModelScript
  /** Instead of a script. */
  readonly model?: Model
  readonly datasetDir?: string
  readonly host?: string
  readonly port?: number
  /** What happens to calls of the log. */
  readonly trouble?: Trouble
  /** What the view store waits for before it is read. */
  readonly beforeList?: () => Promise<void>
  /** What the view store waits for before it says how far it is. */
  readonly beforeCheckpoint?: () => Promise<void>
}

/** The real service on a free port of this machine, on a Refold in memory. */
export const openService = async (options: ServiceOptions = {}): Promise<Service> => {
  const { http = {}, agents = [deskAgent], script = deskScript, model, host = '127.0.0.1', port = 0 } = options
  const manual = manualClock()
  const world = openWorld({
    agents,
    models: { scripted: model ?? scriptedModel(script) },
    clock: manual,
    log: troubledLog(memoryEventLog({ clock: manual }), options.trouble ?? {}),
  })
  const { refold, log, blobs, snapshots, clock } = world
  const views = memoryViewStore()
  const lines: Record<string, unknown>[] = []
  const { catchUp } = createProjector({
    log,
    views: {
      ...views,
      async checkpoint() {
        await options.beforeList?.()
        return views.checkpoint()
      },
    },
  })
  const askedViews = {
    ...views,
    async checkpoint() {
      await options.beforeCheckpoint?.()
      return views.checkpoint()
    },
  }
  const served = {
    ...refold,
    log,
    blobs,
    snapshots,
    views: askedViews,
    sqlCatalog: sqlCatalog({ 'runs-of': { about: 'The runs of an agent.', sql: 'select run_id from refold_runs where agent = $1' } }),
    requestForms: { ...vendorForms, ...(model === undefined ? {} : { scripted: model }) },
    catchUpQuickly: quickCatchUp({ log, views, projector: { catchUp }, clock: manual }),
  }
  let count = 0
  const server = await startHttpServer({
    refold: served,
    settings: httpOptions.parse(http),
    datasetDir: options.datasetDir,
    host,
    port,
    clock,
    ids: { uuid: () => `request-${++count}` },
    logger: pino({ level: 'debug' }, linesInto(lines)),
    metrics: processMetrics(clock),
  })
  const service: Service = {
    url: server.url,
    world,
    served,
    server,
    lines,
    async ask<Body>(request: string, asked: Asked = {}) {
      return (await askService(server.url, request, asked)) as Answer<Body>
    },
    async run(message, asked = {}) {
      const { body } = await service.ask<Receipt>('POST /v1/runs', { ...asked, body: { agent: agents[0]?.name, message } })
      await service.settle(body.runId)
      return body.runId
    },
    settle: async (runId) => {
      await settle(world, refold.run(runId))
    },
    async [Symbol.asyncDispose]() {
      await stopNow(server, world)
      await views.close()
    },
  }
  return service
}

/** The deadline is the manual clock's, so it has come at once. */
const stopNow = async (server: HttpServer, { clock }: World): Promise<void> => {
  const stopped = server.stop(1)
  clock.advance(1)
  await stopped
}

const linesInto = (lines: Record<string, unknown>[]): Writable =>
  new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>)
      done()
    },
  })

const askService = async (url: string, request: string, { body, key, headers }: Asked): Promise<Answer<unknown>> => {
  const [method = '', path = ''] = request.split(' ')
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const answered: unknown = (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : text
  expect(contractProblems(method, path.split('?')[0] ?? '', response, answered)).toEqual([])
  return { status: response.status, headers: response.headers, body: answered }
}
