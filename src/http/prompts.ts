import type { OpenAPIHono } from '@hono/zod-openapi'
import type { z } from 'zod'
import type { Message } from '../events/message.ts'
import { jsonText } from '../json.ts'
import { rebuildPrompt } from '../runtime/reading/rebuilt-prompt.ts'
import { writePrompt } from '../runtime/reading/written-prompt.ts'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import type { prompt, writtenPrompt } from './prompt-contract.ts'
import { promptRoutes as routes } from './prompt-routes.ts'
import type { RequireOwnRun } from './run-tenants.ts'

/** UTF-16 units of the messages of a page, which ends with the one that goes beyond. */
const PAGE_LENGTH = 4 * 1024 * 1024
const JSON_BODY = { 'content-type': 'application/json' }

/** What models were asked. */
export const addPrompts = (app: OpenAPIHono<HttpEnv>, { refold }: ApiParts, requireOwn: RequireOwnRun): void => {
  app.openapi(routes.prompt, async (c) => {
    const { runId, callId } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { attempt, first } = c.req.valid('query')
    const { messages, ...rebuilt } = await rebuildPrompt(refold, { runId, callId, attempt })
    const shown = { ...rebuilt, messageCount: messages.length, messages: pageOf(messages, first) }
    // As text already: what an older version has recorded may be deeper than the platform writes.
    return c.body(jsonText(shown), 200, JSON_BODY) as unknown as ReturnType<typeof c.json<z.infer<typeof prompt>, 200>>
  })
  app.openapi(routes.request, async (c) => {
    const { runId, callId } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { attempt, as } = c.req.valid('query')
    const written = await writePrompt(refold, { runId, callId, attempt, as })
    return c.body(jsonText(written), 200, JSON_BODY) as unknown as ReturnType<typeof c.json<z.infer<typeof writtenPrompt>, 200>>
  })
}

interface SaidMessage {
  readonly index: number
  readonly revision: number | null
  readonly message: Message
}

/** From a message on, or the newest. */
const pageOf = (messages: readonly SaidMessage[], first: number | undefined): readonly SaidMessage[] => {
  const ordered = first === undefined ? messages.toReversed() : messages.slice(first)
  let length = 0
  const beyond = ordered.findIndex(({ message }) => {
    length += jsonText(message).length
    return length > PAGE_LENGTH
  })
  const page = beyond < 0 ? ordered : ordered.slice(0, Math.max(1, beyond))
  return first === undefined ? page.toReversed() : page
}
