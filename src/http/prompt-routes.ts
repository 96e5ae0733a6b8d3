import { createRoute } from '@hono/zod-openapi'
import { prompt, promptPath, promptQuery } from './prompt-contract.ts'
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
} as const
