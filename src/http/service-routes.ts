import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { health } from './contract.ts'
import { answers } from './route-parts.ts'

/** About the service itself. They need no key. */
export const serviceRoutes = {
  health: createRoute({
    method: 'get',
    path: '/healthz',
    operationId: 'getHealth',
    summary: 'Whether the process lives.',
    tags: ['Service'],
    responses: answers('It does.', health),
  }),
  readiness: createRoute({
    method: 'get',
    path: '/readyz',
    operationId: 'getReadiness',
    summary: 'Whether the log and the views answer and the process takes requests.',
    tags: ['Service'],
    responses: answers('It does.', health),
  }),
  metrics: createRoute({
    method: 'get',
    path: '/metrics',
    operationId: 'getMetrics',
    summary: 'Numbers of this process for Prometheus, without any of a run, tenant or person.',
    tags: ['Service'],
    responses: { 200: { description: 'The text format of Prometheus.', content: { 'text/plain': { schema: z.string() } } } },
  }),
  openApi: createRoute({
    method: 'get',
    path: '/openapi.json',
    operationId: 'getOpenApi',
    summary: 'This document.',
    tags: ['Service'],
    responses: answers('OpenAPI 3.1.', z.record(z.string(), z.unknown())),
  }),
  docs: createRoute({
    method: 'get',
    path: '/docs/{page}',
    operationId: 'getPage',
    summary: 'The pages that the `type` of a problem leads to.',
    tags: ['Service'],
    request: { params: z.object({ page: z.enum(['errors.md', 'http.md']) }) },
    responses: { 200: { description: 'Markdown.', content: { 'text/markdown': { schema: z.string() } } } },
  }),
} as const
