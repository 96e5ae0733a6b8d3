import type { OpenAPIHono } from '@hono/zod-openapi'
import type { z } from 'zod'
import { jsonText } from '../json.ts'
import { encodeSpans } from '../otlp/otlp-spans.ts'
import { present } from '../present.ts'
import { spanGantt } from '../projections/traces/span-gantt.ts'
import { traceEventsText } from '../projections/traces/span-perfetto.ts'
import { treeLines } from '../projections/traces/span-tree.ts'
import type { Span } from '../projections/traces/span.ts'
import { readSpanPage, type SpanPage } from '../runtime/reading/run-span-page.ts'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import type { RequireOwnRun } from './run-tenants.ts'
import type { tracePage, traceQuery } from './trace-contract.ts'
import { traceRoutes as routes } from './trace-routes.ts'

const JSON_TYPE = 'application/json'
const TEXT = 'text/plain; charset=utf-8'

/** What a run did, as spans. */
export const addTraces = (app: OpenAPIHono<HttpEnv>, { refold }: ApiParts, requireOwn: RequireOwnRun): void => {
  app.openapi(routes.trace, async (c) => {
    const { runId } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { format, ...wanted } = c.req.valid('query')
    const page = await readSpanPage(refold, runId, wanted)
    const { type, text } = await written[format](page, runId)
    const headers: Record<string, string> = { 'content-type': type }
    if (page.next !== null) headers['link'] = `<?format=${format}&from=${page.next}&limit=${wanted.limit}>; rel="next"`
    return c.body(text, 200, headers) as unknown as ReturnType<typeof c.json<z.infer<typeof tracePage>, 200>>
  })
}

interface Written {
  readonly type: string
  readonly text: string
}

type Format = z.infer<typeof traceQuery>['format']

const written: Readonly<Record<Format, (page: SpanPage, runId: string) => Written | Promise<Written>>> = {
  spans: ({ ended, open, revision, next }, runId) => ({
    type: JSON_TYPE,
    text: jsonText({ runId, spans: ended.map(shownSpan), open: open.map(shownSpan), revision, next } satisfies z.infer<typeof tracePage>),
  }),
  otlp: async ({ ended }) => {
    const bytes = await encodeSpans(ended, { protocol: 'http/json', resource: { 'service.name': 'refold' }, secrets: [] })
    return { type: JSON_TYPE, text: new TextDecoder().decode(bytes) }
  },
  perfetto: (page) => ({ type: JSON_TYPE, text: traceEventsText(allOf(page)) }),
  mermaid: (page) => ({ type: TEXT, text: spanGantt(allOf(page)) }),
  tree: (page) => ({ type: TEXT, text: `${treeLines(allOf(page)).join('\n')}\n` }),
}

const allOf = ({ ended, open }: SpanPage): Span[] => [...ended, ...open]

const shownSpan = (span: Span): z.infer<typeof tracePage>['spans'][number] => {
  const { traceId, spanId, parentSpanId, runId, revision, name, startMs, endMs, error, attributes, events, droppedEvents } = span
  return { traceId, spanId, runId, revision, name, startMs, endMs, attributes, events, droppedEvents, ...present({ parentSpanId, error }) }
}
