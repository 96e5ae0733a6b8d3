import { OpenAPIHono, type RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { dataSchemas, runEventTypes, type RunEventType } from '../events/run-events.ts'
import { eventMeta } from '../events/envelope.ts'
import { chartRoutes } from './chart-routes.ts'
import { datasetRoutes } from './dataset-routes.ts'
import { evalRoutes } from './eval-routes.ts'
import { commandRoutes } from './command-routes.ts'
import { problem } from './contract.ts'
import { outlineRoutes } from './outline-routes.ts'
import { promptRoutes } from './prompt-routes.ts'
import { queryRoutes } from './query-routes.ts'
import { runListRoutes } from './run-list-routes.ts'
import { serviceRoutes } from './service-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import { sqlRoutes } from './sql-routes.ts'
import { traceRoutes } from './trace-routes.ts'
import { viewRoutes } from './view-routes.ts'

type Schema = Record<string, unknown>

/** Every route there is. */
const routes: readonly RouteConfig[] = [
  commandRoutes,
  runListRoutes,
  queryRoutes,
  outlineRoutes,
  traceRoutes,
  promptRoutes,
  chartRoutes,
  evalRoutes,
  datasetRoutes,
  viewRoutes,
  sessionRoutes,
  sqlRoutes,
  serviceRoutes,
].flatMap((group) => Object.values<RouteConfig>(group))

/** The contract as OpenAPI 3.1, every path with every answer it may give. */
export const openApiDocument = (): Schema => {
  const app = new OpenAPIHono()
  const registry = app.openAPIRegistry
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key of the configuration.',
  })
  registry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-refold',
    description: 'The session of a page, `refold` on the machine itself.',
  })
  registry.registerComponent('responses', 'Problem', {
    description: 'What is wrong, as RFC 9457 says it.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  })
  // A copy, since only schemas that were made after `@hono/zod-openapi` was loaded can be registered: in the package others are made before.
  registry.register('Problem', problem.clone())
  for (const [name, schema] of eventComponents()) registry.registerComponent('schemas', name, schema)
  for (const route of routes)
    registry.registerPath({ ...route, responses: { ...route.responses, default: { $ref: '#/components/responses/Problem' } } })
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Refold',
      version: '1.0.0',
      description: 'Runs of AI agents: start them, talk to them, decide for them, and see what they did.',
    },
  })
  return JSON.parse(JSON.stringify(document)) as Schema
}

/** Of every event type, as it leaves the service: payloads are in place, wherever they are stored. */
const eventComponents = (): [name: string, schema: Schema][] => [
  ['EventMeta', jsonSchema(eventMeta)],
  ...runEventTypes.map((type): [string, Schema] => [type, eventSchema(type)]),
]

const eventSchema = (type: RunEventType): Schema => {
  const properties = {
    type: { const: type },
    data: jsonSchema(dataSchemas[type]),
    id: { type: 'string', format: 'uuid' },
    runId: { type: 'string' },
    revision: { type: 'integer', minimum: 0, description: '0, 1, 2 … within the run' },
    position: { type: 'integer', description: 'within the whole log' },
    meta: { $ref: '#/components/schemas/EventMeta' },
  }
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

const jsonSchema = (schema: z.ZodType): Schema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any' })
  return rest
}
