import { z } from 'zod'
import { anything, count, MOST_REVISIONS, revision, time, whole } from './contract.ts'

// What a run did and how long it took, as spans.

export const traceQuery = z.strictObject({
  format: z.enum(['spans', 'otlp', 'perfetto', 'mermaid', 'tree']).default('spans').meta({
    description: '`otlp` is an export request of OTLP as JSON, `perfetto` a file for ui.perfetto.dev; the others of one page as well',
  }),
  from: whole(0, MOST_REVISIONS).default(0).meta({ description: 'spans that ended with this revision or later' }),
  limit: whole(1, 20_000).default(5_000).meta({ description: 'spans of a page' }),
})

const attributes = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).readonly()]))
  .meta({ description: 'in the names of the GenAI conventions of OpenTelemetry, and `refold.…`' })

const span = z
  .object({
    traceId: z.string(),
    spanId: z.string(),
    parentSpanId: z.string().optional().meta({ description: 'absent of a turn that nobody else has asked for' }),
    runId: z.string(),
    revision: revision.meta({ description: 'of the event with which it began' }),
    name: z.string(),
    startMs: time,
    endMs: time.meta({ description: 'of one that is open: when the newest event was' }),
    error: z.string().optional().meta({ description: 'what went wrong, as a word' }),
    attributes,
    events: z.array(z.object({ name: z.string(), atMs: time, attributes })).readonly(),
    droppedEvents: count,
  })
  .meta({ id: 'TraceSpan' })

export const tracePage = z
  .object({
    runId: z.string(),
    spans: z.array(span).readonly().meta({ description: 'in the order in which they ended' }),
    open: z.array(span).readonly().meta({ description: 'that have not ended by now; on the last page' }),
    revision: z.int().meta({ description: 'up to which the run was looked at' }),
    next: revision.nullable().meta({ description: '`from` of the next page; null where there is nothing more by now' }),
  })
  .meta({ id: 'TracePage' })

export const traceOrExport = z.union([tracePage, anything]).meta({ id: 'TraceOrExport' })
