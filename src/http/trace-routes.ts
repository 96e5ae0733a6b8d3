import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { runPath } from './contract.ts'
import { guardedBy } from './route-parts.ts'
import { traceOrExport, traceQuery } from './trace-contract.ts'

export const traceRoutes = {
  trace: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/trace',
    operationId: 'getTrace',
    summary: 'What a run did and how long each part of it took, as spans of OpenTelemetry.',
    description:
      'Without what was said. Runs that it has asked for have traces of their own, in the same trace id. Where there is another page of a format that has no room for that, `link` names it as `next`.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { params: runPath, query: traceQuery },
    responses: {
      200: {
        description: 'A page of spans, or what `format` says.',
        content: {
          'application/json': { schema: traceOrExport },
          'text/plain': { schema: z.string().meta({ description: '`mermaid` and `tree`' }) },
        },
      },
    },
  }),
} as const
