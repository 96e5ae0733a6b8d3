import { createRoute } from '@hono/zod-openapi'
import { prompt, promptPath, promptQuery, requestQuery, writtenPrompt } from './prompt-contract.ts'
import { answers, guardedBy } from './route-parts.ts'

export const promptRoutes = {
  prompt: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/model-calls/{callId}/prompt',
    operationId: 'getPrompt',
    summary: 'What exactly a model was asked, rebuilt from the log and compared with its fingerprint.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { params: promptPath, query: promptQuery },
    responses: answers('The prompt.', prompt),
  }),
  request: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/model-calls/{callId}/request',
    operationId: 'getModelRequest',
    summary: 'What exactly a model was asked as the request of a vendor, as a command of a shell, and its answer as a line of a script.',
    tags: ['Runs'],
    ...guardedBy('read'),
    request: { params: promptPath, query: requestQuery },
    responses: answers('The request, without a key.', writtenPrompt),
  }),
} as const
