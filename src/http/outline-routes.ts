import { createRoute } from '@hono/zod-openapi'
import { eventsHeaders, runPath } from './contract.ts'
import { eventOrField, eventQuery, outlinePage, outlineQuery, outlineRow, revisionPath } from './outline-contract.ts'
import { answers, guardedBy } from './route-parts.ts'

export const outlineRoutes = {
  outline: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/outline',
    operationId: 'getOutline',
    summary: 'Every event of a run in a few words, as a page or as a live stream.',
    description:
      'With `Accept: text/event-stream`: every row under `row`, with its revision as id, then live; the stream ends after the last event of the run.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { params: runPath, query: outlineQuery, headers: eventsHeaders },
    responses: {
      200: {
        description: 'A page of rows, or a stream of them.',
        content: { 'application/json': { schema: outlinePage }, 'text/event-stream': { schema: outlineRow } },
      },
      204: { description: 'To a stream that begins behind the last event of the run: there is nothing to wait for.' },
    },
  }),
  event: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/events/{revision}',
    operationId: 'getEvent',
    summary: 'One event as it was recorded, or one field of it.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { params: revisionPath, query: eventQuery },
    responses: answers('The event; with `field` the payload of this field alone.', eventOrField),
  }),
} as const
