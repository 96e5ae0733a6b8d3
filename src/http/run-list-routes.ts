import { createRoute } from '@hono/zod-openapi'
import { z } from 'zod'
import { answers, guardedBy } from './route-parts.ts'
import { changeFrames, changesHeaders, changesQuery, listQuery, runPage } from './run-list-contract.ts'

const CHANGES =
  'Frames: `begin` first; then `rows`, with the position of the newest change as id; `counts` after them, once a second at most; `reload` where too much ' +
  'has changed since `Last-Event-ID`, or the log is another one. A client that is slow gets each row as it is by then. The stream ends with the service alone.'

export const runListRoutes = {
  list: createRoute({
    method: 'get',
    path: '/v1/runs',
    operationId: 'listRuns',
    summary: 'Lists runs, the one with the newest event first.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { query: listQuery },
    responses: answers('A page of runs.', runPage),
  }),
  changes: createRoute({
    method: 'get',
    path: '/v1/changes',
    operationId: 'followRuns',
    summary: 'What changes in the list of runs, live.',
    description: CHANGES,
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { query: changesQuery, headers: changesHeaders },
    responses: {
      200: {
        description: 'A stream of frames.',
        content: {
          'text/event-stream': { schema: z.union([changeFrames.begin, changeFrames.rows, changeFrames.counts, changeFrames.reload]) },
        },
      },
    },
  }),
} as const
