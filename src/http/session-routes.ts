import { createRoute } from '@hono/zod-openapi'
import { answers, body } from './route-parts.ts'
import { session, signIn } from './session-contract.ts'

const tags = ['Sessions']

export const sessionRoutes = {
  begin: createRoute({
    method: 'post',
    path: '/v1/session',
    operationId: 'signIn',
    summary: 'Takes a key once and sets a cookie for it, which holds for twelve hours and for pages of this service alone.',
    tags,
    request: { body: body(signIn) },
    responses: answers('The cookie is set.', session),
  }),
  get: createRoute({
    method: 'get',
    path: '/v1/session',
    operationId: 'getSession',
    summary: 'Who asks, and what they may do.',
    tags,
    security: [{ apiKey: [] }, { session: [] }],
    responses: answers('Whoever the key or the cookie is of.', session),
  }),
  end: createRoute({
    method: 'delete',
    path: '/v1/session',
    operationId: 'signOut',
    summary: 'Takes the cookie away, whether there is one or not.',
    tags,
    responses: { 204: { description: 'There is none any more.' } },
  }),
} as const
