import type { ApprovalRecord } from '../projections/approval-records.ts'
import type { MessageRecord } from '../projections/message-records.ts'
import type { ModelCallRecord } from '../projections/model-call-records.ts'
import type { ToolCallRecord } from '../projections/tool-call-records.ts'
import type { StepRecord } from '../projections/step-records.ts'
import type { ScoreRecord } from '../projections/score-records.ts'
import type { TagRecord, TimelineRecord, ViewRecords } from '../projections/view-records.ts'
import type { RunRecord } from './run-record.ts'
import { integer, optional, real, tableOf, text, type ViewTable } from './view-table.ts'

// From here come the tables of SQLite and Postgres, what writes them, and docs/views.md.

const runId = text('id of the run')
const revision = integer('of the event that last changed the row: 0, 1, 2 … within the run')
const callId = text('of the call: `<revision that asked for it>.<key>`')

export const runsTable = tableOf<RunRecord>({
  name: 'refold_runs',
  about: 'What each run is now.',
  key: ['runId'],
  columns: {
    runId,
    agent: text('name of the agent'),
    agentVersion: text('the version that the run began with'),
    tenant: optional(text('whose run it is')),
    tags: optional(text('its tags, `name=value`, a line each, between two empty ones; see `refold_tags`')),
    metadata: optional(text('what a program has noted about it, as a JSON object')),
    status: text('`active`, `completed`, `failed`, `cancelled`'),
    paused: integer('1 while it begins nothing new'),
    takenOverBy: optional(text('the person who has taken it over from its agent')),
    state: text('where its chart stands'),
    standing: text(
      'what it does or waits for: `work`, `timer`, `message`, `approval`, `human`, `child`, `paused`; `over` where it has ended',
    ),
    waitsFor: optional(text('`message`, `approval` or `human`: whom it needs')),
    waitsSince: optional(integer('since when it needs them')),
    waitsIn: optional(text('the run below it in which they have to act; null where it is this one')),
    reason: optional(text('why it is escalated, has failed or was cancelled')),
    problem: optional(text('the first event that could not be taken in; what follows is a guess')),
    startedAt: integer('when it began'),
    updatedAt: integer('time of its newest event'),
    dueAt: optional(integer('when a worker has to look at it; 0 is at once')),
    turn: integer('number of its newest turn'),
    messages: integer('messages of the user'),
    unread: integer('of them, those that no prompt has held yet'),
    modelCalls: integer('model calls, not attempts'),
    toolCalls: integer('tool calls that have begun in all turns, not attempts'),
    tokens: integer('input and output of all model calls, of the runs below it too'),
    costMicroUsd: integer('of all model calls with a known price, of the runs below it too, in millionths of a US dollar'),
    firstText: optional(text("the beginning of the user's first message")),
    lastText: optional(text("the beginning of the user's newest message")),
    forkOf: optional(text('the run that it is a fork of')),
    forkRevision: optional(integer('and the last revision that both have in common')),
    parentRunId: optional(text('the run that asked for this one')),
    parentCallId: optional(text('and the call by which it did')),
    revision,
    position: integer('of its newest event in the whole log'),
    search: text('id, agent, tags, first and newest message, reason and problem in lower case, a line each: what a search looks at'),
    row: text('the same and more as JSON, for the processes of Refold'),
  },
  indexes: [
    { columns: ['position'] },
    { columns: ['status', 'position'] },
    { columns: ['agent', 'position'] },
    { columns: ['tenant', 'position'], where: 'tenant is not null' },
    { columns: ['waits_for', 'position'], where: 'waits_for is not null' },
    { columns: ['standing', 'position'], where: "standing <> 'over'" },
    { columns: ['status', 'standing'] },
    { columns: ['tenant', 'status', 'standing'], where: 'tenant is not null' },
    { columns: ['started_at', 'run_id'] },
    { columns: ['cost_micro_usd', 'run_id'] },
    { columns: ['tokens', 'run_id'] },
    { columns: ['waits_since', 'run_id'], where: 'waits_since is not null' },
    { columns: ['due_at', 'position'], where: 'due_at is not null' },
    { columns: ['parent_run_id'], where: 'parent_run_id is not null' },
    { columns: ['parent_run_id', 'parent_call_id'], where: "parent_run_id is not null and status = 'active'" },
    { columns: ['fork_of'], where: 'fork_of is not null' },
    { columns: ['taken_over_by'], where: 'taken_over_by is not null' },
    { columns: ['problem'], where: 'problem is not null' },
  ],
})

const timelineTable = tableOf<TimelineRecord>({
  name: 'refold_timeline',
  about: 'Every event of every run.',
  key: ['runId', 'revision'],
  columns: {
    runId,
    revision: integer('of the event: 0, 1, 2 … within the run'),
    position: integer('of the event in the whole log'),
    at: integer('when it happened'),
    type: text('type of the event'),
    state: text('where it led'),
    callId: optional(text('the call that it is about')),
    actor: optional(text('who asked for it')),
    summary: text('what it says, in one line'),
  },
  indexes: [{ columns: ['at', 'position'] }],
})

const messagesTable = tableOf<MessageRecord>({
  name: 'refold_messages',
  about: 'What was said. A text above 64 KiB is kept apart and not shown.',
  key: ['runId', 'saidRevision'],
  columns: {
    runId,
    saidRevision: integer('of the event that said it'),
    revision,
    at: integer('when it was said'),
    role: text('`user`, `assistant`, `tool`, `human` (a person for the agent) or `note` (what the model is told by Refold)'),
    text: text('as guardrails left it'),
    tool: optional(text('of a tool’s answer: its name')),
    callId: optional(text('the model call that gave the answer, or the tool call that is answered')),
    asksFor: optional(text('tools that an answer asks for, with commas between')),
    verdict: optional(text('`redacted`, `rejected` (by a guardrail) or `error` (of a tool)')),
  },
  indexes: [{ columns: ['at'] }],
})

const modelCallsTable = tableOf<ModelCallRecord>({
  name: 'refold_model_calls',
  about: 'Every attempt of every model call.',
  key: ['runId', 'callId', 'attempt'],
  columns: {
    runId,
    callId,
    attempt: integer('1, 2 …'),
    revision,
    model: text('as it was asked for: `provider/model`'),
    answeredBy: optional(text('as the provider named it')),
    purpose: text('`answer`, `wrapUp` or `aside`'),
    day: text('of the request, in UTC: `2026-11-28`'),
    requestedAt: integer('when it was claimed'),
    settledAt: optional(integer('when its outcome was recorded')),
    durationMs: optional(integer('of the attempt')),
    outcome: text('`open`, `succeeded`, `failed`, or `abandoned`: another attempt or the end of the run has taken its place'),
    failureClass: optional(text('of a failure: `rateLimit`, `timeout` …')),
    failureMessage: optional(text('of a failure')),
    next: optional(text('what followed a failure: `retry`, `nextModel` or `escalate`')),
    inputTokens: integer('with those from and to a cache'),
    cacheReadTokens: integer('read from a cache'),
    cacheWriteTokens: integer('written to a cache'),
    outputTokens: integer('with those of reasoning'),
    reasoningTokens: integer('of reasoning'),
    costMicroUsd: optional(integer('millionths of a US dollar; null where no price is known')),
    source: optional(text('in a fork: `copied` or `recorded` by the run that it is a fork of, which has paid for it, or `live`')),
  },
  indexes: [{ columns: ['requested_at'] }, { columns: ['day'] }],
})

const toolCallsTable = tableOf<ToolCallRecord>({
  name: 'refold_tool_calls',
  about: 'Every call of a tool.',
  key: ['runId', 'callId'],
  columns: {
    runId,
    callId,
    revision,
    tool: optional(text('null until an event names it')),
    state: text(
      '`checking`, `queued`, `awaitingApproval`, `approved`, `running`, `retrying`, `unresolved`, and at the end `succeeded`, `failed`, `rejected`, `denied` or `abandoned`',
    ),
    effect: optional(text('`read`, `idempotent` or `once`, by the code that claimed it')),
    attempts: integer('that have begun'),
    askedAt: integer('when it was asked for'),
    startedAt: optional(integer('when its newest attempt began')),
    settledAt: optional(integer('when its last word was recorded')),
    durationMs: optional(integer('of the newest attempt, where it is known')),
    errorClass: optional(text('`error`, `timeout` …, why it was rejected, `denied`, `unresolved`, or `sealed` where nothing was executed')),
    errorMessage: optional(text('what went wrong')),
    settledBy: optional(text('who settled it, where that was not the tool')),
    input: optional(text('the beginning of its input, as JSON')),
    output: optional(text('the beginning of its output, as JSON')),
    source: optional(text('in a fork: `copied`, `recorded`, `simulated`, `asked` of a person, or `real`')),
  },
  indexes: [
    { columns: ['asked_at'] },
    { columns: ['state', 'asked_at'], where: 'settled_at is null' },
    { columns: ['tool', 'run_id'], where: 'tool is not null' },
  ],
})

const approvalsTable = tableOf<ApprovalRecord>({
  name: 'refold_approvals',
  about: 'Every question to a person.',
  key: ['runId', 'callId'],
  columns: {
    runId,
    callId,
    revision,
    tool: optional(text('that is to be called')),
    input: optional(text('the beginning of its input, as JSON')),
    question: optional(text('of a chart')),
    digest: text('of what is asked: a grant holds for exactly this'),
    grantedInput: optional(text('the beginning of what it was granted with instead, as JSON; null where nothing was changed')),
    grantedDigest: optional(text('of what it was granted with instead')),
    reason: optional(text('why it is asked')),
    askedAt: integer('when it was asked'),
    expiresAt: integer('when it is denied by itself'),
    decision: optional(text('`granted`, `denied`, `expired` or `withdrawn`; null while it is open')),
    decidedBy: optional(text('who decided')),
    settledAt: optional(integer('when')),
    denyReason: optional(text('why it was denied')),
    unread: integer('messages of the user that no prompt had held: by now, or when it was decided'),
    newestUnread: optional(text('the beginning of the newest of them')),
  },
  indexes: [{ columns: ['asked_at'] }, { columns: ['expires_at'], where: 'settled_at is null' }],
})

const tagsTable = tableOf<TagRecord>({
  name: 'refold_tags',
  about: 'Every tag of every run.',
  key: ['runId', 'name'],
  columns: { runId, name: text('`customer` of `customer=ann`'), value: text('and `ann`'), revision },
  indexes: [{ columns: ['name', 'value'] }],
})

const stepsTable = tableOf<StepRecord>({
  name: 'refold_steps',
  about: 'Every step of every chart: an event, and from where it led where. A fork asks what would have been, and has none.',
  key: ['runId', 'revision', 'callId'],
  columns: {
    runId,
    revision: integer('of the event: 0, 1, 2 … within the run'),
    callId: text('of the tool call whose chart it is; empty for the chart of the run'),
    agentVersion: text('the version that the run was on'),
    fromState: text('where the chart stood; empty where it began'),
    event: text('type of the event'),
    toState: text('where it led'),
    at: integer('when it happened'),
    workedMs: optional(integer('how long the chart stood at `from_state` without waiting for people; null where it has not left it')),
    waitedMs: optional(integer('and how long it waited there for people')),
    workedAboutMs: optional(integer('the same as the nearest of 1, 2^¼, 2^½ … ms: few different numbers, right to 9 %')),
    waitedAboutMs: optional(integer('the same of what it waited for people')),
    failed: integer('1 where the event is a failure of a model call, a tool call, an output, a child run or the run'),
    tokens: integer('input and output of the model call that the event has settled'),
    costMicroUsd: integer('of that call, in millionths of a US dollar'),
  },
  indexes: [{ columns: ['at'] }],
})

const scoresTable = tableOf<ScoreRecord>({
  name: 'refold_scores',
  about: 'What people, scorers and programs make of runs: of one name and author the newest of each event. A fork has its own alone.',
  key: ['runId', 'name', 'by', 'about'],
  columns: {
    runId,
    name: text('what is judged: `thumbs`, `correct` …'),
    by: text('who judges'),
    value: real('what they say'),
    passed: optional(integer('1 where that is good enough, 0 where it is not; null where nobody says')),
    note: optional(text('why')),
    about: integer('revision of the event that it is about; -1 where it is about the whole run'),
    at: integer('when it was recorded'),
    revision,
  },
  indexes: [{ columns: ['name', 'value'] }, { columns: ['at'] }],
})

/** By the name that their records have in a batch. */
export const recordTables: { readonly [Name in keyof ViewRecords]: ViewTable } = {
  timeline: timelineTable,
  messages: messagesTable,
  modelCalls: modelCallsTable,
  toolCalls: toolCallsTable,
  approvals: approvalsTable,
  tags: tagsTable,
  steps: stepsTable,
  scores: scoresTable,
}

export const viewTables: readonly ViewTable[] = [runsTable, ...Object.values(recordTables)]
