import { z } from 'zod'
import { tags, tagText } from '../events/tags.ts'
import { standings } from '../projections/run-standing.ts'
import { stuckReasons } from '../projections/standstill.ts'
import { runOrders } from '../views/run-search.ts'
import { callId, count, metadata, lineage, next, MOST_REVISIONS, revision, status, takenOver, time, waitsIn, whole } from './contract.ts'
import { behind } from './views-behind.ts'

// The list of runs, and what changes in it.

const LONGEST_SEARCH = 1_000

const standing = z.enum(standings).meta({
  description:
    'what an active run does or waits for: `work` (something is under way or due), `timer`, `message` (of its user), `approval`, `human` (a person owns it), ' +
    '`child` (another run), `paused`; `over` where it has ended',
})
const stuck = z.enum(stuckReasons)

const moment = whole(0, MOST_REVISIONS).meta({ description: 'ms since the epoch' })

const search = {
  status: status.optional(),
  agent: z.string().min(1).optional().meta({ description: 'name of the agent' }),
  waitsFor: z.enum(['message', 'approval', 'human']).optional(),
  standing: standing.optional(),
  stuck: z
    .enum(['any', ...stuckReasons])
    .optional()
    .meta({ description: 'only what does not go on by itself, for this reason or for any' }),
  tag: tagText.optional().meta({ description: 'name=value', example: 'customer=ann' }),
  tool: z.string().min(1).optional().meta({ description: 'only runs that have asked for this tool' }),
  state: z.string().min(1).optional().meta({ description: 'where the chart stands: this state or one inside it', example: 'thinking' }),
  tenant: z.string().min(1).optional().meta({ description: 'of a key without a tenant; any other sees its own alone' }),
  since: moment.optional().meta({ description: 'ms since the epoch, by the newest event' }),
  until: moment.optional().meta({ description: 'ms since the epoch, by the newest event; this moment is not included' }),
  minCostUsd: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/, 'expected an amount in US dollars')
    .transform(Number)
    .optional()
    .meta({ type: 'number', minimum: 0 }),
  q: z
    .string()
    .max(LONGEST_SEARCH)
    .optional()
    .meta({
      description:
        'words, all of which a run has to fit: a word is looked for in its id, agent, tags, first and newest message and reason, without regard to case; ' +
        '`id:` `agent:` `version:` `tool:` `state:` `status:` `visited:` (a state) `took:` (a step, `from>Event>to`) `waits:` (a `standing`) `tenant:` `parent:` `fork:` (forks of this run) `taken:` (over by this person) ask for one of these, `cost>0.1` `tokens<1000` `turns=2` `calls>=10` for an amount, and any other `name:value` for a tag',
      example: 'kettle tool:refund cost>0.1',
    }),
}

export const listQuery = z.strictObject({
  ...search,
  order: z.enum(runOrders).default('newest').meta({
    description:
      '`newest` event, `started` last, `cost`, `tokens`: the highest first; `waiting`: runs that wait for somebody, for longest first',
  }),
  counts: z.enum(['true', 'false']).optional().meta({ description: 'whether the page comes with `counts`' }),
  limit: whole(1, 200).default(50),
  cursor: z.string().min(1).max(1_000).optional().meta({ description: '`next` of the page before' }),
})

const remedy = z
  .object({
    action: z.string().meta({ description: '`operationId` of the request that helps', example: 'grantApproval' }),
    runId: z.string().meta({ description: 'where: this run, or one below it' }),
    callId: callId.optional(),
    command: z.string().meta({ description: 'the same in a shell', example: 'refold approve RUN 3.0' }),
  })
  .meta({ id: 'Remedy' })

const standsStill = z
  .object({
    why: z.enum(['message', 'approval', 'human', 'child', 'paused', 'timer', 'failed', ...stuckReasons]),
    since: time.nullable(),
    until: time.nullable().meta({ description: 'when it goes on by itself, or is denied by itself' }),
    sentence: z.string().meta({
      description: 'without times: those are `since` and `until`',
      example: 'A person has to decide on refund_order {"id":"18"}.',
    }),
    remedies: z.array(remedy).readonly(),
  })
  .nullable()
  .meta({ description: 'why nothing happens in it now, and what helps; null where something does, or it is over' })

export const runRow = z
  .object({
    runId: z.string(),
    agent: z.string(),
    agentVersion: z.string(),
    chartHash: z.string().meta({ description: 'of the structure of its charts' }),
    tenant: z.string().optional(),
    status,
    paused: z.boolean(),
    takenOver: takenOver.optional().meta({ description: 'who has taken it over from its agent, and since when' }),
    state: z.string(),
    standing,
    stuck: stuck.nullable().meta({ description: 'why it does not go on by itself' }),
    standsStill,
    revision,
    position: z.int().meta({ description: 'of its newest event in the whole log' }),
    startedAt: time,
    updatedAt: time,
    turn: count,
    messages: count,
    unread: count.meta({ description: 'messages of the user that no prompt has held yet' }),
    modelCalls: count,
    toolCalls: count.meta({
      description: 'that have begun in all turns, not attempts; `spent.toolCalls` of a run counts those of its turn',
    }),
    tokens: count,
    costMicroUsd: count,
    waitsFor: z.enum(['message', 'approval', 'human']).nullable(),
    waitsSince: time.nullable(),
    waitsIn,
    fork: lineage.optional(),
    tags: tags.optional(),
    metadata: metadata.optional(),
    firstText: z.string().nullable().meta({ description: "the beginning of the user's first message" }),
    lastText: z.string().nullable().meta({ description: "the beginning of the user's newest message" }),
    reason: z.string().nullable(),
    parent: z.object({ runId: z.string(), callId }).optional(),
    problem: z.string().optional().meta({ description: 'why this version cannot read the run' }),
  })
  .meta({ id: 'RunRow', description: 'What a list shows of a run.' })
export const foldedRunRow = runRow.omit({ stuck: true, standsStill: true })

const numberEach = <Name extends string>(names: readonly Name[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, count])) as Record<Name, typeof count>)

const runCounts = z
  .object({
    all: count,
    status: numberEach(['active', 'completed', 'failed', 'cancelled', 'deleted']),
    standing: numberEach(standings),
    stuck: numberEach(stuckReasons),
  })
  .meta({
    id: 'RunCounts',
    description:
      'How many runs fit the filters, leaving `status`, `waitsFor`, `standing` and `stuck` out of account. `standing` sums up to `all`.',
  })

export const runPage = z.object({ runs: z.array(runRow).readonly(), next, counts: runCounts.optional(), behind }).meta({ id: 'RunPage' })

export const changesQuery = z.strictObject({
  tenant: search.tenant,
  counts: z.enum(['true', 'false']).optional().meta({ description: 'whether `counts` come after changes, once a second at most' }),
})

export const changesHeaders = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{1,15}$/, 'expected the id of the last frame that was received')
    .optional()
    .meta({ description: 'the position up to which changes were received; from now on without it' }),
})

/** The data of the frames, by their event. */
export const changeFrames = {
  /** The first of a stream: a page of another log, or from after `position`, has to be loaded anew. */
  begin: z.object({ log: z.string().nullable(), position: z.int() }).meta({ id: 'ChangesBegin' }),
  /** Rows that have changed, each as it is now; the id of the frame is the position up to which none is missing. */
  rows: z.object({ rows: z.array(runRow).readonly() }).meta({ id: 'ChangedRows' }),
  counts: runCounts,
  /** Too much has changed since, or the log is another one: load the list anew. What follows goes on from here. */
  reload: z.object({ position: z.int() }).meta({ id: 'ChangesReload' }),
}
