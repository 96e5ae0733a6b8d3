import type { OpenAPIHono } from '@hono/zod-openapi'
import { accepts } from 'hono/accepts'
import { isTooDeep, jsonText } from '../json.ts'
import type { Agents } from '../runtime/code/agents.ts'
import type { Run } from '../runtime/run-handle.ts'
import { readRun } from '../runtime/reading/run-reader.ts'
import type { RunView } from '../fold/run-view.ts'
import type { ApiParts } from './api-parts.ts'
import { streamEvents } from './event-stream.ts'
import type { HttpEnv } from './http-env.ts'
import { queryRoutes as routes } from './query-routes.ts'
import { addRunLists } from './run-lists.ts'
import type { RequireOwnRun } from './run-tenants.ts'
import { addSqlRoutes } from './sql-routes.ts'
import { addViewRoutes } from './view-routes.ts'

type Api = OpenAPIHono<HttpEnv>

const EVENTS_OF_A_PAGE = 200
const JSON_BODY = { 'content-type': 'application/json' }
/** UTF-16 units. */
const PAGE_LENGTH = 4 * 1024 * 1024

/** Everything that only looks. */
export const addQueries = (app: Api, parts: ApiParts, requireOwn: RequireOwnRun): void => {
  addViews(app, parts, requireOwn)
  addEvents(app, parts, requireOwn)
  addViewRoutes(app, parts)
  addSqlRoutes(app, parts)
  addRunLists(app, parts)
  app.openapi(routes.agents, (c) => c.json({ agents: agentsOf(parts.refold.agents) }, 200))
}

const addViews = (app: Api, { refold }: ApiParts, requireOwn: RequireOwnRun): void => {
  app.openapi(routes.get, async (c) => {
    const { runId } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { transcript: _, ...view } = await viewAt(refold.run(runId), c.req.valid('query').revision)
    // What an older version has recorded may be deeper than the platform writes.
    if (isTooDeep(view)) return c.body(jsonText(view), 200, JSON_BODY) as unknown as ReturnType<typeof c.json<typeof view, 200>>
    return c.json(view, 200)
  })
  app.openapi(routes.transcript, async (c) => {
    const { runId } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { revision, transcript } = await viewAt(refold.run(runId), c.req.valid('query').revision)
    return c.json({ runId, revision, ...newestOf(transcript) }, 200)
  })
  app.openapi(routes.blob, async (c) => {
    const { runId, hash } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { mediaType, name, bytes } = await refold.run(runId).blob(hash)
    return c.body(bytes as Uint8Array<ArrayBuffer>, 200, attachment(mediaType, name ?? hash))
  })
  app.openapi(routes.verify, async (c) => {
    const { runId } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const verified = await refold.run(runId).verify()
    const { ok, events } = verified
    if (ok) return c.json({ ok, events }, 200)
    const { revision, what } = verified.difference
    return c.json({ ok, events, revision, what, report: verified.report }, 200)
  })
}

/** Whatever it says it is, nothing of it runs: the answer is a download, and every answer has `nosniff` and a policy that allows nothing. */
const attachment = (mediaType: string, name: string) => ({
  'content-type': mediaType,
  'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll(/['()*]/g, escaped)}`,
})

const escaped = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`

/** The end of a conversation, where all of it is longer than a page. */
const newestOf = (transcript: RunView['transcript']): { readonly messages: RunView['transcript']; readonly omitted?: number } => {
  let first = transcript.length
  for (let length = 0; first > 0; first--) {
    length += jsonText(transcript[first - 1]).length
    if (length > PAGE_LENGTH && first < transcript.length) break
  }
  return first === 0 ? { messages: transcript } : { messages: transcript.slice(first), omitted: first }
}

const viewAt = (run: Run, revision: number | undefined): Promise<RunView> => (revision === undefined ? run.state() : run.at(revision))

const addEvents = (app: Api, parts: ApiParts, requireOwn: RequireOwnRun): void => {
  app.openapi(routes.events, async (c) => {
    const { runId } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { from = 0, limit = EVENTS_OF_A_PAGE, deltas } = c.req.valid('query')
    const lastEventId = c.req.valid('header')['last-event-id']
    const wanted = accepts(c, { header: 'Accept', supports: ['application/json', 'text/event-stream'], default: 'application/json' })
    if (wanted === 'text/event-stream') {
      const first = lastEventId === undefined ? from : Number(lastEventId) + 1
      return streamEvents(c, parts, { runId, from: first, deltas: deltas === 'true' })
    }
    // As texts already: what an older version has recorded may be deeper than the platform writes.
    return c.body(await eventPage(parts, runId, { from, limit }), 200, JSON_BODY)
  })
}

/** It ends after so many events, or with the one that makes it this long. */
const eventPage = async (
  { refold }: ApiParts,
  runId: string,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<string> => {
  const events: string[] = []
  let length = 0
  let next: number | null = null
  for await (const { event } of readRun(refold, runId, from)) {
    if (events.length === limit || length >= PAGE_LENGTH) {
      next = event.revision
      break
    }
    const text = jsonText(event)
    events.push(text)
    length += text.length
  }
  return `{"events":[${events.join(',')}],"next":${next}}`
}

const agentsOf = (agents: Agents) =>
  agents.all().map((agent) => ({
    name: agent.name,
    version: agent.version,
    isNewest: agents.newest(agent.name) === agent,
    conversational: agent.conversational,
    models: agent.settings.models,
    tools: [...agent.tools.values()].map(({ name, description, effect }) => ({ name, description, effect })),
  }))
