import { hashHolds } from '../../events/codec.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { DataOf, RunEventType } from '../../events/run-events.ts'
import { onCode } from '../../fold/lifecycle.ts'
import { commandIdsAfter } from '../../fold/record-event.ts'
import type { RunStatus } from '../../fold/run-state.ts'
import type { Json } from '../../json.ts'
import { applyToBudget, emptyBudget, type Budget } from '../../projections/budget.ts'
import { recordedTranscript } from '../../projections/recorded-transcript.ts'
import { applyToRunRow, type RunRow } from '../../projections/run-index.ts'
import type { Transcript } from '../../projections/transcript.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { notFound, readRun } from './run-reader.ts'

/** What can be said of a run without the code of its agent: all but where its charts would go from here. */
export interface UnfoldedRun {
  readonly row: RunRow
  readonly status: RunStatus
  readonly started: DataOf<'RunStarted'>
  readonly newest: RecordedRunEvent
  readonly budget: Budget
  readonly transcript: Transcript
  readonly output?: Json
  readonly approvals: ReadonlyMap<string, DataOf<'ApprovalRequested'>>
  /** Runs that it has asked for and waits for. */
  readonly children: ReadonlyMap<string, string>
  readonly commandIds: ReadonlyMap<string, string>
  /** The first revision whose texts are not those that were recorded. */
  readonly brokenAt?: number
}

/** Up to and with a revision. Rejects with `RunNotFound`, and with what log and blob store say. */
export const readUnfolded = async (parts: Pick<RuntimeParts, 'log' | 'blobs'>, runId: string, upTo = Infinity): Promise<UnfoldedRun> => {
  const events: RecordedRunEvent[] = []
  let run: Unread | undefined
  for await (const { event, texts } of readRun(parts, runId)) {
    if (event.revision > upTo) break
    const isWhole = hashHolds(run?.newest.meta.hash ?? '', texts, event.meta.hash)
    events.push(event)
    run = { ...next(run, event), row: applyToRunRow(run?.row, texts), ...brokenIn(run, isWhole ? undefined : event.revision) }
  }
  const status = run?.row.status
  if (run === undefined || status === undefined || status === 'deleted') throw notFound(runId)
  return { ...run, status, transcript: recordedTranscript(events) }
}

type Unread = Omit<UnfoldedRun, 'transcript' | 'status'>

const brokenIn = (run: Unread | undefined, revision: number | undefined): Pick<UnfoldedRun, 'brokenAt'> => {
  const brokenAt = run?.brokenAt ?? revision
  return brokenAt === undefined ? {} : { brokenAt }
}

const before: Omit<Unread, 'row' | 'started' | 'newest'> = {
  budget: emptyBudget,
  approvals: new Map(),
  children: new Map(),
  commandIds: new Map(),
}

const next = (run: Unread | undefined, event: RecordedRunEvent): Omit<Unread, 'row' | 'brokenAt'> => {
  const { budget, approvals, children, commandIds } = run ?? before
  const { intents } = event.meta
  const isEnding = endings.has(event.type) || intents?.includes('abandon:abandon') === true
  return {
    started: startedAfter(run?.started, event),
    newest: event,
    budget: applyToBudget(budget, event),
    ...outputAfter(run, event),
    approvals: isEnding ? before.approvals : approvalsAfter(approvals, event),
    children: isEnding ? before.children : childrenAfter(children, event),
    commandIds: commandIdsAfter(commandIds, event),
  }
}

const startedAfter = (started: DataOf<'RunStarted'> | undefined, { type, data }: RecordedRunEvent): DataOf<'RunStarted'> => {
  if (started === undefined) return data as DataOf<'RunStarted'>
  return type === 'RunMoved' ? onCode(started, data) : started
}

const endings: ReadonlySet<RunEventType> = new Set<RunEventType>(['RunCompleted', 'RunFailed', 'RunCancelled'])

const outputAfter = (run: Unread | undefined, { type, data }: RecordedRunEvent): Pick<UnfoldedRun, 'output'> => {
  const output = type === 'OutputAccepted' || type === 'RunCompleted' ? (data.output ?? run?.output) : run?.output
  return output === undefined ? {} : { output }
}

const approvalsAfter = (approvals: UnfoldedRun['approvals'], { type, data }: RecordedRunEvent): UnfoldedRun['approvals'] => {
  if (type === 'ApprovalRequested') return new Map(approvals).set(data.callId, data)
  if (type !== 'ApprovalGranted' && type !== 'ApprovalDenied' && type !== 'ToolCallDenied') return approvals
  return new Map([...approvals].filter(([callId]) => callId !== data.callId))
}

const childrenAfter = (children: UnfoldedRun['children'], { type, data }: RecordedRunEvent): UnfoldedRun['children'] => {
  if (type === 'ChildRunRequested') return new Map(children).set(data.callId, data.childRunId)
  if (type !== 'ChildRunSucceeded' && type !== 'ChildRunFailed') return children
  return new Map([...children].filter(([callId]) => callId !== data.callId))
}
