import { shownContent } from '../../events/content.ts'
import type { AppError } from '../../errors.ts'
import { hashHolds } from '../../events/codec.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { DataOf } from '../../events/run-events.ts'
import type { EndedRun } from '../../fold/child-report.ts'
import { onCode } from '../../fold/lifecycle.ts'
import { spentAt } from '../../fold/fold.ts'
import { commandIdsAfter } from '../../fold/record-event.ts'
import type { RunStatus, Scores } from '../../fold/run-state.ts'
import { isScoreOf, newestScores, scoresAfter } from '../../fold/scores.ts'
import type { RunStanding, RunView } from '../../fold/run-view.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import { applyToBudget, emptyBudget, type Budget } from '../../projections/budget.ts'
import { recordedTranscript } from '../../projections/recorded-transcript.ts'
import { applyToRunRow, type RunRow } from '../../projections/run-index.ts'
import { lastAnswer, messagesOf, type Transcript } from '../../projections/transcript.ts'
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
  /** Runs that it has asked for and waits for, by call id. */
  readonly children: ReadonlyMap<string, string>
  readonly commandIds: ReadonlyMap<string, string>
  readonly scores?: Scores
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
  const { approvals, children, row, ...read } = run
  return {
    ...read,
    row,
    status,
    transcript: recordedTranscript(events),
    approvals: stillOpen(approvals, (callId) => row.asked[callId] === 'approval'),
    // What a fork names are runs of its origin.
    children: stillOpen(children, (callId) => run?.started.forkOf === undefined && Object.hasOwn(row.children ?? {}, callId)),
  }
}

/** How a run has ended, which shows without its code; undefined while it goes on. Rejects as `readUnfolded` does. */
export const readEnd = async (parts: Pick<RuntimeParts, 'log' | 'blobs'>, runId: string): Promise<EndedRun | undefined> => {
  const { status, row, started, newest, budget, output } = await readUnfolded(parts, runId)
  if (status === 'active') return undefined
  return { runId, status, started, budget, lastEventId: newest.id, ...present({ output, reason: row.reason ?? undefined }) }
}

/** Approvals and children are all that were ever asked for. */
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
  return {
    started: startedAfter(run?.started, event),
    newest: event,
    budget: applyToBudget(budget, event),
    ...outputAfter(run, event),
    approvals: event.type === 'ApprovalRequested' ? withAsked(approvals, event.data.callId, event.data) : approvals,
    children: event.type === 'ChildRunRequested' ? withAsked(children, event.data.callId, event.data.childRunId) : children,
    commandIds: commandIdsAfter(commandIds, event),
    ...present({ scores: isScoreOf(run?.started.forkOf, event) ? scoresAfter(run?.scores, event) : run?.scores }),
  }
}

const startedAfter = (started: DataOf<'RunStarted'> | undefined, { type, data }: RecordedRunEvent): DataOf<'RunStarted'> => {
  if (started === undefined) return data as DataOf<'RunStarted'>
  return type === 'RunMoved' ? onCode(started, data) : started
}

const outputAfter = (run: Unread | undefined, { type, data }: RecordedRunEvent): Pick<UnfoldedRun, 'output'> => {
  const output = type === 'OutputAccepted' || type === 'RunCompleted' ? (data.output ?? run?.output) : run?.output
  return output === undefined ? {} : { output }
}

const withAsked = <Data>(asked: ReadonlyMap<string, Data>, callId: string, data: Data): ReadonlyMap<string, Data> =>
  new Map(asked).set(callId, data)

/** Of all that was asked for, what the row says is open. */
const stillOpen = <Data>(asked: ReadonlyMap<string, Data>, isOpen: (callId: string) => boolean): ReadonlyMap<string, Data> =>
  new Map([...asked].filter(([callId]) => isOpen(callId)))

const whose = ({ takenOver, fork }: RunRow): Pick<RunView, 'takenOver' | 'fork'> => ({ takenOver: takenOver ?? null, fork: fork ?? null })

/** What the events of a run say where its code is gone or was changed. */
export const viewOfUnfolded = (
  { row, status, started, newest, budget, transcript, output, approvals, scores, brokenAt }: UnfoldedRun,
  why: AppError,
): RunView => ({
  runId: row.runId,
  agent: `${started.agent}@${started.agentVersion}`,
  chartHash: started.chartHash,
  revision: newest.revision,
  at: newest.meta.at,
  status,
  paused: row.paused,
  ...whose(row),
  state: row.state,
  waitsFor: row.waitsFor,
  waitsIn: row.waitsIn,
  tags: started.tags ?? {},
  metadata: started.metadata ?? {},
  context: started.context ?? null,
  turn: budget.turn,
  transcript: messagesOf(transcript),
  answer: lastAnswer(transcript) ?? null,
  output: output ?? null,
  reason: row.reason,
  spent: spentAt(budget, newest.meta.at),
  openEffects: [],
  toolCalls: Object.values(row.open?.toolCalls ?? {}).map(({ callId, tool, state }) => ({ callId, tool: tool ?? '', state, input: null })),
  approvals: [...approvals.values()].map(({ callId, subject, digest, expiresAt }) => ({
    callId,
    subject,
    digest,
    expiresAt,
    unread: transcript.inbox.map(shownContent),
  })),
  unresolved: Object.values(row.open?.toolCalls ?? {}).flatMap(({ callId, tool, state }) =>
    state === 'unresolved' ? [{ callId, tool: tool ?? '', input: null }] : [],
  ),
  scores: newestScores(scores),
  timers: Object.entries(row.timers).map(([timerId, dueAt]) => ({ timerId, dueAt })),
  projections: {},
  problem: `${why.message}${brokenAt === undefined ? '' : ` Beside that, revision ${brokenAt} is not what was recorded.`}`,
  unfolded: why.code,
})

export const standingOfUnfolded = ({ row, status }: UnfoldedRun): RunStanding => {
  const { runId, revision, paused, state } = row
  return { runId, revision, status, paused, state, waitsFor: row.waitsFor }
}
