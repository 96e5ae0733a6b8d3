import type { EventMeta, RunEvent } from '../events/envelope.ts'
import { finalEventTypes, type RunEventType } from '../events/run-events.ts'
import { present } from '../present.ts'
import { scoreRecords, type ScoreRecord } from './score-records.ts'
import { approvalChanges, type ApprovalRecord } from './approval-records.ts'
import { oneLine } from './printable.ts'
import { eventLine } from './event-summary.ts'
import { recordedIntents } from './open-work.ts'
import { messageChanges, type MessageRecord, type OpenConversation } from './message-records.ts'
import { modelCallChanges, type ModelCallRecord } from './model-call-records.ts'
import { storable } from './bounded-text.ts'
import type { StepRecord } from './step-records.ts'
import { unreadAfter, type UnreadMessages } from './unread-messages.ts'
import { mayBeCorrected, toolCallChanges, type ToolCallRecord } from './tool-call-records.ts'

// What the views hold beside the row of a run: records, each whole, with the revision of the event that last changed it. A record is a
// function of the events up to there, so of two of one key the one with the higher revision is right, whoever wrote it.

/** One event. */
export interface TimelineRecord {
  readonly runId: string
  readonly revision: number
  readonly position: number
  readonly at: number
  readonly type: string
  readonly state: string
  readonly callId: string | null
  readonly actor: string | null
  readonly summary: string
}

/** One tag of one run. */
export interface TagRecord {
  readonly runId: string
  readonly name: string
  readonly value: string
  readonly revision: number
}

export interface ViewRecords {
  readonly timeline: readonly TimelineRecord[]
  readonly messages: readonly MessageRecord[]
  readonly modelCalls: readonly ModelCallRecord[]
  readonly toolCalls: readonly ToolCallRecord[]
  readonly approvals: readonly ApprovalRecord[]
  readonly tags: readonly TagRecord[]
  readonly steps: readonly StepRecord[]
  readonly scores: readonly ScoreRecord[]
}

export const noRecords: ViewRecords = {
  timeline: [],
  messages: [],
  modelCalls: [],
  toolCalls: [],
  approvals: [],
  tags: [],
  steps: [],
  scores: [],
}

type ByCall<Record> = Readonly<{ [callId: string]: Record }>

/** Records that a later event may still change. What is settled is left out, so that rows stay small. */
export interface OpenRecords {
  readonly modelCalls?: ByCall<ModelCallRecord>
  readonly toolCalls?: ByCall<ToolCallRecord>
  /** Tool calls that are settled and may be corrected. */
  readonly correctable?: ByCall<ToolCallRecord>
  readonly approvals?: ByCall<ApprovalRecord>
  readonly conversation?: OpenConversation
  readonly unread?: UnreadMessages
}

const SUMMARY_LENGTH = 200

/** Where the event stands; `checksInput` says whether an input guardrail has still to say something after it. */
interface Surroundings {
  readonly position: number
  readonly state: string
  readonly checksInput: boolean
  /** It is an event of the run that this one is a fork of. */
  readonly isCopy: boolean
}

interface RecordsAfter {
  readonly open: OpenRecords | undefined
  readonly records: ViewRecords
}

/** Of an event that was taken in. */
export const recordsAfter = (before: OpenRecords | undefined, event: RunEvent, around: Surroundings): RecordsAfter =>
  event.type === 'RunReopened'
    ? reopenedRecords(before, event, timelineRecord(event, around.position, around.state))
    : changedRecords(before, event, around)

const changedRecords = (
  known: OpenRecords | undefined,
  event: RunEvent,
  { position, state, checksInput, isCopy }: Surroundings,
): RecordsAfter => {
  const before = known ?? {}
  const asked = askedAt(event.meta)
  const ending = endingOf(event.type, asked)
  const modelCalls = modelCallChanges(before.modelCalls ?? {}, event, { isEnding: ending !== undefined, isCopy })
  const toolCalls = toolCallChanges({ ...before.correctable, ...before.toolCalls }, event, {
    isEnding: ending !== undefined,
    checked: asked.checked,
    isCopy,
  })
  const unread = unreadAfter(before.unread, event)
  const approvals = approvalChanges(before.approvals ?? {}, event, { isEnding: endsQuestions(ending), unread })
  const { messages, conversation } = messageChanges(before.conversation, event, { checksInput, isOver: ending === 'run', ...asked })
  return {
    open: someOf({
      modelCalls: stillOpen(before.modelCalls, modelCalls),
      toolCalls: stillOpen(before.toolCalls, toolCalls),
      correctable: stillCorrectable(before.correctable, toolCalls, event),
      approvals: stillOpen(before.approvals, approvals),
      conversation,
      unread,
    }),
    records: {
      ...noRecords,
      timeline: [timelineRecord(event, position, state)],
      messages,
      modelCalls,
      toolCalls,
      approvals,
      tags: tagRecords(event),
      scores: isCopy ? [] : scoreRecords(event),
    },
  }
}

/** A run has the tags that it began with. */
const tagRecords = (event: RunEvent): readonly TagRecord[] =>
  event.type === 'RunStarted'
    ? Object.entries(event.data.tags ?? {}).map(([name, value]) => ({ runId: event.runId, name, value, revision: event.revision }))
    : []

/** What was given up when the run failed is open again. */
const reopenedRecords = (before: OpenRecords | undefined, { revision }: RunEvent, timeline: TimelineRecord): RecordsAfter => {
  const again = <Record extends Settling>(open: ByCall<Record> = {}): Record[] =>
    Object.values(open).map((record) => ({ ...record, revision }))
  const { modelCalls, toolCalls, approvals } = before ?? {}
  const records = { modelCalls: again(modelCalls), toolCalls: again(toolCalls), approvals: again(approvals) }
  return { open: before, records: { ...noRecords, timeline: [timeline], ...records } }
}

/** A chart that is over still has its questions open, until the run is. */
const endsQuestions = (ending: ReturnType<typeof endingOf>): boolean => ending !== undefined && ending !== 'chart'

interface Asked {
  /** Calls whose charts begin at this event. */
  readonly checked: readonly string[]
  readonly abandons: boolean
  readonly endsRun: boolean
  readonly checksOutput: boolean
}

const askedAt = (meta: EventMeta): Asked => {
  const intents = recordedIntents(meta)
  const asks = (name: string): boolean => intents.some(({ intent }) => intent === name)
  return {
    checked: intents.flatMap(({ intent, key }) => (intent === 'checkCall' ? [key] : [])),
    abandons: asks('abandon'),
    endsRun: asks('endRun'),
    checksOutput: asks('checkOutput'),
  }
}

/** What comes to its end with this event, and with it everything open inside. */
const endingOf = (type: RunEventType, { abandons, endsRun }: Asked): 'run' | 'turn' | 'chart' | undefined => {
  if (finalEventTypes.has(type)) return 'run'
  if (abandons) return 'turn'
  return endsRun ? 'chart' : undefined
}

/** Of an event that could not be taken in. */
export const unreadRecord = (known: Omit<TimelineRecord, 'callId' | 'actor' | 'summary'>, problem: string): TimelineRecord => ({
  ...known,
  callId: null,
  actor: null,
  summary: storable(oneLine(`not taken in: ${problem}`, SUMMARY_LENGTH)),
})

const timelineRecord = (event: RunEvent, position: number, state: string): TimelineRecord => ({
  runId: event.runId,
  revision: event.revision,
  position,
  at: event.meta.at,
  type: event.type,
  state,
  callId: 'callId' in event.data ? (event.data.callId ?? null) : null,
  actor: event.meta.actor === undefined ? null : storable(event.meta.actor),
  summary: storable(oneLine(eventLine(event), SUMMARY_LENGTH)),
})

interface Settling {
  readonly callId: string
  readonly settledAt: number | null
}

const stillOpen = <Record extends Settling>(before: ByCall<Record> | undefined, changes: readonly Record[]): ByCall<Record> | undefined => {
  if (changes.length === 0) return before
  const open = new Map(Object.entries(before ?? {}))
  for (const record of changes) {
    if (record.settledAt === null) open.set(record.callId, record)
    else open.delete(record.callId)
  }
  return open.size === 0 ? undefined : Object.fromEntries(open)
}

/** So many are kept for a later word. */
const MOST_CORRECTABLE = 100

const stillCorrectable = (
  before: ByCall<ToolCallRecord> | undefined,
  changes: readonly ToolCallRecord[],
  event: RunEvent,
): ByCall<ToolCallRecord> | undefined => {
  if (changes.length === 0) return before
  const kept = new Map(Object.entries(before ?? {}))
  for (const record of changes) {
    kept.delete(record.callId)
    if (mayBeCorrected(record, event)) kept.set(record.callId, record)
  }
  return kept.size === 0 ? undefined : Object.fromEntries([...kept].slice(-MOST_CORRECTABLE))
}

const someOf = (open: { readonly [Name in keyof OpenRecords]: OpenRecords[Name] | undefined }): OpenRecords | undefined => {
  const kept = present(open)
  return Object.keys(kept).length === 0 ? undefined : kept
}
