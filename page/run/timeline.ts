import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { criticalPath } from './critical-path.ts'
import { copiedTo, sourceOf, type ShownSource } from './source-of.ts'
import type { Span } from './span.ts'

// The events of a run as groups: all that belongs to one message, call, timer or question is one row with a beginning, parts and an end.

export interface Segment {
  /** `waits`: for a person; `pause`: until the next attempt. */
  readonly kind: 'runs' | 'checks' | 'waits' | 'failed' | 'pause'
  readonly from: number
  /** ms since the epoch; undefined while it goes on. */
  to: number | undefined
}

export interface Group {
  readonly key: string
  readonly kind: 'message' | 'model' | 'tool' | 'child' | 'timer' | 'question' | 'person' | 'pause' | 'run'
  label: string
  /** Of its first and its newest event. */
  readonly from: number
  to: number
  /** Of its first event, ms since the epoch. */
  readonly at: number
  readonly segments: Segment[]
  attempts: number
  outcome: 'open' | 'good' | 'bad'
  costMicroUsd: number
  childRunId: string | undefined
  /** In a fork: where its newest result is from. */
  source: ShownSource | undefined
  /** Calls that one answer has asked for: its revision, and how many they are. */
  readonly asked: { readonly by: number; readonly count: number } | undefined
  /** Whether the newest event had to wait for it. */
  isCritical: boolean
}

/** The groups of some rows, in the order in which they began. */
export const timelineOf = (rows: readonly OutlineRow[]): readonly Group[] => {
  const groups: Group[] = []
  const lastCopy = copiedTo(rows)
  const path = criticalPath(rows)
  const open = new Map<string, Group>()
  for (const row of rows) {
    const key = keyOf(row)
    if (key === undefined) continue
    let group = open.get(key)
    if (group === undefined) {
      group = begun(key, row)
      groups.push(group)
      open.set(key, group)
    }
    takeIn(group, row)
    noteSource(group, row, lastCopy)
    group.isCritical ||= path.has(row.revision)
    if (group.outcome !== 'open' && key === PERSON) open.delete(key)
    if (row.type === 'RunResumed' || row.type === 'RunReleased') open.delete(key)
    if (row.type === 'RunReturned') endHold(open, row)
    for (const call of askedBy(row)) {
      groups.push(call)
      open.set(call.key, call)
    }
  }
  return groups
}

/** What was taken over is given back with what else a person had of it. */
const endHold = (open: Map<string, Group>, row: OutlineRow): void => {
  const hold = open.get(HOLD)
  if (hold !== undefined) takeIn(hold, row)
  open.delete(HOLD)
}

const askedBy = (row: OutlineRow): readonly Group[] => {
  const { asks = [], revision, at } = row
  return asks.map((tool, index) => ({
    ...begun(`${revision}.${index}`, { ...row, type: 'ToolCallAsked', tool }),
    segments: [{ kind: 'checks', from: at, to: undefined }],
    asked: { by: revision, count: asks.length },
  }))
}

const noteSource = (group: Group, row: OutlineRow, lastCopy: number | undefined): void => {
  group.source = sourceOf(row, lastCopy) ?? group.source
}

const PERSON = 'person'
const PAUSE = 'pause'
const HOLD = 'taken over'

const keyOf = (row: OutlineRow): string | undefined => {
  if (row.callId !== undefined && row.type !== 'RunEscalated') return row.callId
  if (row.timerId !== undefined) return `timer ${row.timerId}`
  switch (row.type) {
    case 'RunEscalated':
      return row.callId ?? PERSON
    case 'HumanAnswerReceived':
    case 'RunReturned':
      return PERSON
    case 'RunTakenOver':
    case 'RunReleased':
      return HOLD
    case 'RunPaused':
    case 'RunResumed':
      return PAUSE
    case 'MessageReceived':
    case 'RunStarted':
    case 'RunCompleted':
    case 'RunFailed':
    case 'RunCancelled':
    case 'RunReopened':
    case 'RunMoved':
    case 'RunRestored':
    case 'LimitExceeded':
      return `event ${row.revision}`
    default:
      return undefined
  }
}

const KINDS: readonly (readonly [RegExp, Group['kind']])[] = [
  [/^Message/, 'message'],
  [/^ModelCall/, 'model'],
  [/^ToolCall/, 'tool'],
  [/^ChildRun/, 'child'],
  [/^Timer/, 'timer'],
  [/^Approval/, 'question'],
  [/^(RunEscalated|HumanAnswer|RunReturned|RunTakenOver|RunReleased)/, 'person'],
  [/^Run(Paused|Resumed)/, 'pause'],
]

const begun = (key: string, row: OutlineRow): Group => ({
  key,
  kind: KINDS.find(([pattern]) => pattern.test(row.type))?.[1] ?? 'run',
  label: labelOf(row),
  from: row.revision,
  to: row.revision,
  at: row.at,
  segments: [],
  attempts: 0,
  outcome: 'open',
  costMicroUsd: 0,
  childRunId: undefined,
  source: undefined,
  asked: undefined,
  isCritical: false,
})

/** Until its newest event, or the end of what is known while it goes on. */
export const spanOf = ({ at, segments }: Group, end: number): Span => {
  const last = segments.at(-1)
  return { from: at, to: last === undefined ? at : (last.to ?? end) }
}

const labelOf = (row: OutlineRow): string =>
  row.type === 'RunTakenOver'
    ? `taken over ${row.summary}`
    : (row.tool ?? row.model ?? row.agent ?? (row.summary === '' ? row.type : row.summary))

const BEGINS = /Requested$|^ToolCallQueued$|^TimerScheduled$|^RunEscalated$|^RunPaused$|^RunTakenOver$|^ApprovalGranted$|^ChildRunReported$/
const FAILS = /(Failed|Rejected|Denied|Unresolved)$/

const takeIn = (group: Group, row: OutlineRow): void => {
  Object.assign(group, {
    to: row.revision,
    label: row.tool ?? row.model ?? group.label,
    attempts: row.attempt ?? group.attempts,
    costMicroUsd: group.costMicroUsd + (row.costMicroUsd ?? row.spent?.costMicroUsd ?? 0),
    childRunId: row.childRunId ?? group.childRunId,
  })
  const last = group.segments.at(-1)
  if (last !== undefined) last.to ??= row.at
  if (BEGINS.test(row.type)) group.segments.push({ kind: kindOf(row), from: row.at, to: undefined })
  else if (FAILS.test(row.type)) fail(group, row)
  else settle(group, row)
}

const fail = (group: Group, { type, at, retryAt }: OutlineRow): void => {
  const last = group.segments.at(-1)
  if (last !== undefined && last.kind !== 'waits') group.segments[group.segments.length - 1] = { ...last, kind: 'failed' }
  const isOpen = type === 'ToolCallUnresolved'
  if (retryAt !== undefined) group.segments.push({ kind: 'pause', from: at, to: undefined })
  else if (isOpen) group.segments.push({ kind: 'waits', from: at, to: undefined })
  else group.outcome = 'bad'
}

const settle = (group: Group, { type, at, succeeded }: OutlineRow): void => {
  if (group.segments.length === 0) group.segments.push({ kind: 'runs', from: at, to: at })
  const hasFailed = succeeded === false || type === 'LimitExceeded'
  group.outcome = hasFailed ? 'bad' : 'good'
}

const kindOf = ({ type, waitsFor }: OutlineRow): Segment['kind'] => {
  if (type === 'ToolCallQueued' || type === 'ApprovalGranted') return 'checks'
  if (type === 'TimerScheduled') return 'pause'
  if (type === 'ApprovalRequested' || type === 'RunEscalated' || type === 'RunPaused' || type === 'RunTakenOver') return 'waits'
  return type === 'ChildRunReported' && waitsFor !== null && waitsFor !== undefined ? 'waits' : 'runs'
}
