import type { ContentPart } from '../events/content.ts'
import { endedText } from '../events/ended-text.ts'
import type { Metadata } from '../events/metadata.ts'
import type { Tags } from '../events/tags.ts'
import { AppError, isAppError, messageOf } from '../errors.ts'
import { decodeEvent, runIdOf, type StoredTexts } from '../events/codec.ts'
import type { RunEvent } from '../events/envelope.ts'
import { finalEventTypes, mayBeReopened, runEventTypes } from '../events/run-events.ts'
import { currentVersion } from '../events/upcast.ts'
import { sha256 } from '../hash.ts'
import { present } from '../present.ts'
import { storableBeginning, REASON_LENGTH, shownParts, storable } from './bounded-text.ts'
import { definitionIn, type RowDefinition } from './row-definition.ts'
import { attentionOf, forkAfter, isCopied, isPaidElsewhere, lineageOf, type RowFork } from './row-fork.ts'
import { checkFields, withoutPayloads } from './view-event.ts'
import {
  askedAfter,
  nobody,
  rowWorkAfter,
  timersAfter,
  whoIsNeeded,
  type Asked,
  type Due,
  type RowWork,
  type WaitingChildren,
} from './run-index-work.ts'
import { isNewCall, spend, spendOfChild } from './row-spending.ts'
import { takenOverAfter, type RowTakenOver } from './row-taken-over.ts'
import { stepsAfter, type Stays } from './step-records.ts'
import { noRecords, recordsAfter, unreadRecord, type OpenRecords, type ViewRecords } from './view-records.ts'

/** What a list of runs shows of one of them, and when a worker has to look at it. A fold of its stored events, without its chart. */
export interface RunRow {
  readonly runId: string
  readonly agent: string
  readonly agentVersion: string
  readonly chartHash: string
  /** `deleted`: who has deleted it, when and why is all that is kept. */
  readonly status: 'active' | 'completed' | 'failed' | 'cancelled' | 'deleted'
  readonly paused: boolean
  /** Who has taken it over from its agent, and since when; absent where nobody has. */
  readonly takenOver?: RowTakenOver
  /** Where the run's chart stands, as in `thinking.callingModel`; `failed` or `cancelled` where it was ended from outside. */
  readonly state: string
  /** Of the newest event in this row. */
  readonly revision: number
  /** Of the newest event in this row: the head of the run's chain of hashes, which the log has to hold. */
  readonly hash: string
  /** Of the newest event in this row. */
  readonly position: number
  /** ms since the epoch, as all times here. */
  readonly startedAt: number
  readonly updatedAt: number
  readonly turn: number
  readonly inTurn: boolean
  /** Of the user. */
  readonly messages: number
  /** Of them, those that no prompt has held yet. */
  readonly unread: number
  /** Calls, not attempts. */
  readonly modelCalls: number
  readonly toolCalls: number
  /** Input and output. */
  readonly tokens: number
  readonly costMicroUsd: number
  /** Whom it needs, if anybody, also where other work of it goes on meanwhile or it is paused. */
  readonly waitsFor: 'message' | 'approval' | 'human' | null
  /** The event since which it waits for them, as its time; null where it waits for nobody. */
  readonly waitsSince: number | null
  /** The run below this one in which somebody has to act; null where it is this one, or nobody has to. */
  readonly waitsIn: string | null
  /** The runs that it waits for, by call id; absent where there is none. */
  readonly children?: WaitingChildren
  /** What people have been asked and not answered, by call id; an escalation of the run itself under ''. */
  readonly asked: Asked
  /** The beginning of the user's first message, as guardrails left it. */
  readonly firstText: string | null
  /** The same of the newest one. */
  readonly lastText: string | null
  /** Why it is escalated, has failed or was cancelled. */
  readonly reason: string | null
  /** Hashes of the code that the run is on: of its chart, where that is a user's own, and of all that is recorded. */
  readonly definition?: RowDefinition
  readonly parent?: { readonly runId: string; readonly callId: string }
  /** Where it is a fork: of which run, up to which revision, and how many of its results are from where. */
  readonly fork?: RowFork
  /** It is no fork, and reaches nothing outside but what its seal names. */
  readonly sealed?: true
  readonly tenant?: string
  readonly tags?: Tags
  readonly metadata?: Metadata
  /** Until when the owner of owed work holds it; 0 where nobody does. By call id, or by the name of an intent without one. */
  readonly owed: Due
  /** When each timer is due. */
  readonly timers: Due
  /** The earliest time at which a worker has to look at the run: 0 is at once, null is not at all. */
  readonly attentionAt: number | null
  /** What it was before Refold itself failed it: what it goes on from if it is reopened. */
  readonly failedFrom?: Pick<RunRow, 'asked' | 'owed' | 'timers' | 'open' | 'children' | 'takenOver'>
  /** Records of the other tables that a later event may still change: nothing else of them is read to fold on. */
  readonly open?: OpenRecords
  /** Since when its charts stand where they stand. */
  readonly stays?: Stays
  /** The first event that this row could not take in. From there on it is a guess, and only a rebuild makes it right. */
  readonly problem?: string
}

/** A stored event of the event log. */
export interface StoredRunEvent extends StoredTexts {
  readonly position: number
  /** ms since the epoch. */
  readonly storedAt: number
}

/** To be counted up whenever the same events give other rows than before. */
const FOLD_VERSION = 13

/** Rows of another format were folded by other rules, or by a Refold that knew other events: they have to be folded again. */
export const runRowFormat = `${FOLD_VERSION}-${sha256(runEventTypes.map((type) => `${type}@${currentVersion(type)}`).join()).slice(0, 16)}`

const TEXT_LENGTH = 120
const NO_PAYLOADS: ReadonlyMap<string, string> = new Map()

/** What one event makes of the views. */
export interface TakenIn {
  readonly row: RunRow
  /** Those that it has changed or begun, each whole. */
  readonly records: ViewRecords
}

/**
 * Row and records after one more stored event of its run; `row` is undefined before the first. An event that the row has taken in
 * already changes nothing. Never throws: an event that cannot be taken in becomes the row's `problem`.
 */
export const takeInEvent = (row: RunRow | undefined, stored: StoredRunEvent): TakenIn => {
  if (row !== undefined && stored.revision <= row.revision) return { row, records: noRecords }
  try {
    const event = withoutPayloads(decodeEvent(stored, NO_PAYLOADS))
    checkFields(event)
    if (event.type === 'DeletionRequested' || (event.type === 'RunDeleted' && row?.status === 'deleted'))
      return takeInDeletion(row, stored, event)
    checkOrder(row, event)
    const before = row ?? emptyRow(stored)
    return derive({ before, row: step(before, event) }, stored, event)
  } catch (error) {
    return withProblem(row ?? emptyRow(stored), stored, error)
  }
}

/** The row alone. */
export const applyToRunRow = (row: RunRow | undefined, stored: StoredRunEvent): RunRow => takeInEvent(row, stored).row

/** Whatever the row was: nothing of it is kept but what the event says. */
const takeInDeletion = (row: RunRow | undefined, stored: StoredRunEvent, event: RunEvent): TakenIn => {
  const { records } = recordsAfter(undefined, event, { position: stored.position, state: DELETED, checksInput: false, isCopy: false })
  const place = { revision: stored.revision, position: stored.position, updatedAt: event.meta.at }
  if (event.type !== 'DeletionRequested') return { row: { ...(row ?? emptyRow(stored)), ...place, attentionAt: null }, records }
  const { agent, agentVersion, startedAt, tenant, by, reason } = event.data
  const why = storableBeginning(reason === undefined ? `by ${by}` : `by ${by}: ${reason}`, REASON_LENGTH)
  const kept = { agent, agentVersion, startedAt, ...present({ tenant }), status: DELETED, state: DELETED, reason: why } as const
  // Until it is done, a worker has to look at it.
  return { row: { ...emptyRow(stored), ...kept, ...place, attentionAt: 0 }, records }
}

const DELETED = 'deleted'

const emptyRow = (stored: StoredRunEvent): RunRow => ({
  runId: runIdOf(stored.stream),
  agent: '',
  agentVersion: '',
  chartHash: '',
  status: 'active',
  paused: false,
  state: '',
  revision: -1,
  hash: '',
  position: stored.position,
  startedAt: stored.storedAt,
  updatedAt: stored.storedAt,
  turn: 0,
  inTurn: false,
  messages: 0,
  unread: 0,
  modelCalls: 0,
  toolCalls: 0,
  tokens: 0,
  costMicroUsd: 0,
  waitsFor: null,
  waitsSince: null,
  waitsIn: null,
  asked: {},
  firstText: null,
  lastText: null,
  reason: null,
  owed: {},
  timers: {},
  attentionAt: null,
})

const checkOrder = (row: RunRow | undefined, event: RunEvent): void => {
  const expected = expectation(row, event)
  if (expected === undefined) return
  throw new AppError('UnexpectedEvent', `${event.runId} expected ${expected}, found ${event.type} at revision ${event.revision}`)
}

const expectation = (row: RunRow | undefined, event: RunEvent): string | undefined => {
  const isFirst = row === undefined
  if (isFirst !== (event.type === 'RunStarted')) return isFirst ? 'RunStarted first' : 'RunStarted only once'
  if (event.revision !== (row?.revision ?? -1) + 1) return `revision ${(row?.revision ?? -1) + 1}`
  if (row !== undefined && row.status !== 'active' && !isReopened(row, event) && !isAfterword(row, event))
    return `nothing after it ${endedText(row.status)}`
  return undefined
}

const isReopened = ({ failedFrom }: RunRow, { type }: RunEvent): boolean =>
  (type === 'RunReopened' || type === 'RunMoved') && failedFrom !== undefined

/** What became of a call may become known when its run is over, and it may be scored. */
const isAfterword = ({ open }: RunRow, event: RunEvent): boolean => {
  if (event.type !== 'ToolCallCorrected') return event.type === 'RunScored'
  return event.data.earlier === true || Object.hasOwn({ ...open?.toolCalls, ...open?.correctable }, event.data.callId)
}

/** Calls of which nobody knows whether they happened; also of a run that has ended. */
export const unresolvedCalls = ({ open }: Pick<RunRow, 'open'>): readonly string[] =>
  Object.values(open?.toolCalls ?? {}).flatMap(({ callId, state }) => (state === 'unresolved' ? [callId] : []))

const withProblem = (row: RunRow, stored: StoredRunEvent, error: unknown): TakenIn => {
  const text = isAppError(error) ? error.message : `${stored.stream}@${stored.revision} is no event of a run: ${messageOf(error)}`
  const problem = storableBeginning(text, REASON_LENGTH)
  const { revision, position, storedAt, type } = stored
  return {
    row: { ...row, revision, position, updatedAt: storedAt, problem: row.problem ?? problem },
    records: {
      ...noRecords,
      timeline: [unreadRecord({ runId: row.runId, revision, position, at: storedAt, type: storable(type), state: row.state }, problem)],
    },
  }
}

const step = (row: RunRow, event: RunEvent): RunRow => {
  switch (event.type) {
    case 'RunStarted':
      return begun(row, event)
    case 'MessageReceived':
      return { ...withinTurn(row), messages: row.messages + 1, ...textsAfter(row, event.data.parts, row.messages === 0) }
    case 'InputAccepted':
      return event.data.parts === undefined ? row : { ...row, ...textsAfter(row, event.data.parts, row.messages === 1) }
    case 'ModelCallRequested':
      return { ...withinTurn(row), modelCalls: row.modelCalls + (isNewCall(event) ? 1 : 0) }
    case 'ToolCallRequested':
      return isNewCall(event) ? { ...row, toolCalls: row.toolCalls + 1 } : row
    case 'ModelCallSucceeded':
    case 'ModelCallFailed':
      return spend(row, event)
    case 'ChildRunReported':
    case 'ChildRunSucceeded':
    case 'ChildRunFailed':
      return isPaidElsewhere(row, event) ? row : spendOfChild(row, event.data.spent)
    case 'TurnCompleted':
      return { ...row, turn: event.data.turn, inTurn: false }
    default:
      return stepLife(row, event)
  }
}

const withinTurn = (row: RunRow): RunRow => (row.inTurn ? row : { ...row, turn: row.turn + 1, inTurn: true })

const textsAfter = ({ firstText }: RunRow, parts: readonly ContentPart[], isFirst: boolean): Pick<RunRow, 'firstText' | 'lastText'> => {
  const lastText = shownParts(parts, TEXT_LENGTH)
  return { firstText: isFirst ? lastText : firstText, lastText }
}

const stepLife = (row: RunRow, event: RunEvent): RunRow => {
  switch (event.type) {
    case 'RunEscalated':
      return { ...row, reason: storableBeginning(event.data.reason, REASON_LENGTH) }
    case 'HumanAnswerReceived':
      return { ...row, reason: null }
    case 'RunReturned':
      return { ...row, reason: null, turn: row.turn + 1, inTurn: true }
    case 'RunPaused':
      return { ...row, paused: true }
    case 'RunResumed':
      return { ...row, paused: false }
    case 'RunCompleted':
      return { ...row, status: 'completed', reason: null }
    case 'RunFailed':
      return { ...row, status: 'failed', reason: storableBeginning(event.data.reason, REASON_LENGTH) }
    case 'RunCancelled':
      return { ...row, status: 'cancelled', reason: storableBeginning(event.data.reason, REASON_LENGTH) }
    case 'RunReopened':
      return goneOn(row)
    case 'RunMoved':
      return moved(row, event)
    default:
      return row
  }
}

/** What was claimed is looked at at once; timers are scheduled anew. */
const goneOn = ({ failedFrom, ...row }: RunRow): RunRow => ({
  ...row,
  status: 'active',
  reason: null,
  asked: failedFrom?.asked ?? {},
  owed: Object.fromEntries(Object.keys(failedFrom?.owed ?? {}).map((key) => [key, 0])),
  ...present({ open: failedFrom?.open, children: failedFrom?.children, takenOver: failedFrom?.takenOver }),
})

const moved = ({ definition: _, ...row }: RunRow, event: Extract<RunEvent, { type: 'RunMoved' }>): RunRow => {
  const { agentVersion, chartHash } = event.data
  return { ...row, agentVersion, chartHash, ...present({ definition: definitionIn(event) }) }
}

const begun = (row: RunRow, event: Extract<RunEvent, { type: 'RunStarted' }>): RunRow => {
  const { agent, agentVersion, chartHash, parent: by, tenant, tags, metadata } = event.data
  const parent = by && { runId: by.runId, callId: by.callId }
  const known = present({ definition: definitionIn(event), parent, ...lineageOf(event), tenant, tags, metadata })
  return { ...row, ...known, agent, agentVersion, chartHash, startedAt: event.meta.at }
}

/** What follows from any event in the same way; `row` has what follows from its type. */
const derive = ({ before, row }: Readonly<Record<'before' | 'row', RunRow>>, stored: StoredRunEvent, event: RunEvent): TakenIn => {
  const isOver = row.status !== 'active'
  const asked = isOver ? {} : askedAfter(row.asked, event)
  const { owed, children }: RowWork = isOver ? { owed: {} } : rowWorkAfter(row, event)
  const timers = isOver ? {} : timersAfter(row.timers, event)
  const state = placeAfter(row, event, event.meta.to.split(';', 1)[0] ?? '')
  const needs = isOver ? nobody : whoIsNeeded(asked, { owed, ...present({ children }) }, row.inTurn)
  const { open: openBefore, children: _, fork: known, takenOver: holder, ...others } = row
  const isCopy = isCopied(row, event)
  const { open, records } = recordsAfter(openBefore, event, { position: stored.position, state, checksInput: 'checkInput' in owed, isCopy })
  const { steps, stays } = stepsAfter(row, event, { state, open: open?.toolCalls, wasPaused: before.paused })
  const after: RunRow = {
    ...others,
    state,
    revision: stored.revision,
    hash: event.meta.hash,
    position: stored.position,
    updatedAt: event.meta.at,
    asked,
    owed,
    timers,
    waitsFor: needs.whom,
    waitsSince: sinceWhen(row, needs.whom, event.meta.at),
    waitsIn: needs.in ?? null,
    unread: open?.unread?.count ?? 0,
    attentionAt: attentionOf({ owed, timers, isCopy }),
    stays,
    ...present({
      fork: forkAfter(known, event),
      open,
      children,
      takenOver: takenOverAfter(holder, event),
      failedFrom: mayBeReopened(event) ? heldBy(row) : undefined,
    }),
  }
  return { row: after, records: { ...records, steps } }
}

/** A run that was ended from outside leaves its chart where it was. */
const placeAfter = ({ state, status }: RunRow, { type, data }: RunEvent, place: string): string =>
  finalEventTypes.has(type) && 'by' in data && data.by !== undefined && place === state ? status : place

const heldBy = ({ asked, owed, timers, open, children, takenOver }: RunRow): RunRow['failedFrom'] => ({
  asked,
  owed,
  timers,
  ...present({ open, children, takenOver }),
})

const sinceWhen = (row: RunRow, whom: RunRow['waitsFor'], at: number): number | null => {
  if (whom === null) return null
  return whom === row.waitsFor ? row.waitsSince : at
}
