import { createRoute } from '@hono/zod-openapi'
import { casePage, casesQuery, evalPage, evalPath, evalsQuery, oneEval } from './eval-contract.ts'
import { answers, guardedBy } from './route-parts.ts'

export const evalRoutes = {
  list: createRoute({
    method: 'get',
    path: '/v1/evals',
    operationId: 'listEvals',
    summary: 'Evals, the newest first: each agent with how many of its runs have passed.',
    tags: ['Evals'],
    ...guardedBy('read'),
    request: { query: evalsQuery },
    responses: answers('A page of evals.', evalPage),
  }),
  one: createRoute({
    method: 'get',
    path: '/v1/evals/{evalId}',
    operationId: 'getEval',
    summary: 'What one eval has shown: scores with intervals, and against its baseline.',
    tags: ['Evals'],
    ...guardedBy('read'),
    request: { params: evalPath },
    responses: answers('The eval.', oneEval),
  }),
  cases: createRoute({
    method: 'get',
    path: '/v1/evals/{evalId}/cases',
    operationId: 'listEvalCases',
    summary: 'The cases of an eval with their runs, and where those were lost.',
    tags: ['Evals'],
    ...guardedBy('read'),
    request: { params: evalPath, query: casesQuery },
    responses: answers('A page of cases.', casePage),
  }),
} as const
