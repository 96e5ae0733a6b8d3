import { z } from 'zod'
import { origin, source } from '../events/fork.ts'
import { usage } from '../events/message.ts'
import { anything, callId, count, MOST_REVISIONS, revision, runPath, time, whole } from './contract.ts'

// A run event by event: slim rows for all of it, and one event whole.

export const revisionPath = runPath.extend({ revision: whole(0, MOST_REVISIONS) })

export const outlineQuery = z.strictObject({
  from: whole(0, MOST_REVISIONS).optional().meta({ description: 'the first revision; 0 by default. `Last-Event-ID` goes before it.' }),
  limit: whole(1, 20_000).default(5_000).meta({ description: 'rows of a JSON page. A stream has no limit.' }),
})

const words = z.string()

/** The shape of `OutlineRow` in src/projections/outline-row.ts. */
export const outlineRow = z
  .object({
    revision,
    type: z.string().meta({ description: 'of the event; one that this version does not know has a `summary` that says so' }),
    at: time,
    to: z.string().meta({ description: 'where the charts stood after it: `acting; 4.0=running`' }),
    intents: z.array(z.string()).readonly().optional().meta({ description: 'what the charts asked for at it: `callTool:4.0`' }),
    ignored: z.literal(true).optional(),
    actor: words.optional().meta({ description: 'who wished it' }),
    cause: revision.optional().meta({ description: 'the event that led to it, where that is one of this run' }),
    large: z.array(z.string()).readonly().optional().meta({ description: 'fields of the event that are stored apart' }),
    summary: z.string().meta({ description: 'what it says, in one line of 200 characters at most' }),
    callId: callId.optional(),
    attempt: z.int().positive().optional(),
    owner: words.optional(),
    leaseUntil: time.optional(),
    lostOwners: count.optional(),
    tool: words.optional(),
    effect: z.enum(['read', 'idempotent', 'once']).optional(),
    act: words.optional(),
    model: words.optional(),
    purpose: z.enum(['answer', 'wrapUp', 'aside']).optional(),
    asks: z
      .array(words)
      .readonly()
      .optional()
      .meta({ description: 'tools that an answer asks for, in order: the first is the call `<revision>.0`' }),
    usage: usage.optional(),
    costMicroUsd: count.optional(),
    durationMs: count.optional(),
    class: words.optional().meta({ description: 'of a failure' }),
    next: z.enum(['retry', 'nextModel', 'escalate']).optional(),
    retryAt: time.optional(),
    failingSince: time.optional(),
    happened: z.enum(['no', 'unknown']).optional(),
    settledBy: z.enum(['tool', 'lookup', 'human']).optional(),
    succeeded: z.boolean().optional(),
    earlier: z.literal(true).optional(),
    reason: z
      .enum(['unknownTool', 'invalidArguments', 'guardrail', 'limit', 'repeated'])
      .optional()
      .meta({ description: 'why a call was rejected' }),
    repeats: callId.optional(),
    behind: callId.optional(),
    guardrail: words.optional(),
    by: words.optional(),
    digest: z.string().optional(),
    inputDigest: z.string().optional(),
    expiresAt: time.optional(),
    withdrawn: z.literal(true).optional(),
    childRunId: z.string().optional(),
    waitsFor: z.enum(['message', 'approval', 'human', 'resume']).nullable().optional(),
    waitsIn: z.string().optional(),
    spent: z
      .object({ tokens: count, costMicroUsd: count, runs: count })
      .optional()
      .meta({ description: 'by a run below it since its last word' }),
    childRuns: count.optional(),
    timerId: z.string().optional(),
    dueAt: time.optional(),
    turn: count.optional(),
    outcome: z.enum(['answered', 'rejected', 'wrappedUp', 'answeredByHuman']).optional(),
    limit: words.optional(),
    used: z.number().optional(),
    allowed: z.number().optional(),
    limits: z
      .record(z.string(), z.number().nullable())
      .optional()
      .meta({ description: 'that hold from here on; those that are not named stay' }),
    models: z.array(words).readonly().optional(),
    agent: words.optional(),
    agentVersion: words.optional(),
    fromVersion: words.optional(),
    chartHash: z.string().optional(),
    parent: z.object({ runId: z.string(), callId, depth: count.optional() }).optional(),
    forkOf: origin.optional().meta({ description: 'of a fork: whose events those up to this revision are' }),
    source: source.optional().meta({ description: 'in a fork: where a result or a decision is from' }),
    from: origin
      .extend({ recordedTo: revision })
      .optional()
      .meta({ description: 'of a fork: the origin, and the newest of its events that may answer it' }),
    changes: z.array(z.string()).readonly().optional().meta({ description: 'what a fork has otherwise than its origin, by name' }),
    real: z.array(words).readonly().optional().meta({ description: 'tools that a fork executes for real' }),
    reads: z.literal(true).optional().meta({ description: 'tools that only read it executes for real, too' }),
    lost: z.literal(true).optional(),
    withoutChart: z.literal(true).optional(),
  })
  .meta({
    id: 'OutlineRow',
    description:
      'An event without its words and payloads. Fields have the names that they have in the event; those that it does not have are absent.',
  })

export const outlinePage = z
  .object({
    runId: z.string(),
    rows: z.array(outlineRow).readonly(),
    next: revision.nullable().meta({ description: '`from` of the next page; null where there is nothing more by now' }),
  })
  .meta({ id: 'OutlinePage' })

export const eventQuery = z.strictObject({
  field: z
    .string()
    .regex(/^[A-Za-z]{1,40}$/, 'expected the name of a field')
    .optional()
    .meta({ description: 'only the payload of this field of the data, however large it is' }),
})

export const oneEvent = z
  .object({
    event: z.object({
      type: z.string(),
      id: z.string(),
      runId: z.string(),
      revision,
      position: z.int(),
      data: z
        .record(z.string(), z.unknown())
        .meta({ description: 'as the schema of its type says, without the payloads that `large` names' }),
      meta: z.record(z.string(), z.unknown()).meta({ description: 'its envelope' }),
    }),
    large: z
      .array(z.object({ field: z.string(), length: count.meta({ description: 'of its JSON, in UTF-16 units' }) }))
      .readonly()
      .meta({ description: 'payloads that are stored apart: ask for each as `field`' }),
    problem: z.string().optional().meta({ description: 'why this version cannot read it; then it is shown as it is stored' }),
  })
  .meta({ id: 'OneEvent' })

const eventField = z
  .object({ field: z.string(), value: anything.meta({ description: 'its whole payload: any JSON' }) })
  .meta({ id: 'EventField' })

export const eventOrField = z.union([oneEvent, eventField]).meta({ id: 'EventOrField' })
