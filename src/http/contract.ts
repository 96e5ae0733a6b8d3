import { z } from 'zod'
import { tags, tagText } from '../events/tags.ts'
import { givenContent } from '../events/given-content.ts'
import { incomingJson, message } from '../events/message.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { runEventTypes } from '../events/run-events.ts'
import { score } from './score-contract.ts'
import type { ViewQuery } from '../views/view-query.ts'

// What goes over the wire: the source of validation, of types and of the OpenAPI document. Times are ms since the epoch,
// money is in millionths of a US dollar, as in the events themselves.

const JSON_TYPES = ['object', 'array', 'string', 'number', 'boolean', 'null']

export const json = incomingJson.meta({ type: JSON_TYPES, description: 'Any JSON, of 128 levels at most.' })
/** Its size is checked where a run is started. */
export const metadata = z.record(z.string(), json).meta({ description: 'what a program has noted about it for itself' })
/** Of an answer. */
export const anything = z.unknown().meta({ description: 'Any JSON.' })
export const time = z.int().meta({ description: 'ms since the epoch' })
export const count = z.int().nonnegative()
export const revision = z.int().nonnegative().meta({ description: '0, 1, 2 … within the run' })
export const callId = z.string().meta({ description: 'of a tool call, model call or approval', example: '4.0' })
export const status = z.enum(['active', 'completed', 'failed', 'cancelled', 'deleted'])

/** A number in a query. */
export const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `expected a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `expected a whole number from ${least} to ${most}`)
    .meta({ type: 'integer', minimum: least, maximum: most })

export const MOST_REVISIONS = 999_999_999_999_999

// Paths, headers and queries

export const runPath = z.object({ runId: z.string().meta({ description: 'run id' }) })
export const blobPath = runPath.extend({
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'expected the hash of a part')
    .meta({ description: '`source.hash` of a part' }),
})
export const blobBytes = z.custom<Uint8Array>().meta({ type: 'string', format: 'binary' })
export const callPath = runPath.extend({ callId })

export const commandHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Chosen by the caller: a request that is repeated with the same key is granted once.' }),
})

/** Of a view: the filters that it has. */
export const viewQuery = ({ statuses, values, filters, by, everyMs }: ViewQuery) => {
  const moment = whole(0, MOST_REVISIONS)
  return z.strictObject({
    run: z.string().min(1).optional().meta({ description: 'run id' }),
    agent: z.string().min(1).optional().meta({ description: 'name of the agent' }),
    ...(filters.agentVersion === undefined ? {} : { agentVersion: z.string().min(1).optional() }),
    tag: tagText.optional().meta({ description: 'name=value', example: 'customer=ann' }),
    tenant: z.string().min(1).optional().meta({ description: 'of a key without a tenant; any other sees its own alone' }),
    ...(by === undefined ? {} : { by: z.enum(Object.keys(by)).optional().meta({ description: 'what `name` is' }) }),
    ...(everyMs === undefined
      ? {}
      : {
          everyMs: whole(1_000, 366 * 86_400_000)
            .optional()
            .meta({ description: `length of a slot of time; ${everyMs} without it` }),
        }),
    sql: z.enum(['true', 'false']).optional().meta({ description: 'whether the answer comes with its own query in SQL' }),
    ...(statuses === undefined ? {} : { status: z.enum([...statuses]).optional() }),
    since: moment.optional().meta({ description: 'ms since the epoch' }),
    until: moment.optional().meta({ description: 'ms since the epoch; this moment is not included' }),
    ...(values === undefined
      ? {}
      : { waitingMs: moment.optional().meta({ description: 'of what is escalated: only what has waited for so long' }) }),
    limit: whole(1, 1000).default(50),
    cursor: z.string().min(1).optional().meta({ description: '`next` of the page before' }),
  })
}

export const stateQuery = z.strictObject({
  revision: whole(0, MOST_REVISIONS).optional().meta({ description: 'as of this revision; as of now without it' }),
})

export const eventsQuery = z.strictObject({
  from: whole(0, MOST_REVISIONS).optional().meta({ description: 'the first revision; 0 by default. `Last-Event-ID` goes before it.' }),
  limit: whole(1, 1000).optional().meta({ description: 'events of a JSON page; 200 by default. A stream has no limit.' }),
  deltas: z.enum(['true', 'false']).optional().meta({ description: 'whether a stream also has the text of answers as it is written' }),
})

export const eventsHeaders = z.object({
  accept: z.string().optional().meta({ description: '`text/event-stream` for a live stream' }),
  'last-event-id': z
    .string()
    .regex(/^\d{1,15}$/, 'expected the revision of the last event that was received')
    .optional()
    .meta({ description: 'Of a stream: the revision of the last event that was received.' }),
})

// Commands

export const by = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .meta({ description: 'who asks for it; the name of the API key by default', example: 'dana' })
export const text = z.string().min(1)
const digest = z.string().optional().meta({ description: 'of what is decided on; refused if something else is asked by now' })

/** A text, or parts. */
export const content = givenContent.meta({
  description: 'A text, or a list of parts: texts, pictures and files. Pictures and files also come as `multipart/form-data`.',
})
export const sendMessage = z.strictObject({ message: content, data: json.optional() }).meta({ id: 'SendMessage' })
const seen = z
  .int()
  .nonnegative()
  .optional()
  .meta({ description: '`revision` of the state that was decided on: refused if a message has come in since' })
export const grantApproval = z
  .strictObject({
    by,
    digest,
    seen,
    input: json.optional().meta({
      description:
        'what the tool gets instead of what was asked, to the letter; refused where its schema would change it or a guardrail blocks it',
      example: { order: '18', amount: 40 },
    }),
  })
  .meta({ id: 'GrantApproval' })
export const denyApproval = z
  .strictObject({ by, reason: text.meta({ description: 'the agent is told' }), digest })
  .meta({ id: 'DenyApproval' })

export const settleToolCall = z
  .strictObject({
    by,
    outcome: z.discriminatedUnion('succeeded', [
      z.strictObject({ succeeded: z.literal(true), output: json }),
      z.strictObject({ succeeded: z.literal(false), message: text }),
    ]),
  })
  .meta({ id: 'SettleToolCall' })

const limit = z.int().positive().nullable().optional()
export const changedLimits = z
  .strictObject({
    iterationsPerTurn: limit,
    toolCallsPerTurn: limit,
    tokens: limit,
    costUsd: z.number().nonnegative().nullable().optional(),
    wallTimeMs: limit,
    repeatedCalls: limit,
    cycles: limit,
    childDepth: limit,
    openChildRuns: limit,
    childRuns: limit,
  })
  .meta({ id: 'Limits', description: 'Limits that hold from now on. null switches one off.' })

export const answerRun = z.strictObject({ by, text: content.meta({ description: 'what the user gets' }) }).meta({ id: 'AnswerRun' })
export const giveRunBack = z
  .strictObject({ by, note: text.optional().meta({ description: 'what the agent is told' }), limits: changedLimits.optional() })
  .meta({ id: 'GiveRunBack' })
export const pauseRun = z.strictObject({ by, reason: text.optional() }).meta({ id: 'PauseRun' })
export const resumeRun = z.strictObject({ by }).meta({ id: 'ResumeRun' })
export const reopenRun = z.strictObject({ by, note: text.optional() }).meta({ id: 'ReopenRun' })
export const moveRun = z.strictObject({ by, to: text.meta({ example: '2' }), note: text.optional() }).meta({ id: 'MoveRun' })
export const endRun = z.strictObject({ by, reason: text }).meta({ id: 'EndRun' })
export const completeRun = z.strictObject({ by, output: json.optional() }).meta({ id: 'CompleteRun' })

// Answers

const waitsFor = z
  .enum(['message', 'approval', 'human', 'resume'])
  .nullable()
  .meta({ description: 'whom it waits for; null while it works, waits for time to pass, or is over' })

const sources = z.object({ recorded: count, simulated: count, asked: count, live: count, real: count })

/** Of which run it is a fork. */
export const lineage = z.object({ runId: z.string(), revision: count, counts: sources, real: z.array(z.string()).readonly() }).meta({
  description: 'of which run it is a fork, up to which revision, how many of its results are from where, and the tools that it executes',
})

export const waitsIn = z
  .string()
  .nullable()
  .meta({ description: 'the run below it in which somebody has to act; null where it is this one, or nobody has to' })

/** Who has taken a run over from its agent. */
export const takenOver = z.object({ by: z.string(), at: time, note: z.string().optional() })

/** Where a run stands after a command was granted. */
export const receipt = z
  .object({ runId: z.string(), revision, status, paused: z.boolean(), state: z.string(), waitsFor })
  .meta({ id: 'Receipt', description: 'Where the run stands. What it does next comes as events behind `revision`.' })
export type Receipt = z.infer<typeof receipt>

const spent = z.object({
  iterations: count,
  toolCalls: count.meta({
    description: 'of this turn: those that have begun and those that a person is asked about, without those that were refused',
  }),
  tokens: count,
  costMicroUsd: count,
  wallTimeMs: count,
  repeatedCalls: count,
  cycles: count,
})

const openEffect = z.object({
  key: z.string(),
  intent: z.string(),
  status: z.enum(['wanted', 'claimed', 'parked']),
  attempt: count,
  owner: z.string().optional(),
  leaseUntil: time.optional(),
  behind: callId.optional().meta({ description: 'the call whose last word it waits for' }),
  waitsFor: waitsFor.unwrap().optional(),
  waitsIn: z.string().optional(),
})

const unread = z
  .array(z.string())
  .readonly()
  .meta({ description: 'what users have said that no prompt has held yet: read it before you decide' })

export const run = z
  .object({
    runId: z.string(),
    agent: z.string().meta({ example: 'support@1' }),
    chartHash: z.string().meta({ description: 'of the structure of its charts' }),
    revision,
    at: time,
    status,
    paused: z.boolean(),
    takenOver: takenOver.nullable().meta({ description: 'who has taken it over from its agent, and since when; null where nobody has' }),
    state: z.string().meta({ description: 'where the chart stands', example: 'thinking.callingModel' }),
    waitsFor,
    waitsIn,
    fork: lineage.nullable(),
    tags,
    metadata,
    context: json.meta({ description: 'what the run was started with beside its message or input' }),
    turn: count,
    answer: z
      .string()
      .nullable()
      .meta({ description: 'the text of what the agent said last; null before that, and while it has only asked for tools' }),
    output: json,
    reason: z.string().nullable(),
    spent,
    openEffects: z.array(openEffect).readonly(),
    toolCalls: z.array(z.object({ callId, tool: z.string(), state: z.string(), input: json })).readonly(),
    unresolved: z
      .array(z.object({ callId, tool: z.string(), input: json }))
      .readonly()
      .meta({ description: 'calls of which nobody knows whether they happened; also of a run that has ended' }),
    approvals: z.array(z.object({ callId, subject: anything, digest: z.string(), expiresAt: time, unread })).readonly(),
    scores: z.array(score).readonly().meta({ description: 'what people, scorers and programs make of it' }),
    timers: z.array(z.object({ timerId: z.string(), dueAt: time.nullable() })).readonly(),
    problem: z
      .string()
      .nullable()
      .meta({ description: 'why nothing more begins in it: code of its agent has failed, is gone or is other' }),
    projections: z.record(z.string(), z.unknown()).meta({ description: "the agent's own folds, by name" }),
    unfolded: z.string().nullable().meta({ description: 'code of the `problem` for which it is only shown, and can only be cancelled' }),
  })
  .meta({ id: 'Run', description: 'What a run is at one revision.' })

export const next = z.string().nullable().meta({ description: '`cursor` of the next page; null on the last' })

// Given as JSON Schema, since the generator of the OpenAPI document knows no custom types.
const { $schema: _, ...messageSchema } = z.toJSONSchema(message, { unrepresentable: 'any' })
export const messageBody = message.meta({ id: 'Message', type: 'object', ...messageSchema })

export const transcript = z
  .object({
    runId: z.string(),
    revision,
    messages: z.array(messageBody).readonly(),
    omitted: count.optional().meta({ description: 'messages before these, where all of them are more than some MiB' }),
  })
  .meta({ id: 'Transcript', description: 'The conversation as the model sees it, or its end.' })

export const verification = z
  .discriminatedUnion('ok', [
    z.object({ ok: z.literal(true), events: count }),
    z.object({
      ok: z.literal(false),
      events: count.meta({ description: 'that refold to what was recorded' }),
      revision: revision.meta({ description: 'the first that does not' }),
      what: z.enum(['state', 'intents', 'ignored', 'asked', 'hash', 'fingerprint', 'event']),
      report: z.string(),
    }),
  ])
  .meta({ id: 'Verification' })

/** An event with its envelope, large payloads in place. The OpenAPI document has a schema of each type. */
export const runEvent = z.custom<RecordedRunEvent>().meta({
  id: 'RunEvent',
  type: 'object',
  oneOf: runEventTypes.map((type) => ({ $ref: `#/components/schemas/${type}` })),
  discriminator: { propertyName: 'type' },
})

export const eventPage = z
  .object({
    events: z.array(runEvent).readonly(),
    next: revision.nullable().meta({ description: '`from` of the next page; null where there is nothing more by now' }),
  })
  .meta({ id: 'EventPage' })

const deltaPlace = { callId, attempt: z.int().positive() }

/** One piece of an answer, as a stream has it under the event `delta`, or that all pieces of this attempt are void. */
export const delta = z
  .union([z.object({ ...deltaPlace, text: z.string() }), z.object({ ...deltaPlace, reset: z.literal(true) })])
  .meta({ id: 'Delta' })

export const health = z.object({ status: z.literal('ok'), restoredAt: z.string().optional() }).meta({ id: 'Health' })

/** RFC 9457. `details` are the facts of the error; `errors` lists every field of a request that is not as expected. */
export const problem = z
  .object({
    type: z.string().meta({ description: 'leads to its documentation, on this server', example: '/docs/errors.md#notpossible' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ example: 'NotPossible' }),
    requestId: z.string(),
    retryable: z.boolean().meta({ description: 'whether the same request may succeed later without any change' }),
    details: z.record(z.string(), z.unknown()).optional(),
    errors: z
      .array(z.object({ field: z.string().meta({ example: 'body.outcome.output' }), message: z.string() }))
      .readonly()
      .optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof problem>
