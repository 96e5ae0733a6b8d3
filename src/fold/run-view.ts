import { attempted, type ErrorCode } from '../errors.ts'
import { shownContent } from '../events/content.ts'
import type { Message } from '../events/message.ts'
import type { WaitsFor } from '../events/run-events.ts'
import { noSources, type SourceCounts } from '../events/fork.ts'
import type { Metadata } from '../events/metadata.ts'
import type { Tags } from '../events/tags.ts'
import { isDeeplyFrozen, type Json } from '../json.ts'
import type { Spent } from '../machines/spent.ts'
import { present } from '../present.ts'
import { readOnly } from '../projections/read-only.ts'
import { lastAnswer, messagesOf } from '../projections/transcript.ts'
import { isUnresolved } from './doubts.ts'
import { newestScores } from './scores.ts'
import { describeBroken } from './fold-projections.ts'
import { spentAt } from './fold.ts'
import type { Program, RunScore, RunState, RunStatus } from './run-state.ts'
import { runPlace, stateText, waitsFor, waitsIn } from './standing.ts'

/** Something that a run waits for. */
export interface OpenEffect {
  /** The call id, or the name of what its chart has asked for. */
  readonly key: string
  readonly intent: string
  /** `wanted`: nobody has begun it. `claimed`: an owner performs it. `parked`: a person, another run or an earlier call has to answer first. */
  readonly status: 'wanted' | 'claimed' | 'parked'
  readonly attempt: number
  readonly owner?: string
  /** ms since the epoch, by the clock of the store. */
  readonly leaseUntil?: number
  /** The call whose last word it waits for. */
  readonly behind?: string
  /** Of a child run that waits for somebody: for whom, and in which run. */
  readonly waitsFor?: WaitsFor
  readonly waitsIn?: string
}

/** Of which run it is a fork. */
export interface RunLineage {
  readonly runId: string
  /** Of the last event that both have in common. */
  readonly revision: number
  readonly counts: SourceCounts
  /** Tools that are executed for real. */
  readonly real: readonly string[]
}

/** What a run is at one revision, as plain JSON. */
export interface RunView {
  readonly runId: string
  readonly agent: string
  /** Of the structure of its charts. */
  readonly chartHash: string
  readonly revision: number
  /** ms since the epoch. */
  readonly at: number
  readonly status: RunStatus
  readonly paused: boolean
  /** Who has taken it over from its agent, and since when (ms since the epoch); null where nobody has. */
  readonly takenOver: { readonly by: string; readonly at: number; readonly note?: string } | null
  /** Where the chart stands, as in `thinking.callingModel`; `failed` or `cancelled` where it was ended from outside. */
  readonly state: string
  readonly waitsFor: WaitsFor | null
  /** The run below this one in which somebody has to act; null where it is this one, or nobody has to. */
  readonly waitsIn: string | null
  /** Where it is a fork: of which run, up to which of its revisions, and how many of its results are from where. */
  readonly fork: RunLineage | null
  readonly tags: Tags
  readonly metadata: Metadata
  /** What it was started with beside its message or input. */
  readonly context: Json | null
  readonly turn: number
  readonly transcript: readonly Message[]
  /** The text of what the agent said last; null before that, and while it has only asked for tools. */
  readonly answer: string | null
  readonly output: Json | null
  readonly reason: string | null
  readonly spent: Spent
  readonly openEffects: readonly OpenEffect[]
  readonly toolCalls: readonly { readonly callId: string; readonly tool: string; readonly state: string; readonly input: Json | null }[]
  /** Calls of which nobody knows whether they happened; also of a run that has ended. */
  readonly unresolved: readonly { readonly callId: string; readonly tool: string; readonly input: Json }[]
  readonly approvals: readonly {
    readonly callId: string
    readonly subject: unknown
    readonly digest: string
    readonly expiresAt: number
    /** What users have said that no prompt has held yet, a picture as `[image …]`: whoever asked did not know of it. */
    readonly unread: readonly string[]
  }[]
  /** What people, scorers and programs make of it: of one name and author the newest of each event, and of the whole run. */
  readonly scores: readonly RunScore[]
  readonly timers: readonly { readonly timerId: string; readonly dueAt: number | null }[]
  /** Why nothing more begins in it, where code of its agent has failed: the projection, the event and what it threw. */
  readonly problem: string | null
  /** The agent's own folds, by name. */
  readonly projections: Readonly<Record<string, unknown>>
  /**
   * `UnknownAgent` or `ChartChanged`: its code is not here. Then this is what its events say without any chart, and `problem` says more; nothing
   * of it is performed here, and it can be cancelled. Null where all is well.
   */
  readonly unfolded: ErrorCode | null
}

/** Of a state that was folded by this program. */
export const viewOf = (program: Program, state: RunState): RunView => ({
  runId: state.runId,
  agent: `${state.started.agent}@${state.started.agentVersion}`,
  chartHash: state.started.chartHash,
  revision: state.revision,
  at: state.at,
  status: state.status,
  paused: state.paused,
  takenOver: takenOverBy(state),
  state: runPlace(state),
  waitsFor: waitsFor(state) ?? null,
  waitsIn: waitsIn(state) ?? null,
  fork: lineageOf(state),
  tags: state.started.tags ?? {},
  metadata: state.started.metadata ?? {},
  context: state.started.context ?? null,
  turn: state.budget.turn,
  transcript: messagesOf(state.transcript),
  answer: lastAnswer(state.transcript) ?? null,
  output: state.output ?? null,
  reason: state.reason ?? null,
  spent: spentAt(state.budget, state.at),
  openEffects: [...state.owed.values()].map(({ params: _, eventId: __, formerOwner: ___, settings: ____, ...owed }) => owed),
  toolCalls: [...state.calls].map(([callId, call]) => ({
    callId,
    tool: call.tool,
    state: stateText(call.snapshot),
    input: call.input === undefined ? null : copied(call.input),
  })),
  approvals: [...state.approvals.values()].map(({ callId, subject, digest, expiresAt }) => ({
    callId,
    subject,
    digest,
    expiresAt,
    unread: state.transcript.inbox.map(shownContent),
  })),
  unresolved: [...state.doubts.values()].filter(isUnresolved).map(({ callId, tool, input }) => ({ callId, tool, input })),
  scores: newestScores(state.scores),
  timers: [...state.timers.values()].map(({ timerId, dueAt }) => ({ timerId, dueAt: dueAt ?? null })),
  problem: state.broken === undefined ? null : describeBroken(state.broken),
  projections: shownProjections(program, state),
  unfolded: null,
})

/** A run that is over is nobody's. */
const takenOverBy = ({ status, takenOver }: RunState): RunView['takenOver'] =>
  status !== 'active' || takenOver === undefined ? null : { by: takenOver.by, at: takenOver.at, ...present({ note: takenOver.note }) }

const lineageOf = ({ fork }: RunState): RunLineage | null =>
  fork?.of === undefined ? null : { ...fork.of, counts: fork.own?.counts ?? noSources, real: fork.own?.seal.real ?? [] }

/** Of what only this run's fold holds: a chart's own object, the state of a projection. What came in with an event is frozen. */
const copied = (value: Json): Json => (isDeeplyFrozen(value) ? value : structuredClone<Json>(value))

const shownProjections = (program: Program, state: RunState): Record<string, unknown> =>
  Object.fromEntries(
    program.projections.map((projection, index) => {
      const inner = state.projections[index]
      const shown = attempted(() => (projection.show === undefined ? inner : projection.show(inner)), readOnly)
      return [projection.name, shown.ok ? shown.value : { problem: `it cannot be shown: ${shown.problem}` }]
    }),
  )

/** Where a run stands after a command was granted. */
export interface RunStanding {
  readonly runId: string
  readonly revision: number
  readonly status: RunState['status']
  readonly paused: boolean
  /** Where its chart stands. */
  readonly state: string
  readonly waitsFor: WaitsFor | null
}

export const standingOf = (granted: RunState | RunStanding): RunStanding => {
  if (!('chart' in granted)) return granted
  const { runId, revision, status, paused } = granted
  return { runId, revision, status, paused, state: runPlace(granted), waitsFor: waitsFor(granted) ?? null }
}
