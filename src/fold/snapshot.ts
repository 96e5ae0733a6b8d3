import { jsonText, type Json } from '../json.ts'
import type { Message } from '../events/message.ts'
import type { DataOf } from '../events/run-events.ts'
import type { ChildAccount } from '../projections/budget.ts'
import type { AwaitedAnswer } from '../projections/transcript.ts'
import { loadProjections, saveProjections, type SavedProjection } from './saved-projections.ts'
import type { DoneAct, Doubt, EarlierAttempts, OpenCall, Owed, Program, RunState, Timer } from './run-state.ts'

/** To be counted up with every change of what a state holds: a snapshot of another format is no snapshot. */
const FORMAT = 14

/**
 * A state as JSON text. Of the transcript only what came after `since` messages: a long run is saved in pieces. Undefined where the state of a
 * projection cannot be saved.
 */
export const saveState = (program: Program, state: RunState, since: number): string | undefined => {
  const projections = state.broken === undefined ? saveProjections(program.projections, state.projections) : undefined
  if (projections === undefined) return undefined
  const {
    chart,
    calls,
    owed,
    doubts,
    places,
    earlierAttempts,
    acts,
    approvals,
    timers,
    budget,
    transcript,
    commandIds,
    projections: _,
    ...plain
  } = state
  return jsonText({
    format: FORMAT,
    chartHash: program.chartHash,
    plain,
    chart: program.run.persist(chart),
    calls: [...calls].map(([callId, call]) => [callId, { ...call, snapshot: program.toolCall.persist(call.snapshot) }]),
    owed: [...owed.values()],
    doubts: [...doubts.values()],
    places: { ...places, tools: [...places.tools], childRuns: [...places.childRuns] },
    earlierAttempts: [...earlierAttempts],
    acts: [...acts],
    approvals: [...approvals.values()],
    timers: [...timers],
    budget: { ...budget, open: [...budget.open], children: [...budget.children] },
    transcript: { ...transcript, items: transcript.items.slice(since, transcript.length), open: [...transcript.open] },
    since,
    projections,
    commandIds: [...commandIds],
  })
}

interface Saved {
  readonly format: number
  readonly chartHash: string
  readonly plain: Omit<
    RunState,
    | 'chart'
    | 'calls'
    | 'owed'
    | 'doubts'
    | 'places'
    | 'earlierAttempts'
    | 'acts'
    | 'approvals'
    | 'timers'
    | 'budget'
    | 'transcript'
    | 'commandIds'
    | 'projections'
  >
  readonly chart: Json
  readonly calls: readonly (readonly [string, Omit<OpenCall, 'snapshot'> & { readonly snapshot: Json }])[]
  readonly owed: readonly Owed[]
  readonly doubts: readonly Doubt[]
  readonly places: Omit<RunState['places'], 'tools' | 'childRuns'> & {
    readonly tools: readonly (readonly [string, number])[]
    readonly childRuns: readonly (readonly [string, number])[]
  }
  readonly earlierAttempts: readonly (readonly [string, EarlierAttempts])[]
  readonly acts: readonly (readonly [string, DoneAct])[]
  readonly approvals: readonly DataOf<'ApprovalRequested'>[]
  readonly timers: readonly (readonly [string, Timer])[]
  readonly budget: Omit<RunState['budget'], 'open' | 'children'> & {
    readonly open: readonly (readonly [string, string])[]
    readonly children: readonly (readonly [string, ChildAccount])[]
  }
  readonly transcript: Omit<RunState['transcript'], 'open'> & {
    readonly open: readonly (readonly [string, AwaitedAnswer])[]
  }
  readonly since: number
  readonly projections: readonly SavedProjection[]
  readonly commandIds: readonly (readonly [string, string])[]
}

/** What the run of a saved state was started with, and the code that it was on then. */
export const startOf = (text: string): RunState['started'] | undefined => (JSON.parse(text) as { plain?: Saved['plain'] }).plain?.started

/** From where the next piece of a long run is saved: an answer that was the last message may still be replaced by what guardrails leave of it. */
export const savedUpTo = ({ transcript }: Pick<RunState, 'transcript'>): number => Math.max(0, transcript.length - 1)

/** The state of the last of these texts, which have to be all that were saved of the run before. Undefined where they do not fit. */
export const restoreState = (program: Program, texts: readonly string[]): RunState | undefined => {
  const saved = texts.map((text) => JSON.parse(text) as Saved)
  const last = saved.at(-1)
  if (last?.format !== FORMAT || last.chartHash !== program.chartHash) return undefined
  const projections = loadProjections(program.projections, last.projections)
  if (projections === undefined) return undefined
  const items: Message[] = []
  for (const { since, transcript } of saved) {
    if (since > items.length) return undefined
    // A piece may begin before the end of the one before: two may have saved the same, and the last message may have been replaced since.
    items.length = since
    items.push(...transcript.items)
  }
  return {
    ...last.plain,
    chart: program.run.restore(last.chart),
    calls: new Map(last.calls.map(([callId, call]) => [callId, { ...call, snapshot: program.toolCall.restore(call.snapshot) }])),
    owed: new Map(last.owed.map((owed) => [owed.key, owed])),
    doubts: new Map(last.doubts.map((doubt) => [doubt.callId, doubt])),
    places: { ...last.places, tools: new Map(last.places.tools), childRuns: new Map(last.places.childRuns) },
    earlierAttempts: new Map(last.earlierAttempts),
    acts: new Map(last.acts),
    approvals: new Map(last.approvals.map((approval) => [approval.callId, approval])),
    timers: new Map(last.timers),
    budget: {
      ...last.budget,
      open: new Map(last.budget.open),
      children: new Map(last.budget.children),
      limits: last.budget.limits,
      turnSince: last.budget.turnSince,
    },
    transcript: { ...last.transcript, items, open: new Map(last.transcript.open) },
    projections,
    commandIds: new Map(last.commandIds),
  }
}
