import type { ContentPart } from '../events/content.ts'
import type { AnyMachineSnapshot } from 'xstate'
import type { ToolEffect } from '../events/definition.ts'
import type { DataOf } from '../events/run-events.ts'
import type { Json } from '../json.ts'
import type { Budget } from '../projections/budget.ts'
import type { OpenWork } from '../projections/open-work.ts'
import type { Projection } from '../projections/projection.ts'
import type { MessageData } from '../projections/message-data.ts'
import type { Transcript } from '../projections/transcript.ts'
import type { CallPlaces } from './call-places.ts'
import type { Fork } from './fork.ts'
import type { Projected } from './fold-projections.ts'
import type { ChartDriver } from '../statechart/driver.ts'

/** Everything a fold needs besides the events. */
export interface Program {
  readonly run: ChartDriver
  readonly toolCall: ChartDriver
  /** Structure hash of the run's chart and that of its tool calls. */
  readonly chartHash: string
  /** The agent's own folds, whose states its tools may read. */
  readonly projections: readonly Projection[]
}

/** Something that a chart asked for and that no event has settled yet. */
export interface Owed extends OpenWork {
  /** The call id, or the name of an intent that a chart has open once at most. */
  readonly key: string
  readonly intent: string
  readonly params: Readonly<Record<string, unknown>>
  readonly attempt: number
  /** Of a child run: its name below this run, before the request is recorded. */
  readonly childName?: string
  readonly eventId: string
}

export interface Timer {
  readonly timerId: string
  /** The event that its chart waits for. */
  readonly event: string
  /** '' is the run's own chart, otherwise a call id. */
  readonly chart: string
  readonly delayMs: number
  /** When the chart asked for it. */
  readonly askedAt: number
  /** Absent until `TimerScheduled` is recorded. */
  readonly dueAt?: number
}

/** A tool call under way. */
export interface OpenCall {
  readonly snapshot: AnyMachineSnapshot
  readonly tool: string
  /** Where it stands in what the run does, by which the world outside knows it: `TURN.COUNT.DIGEST`. */
  readonly place: string
  /** What a model wrote; a workflow gives JSON instead, and so does whoever grants it with other arguments. */
  readonly argumentsText?: string
  readonly given?: Json
  /** What a program said with the message that led to it; absent for nothing. */
  readonly data?: Json
  /** As it was checked, which every attempt gets. */
  readonly input?: Json
  /** As its first claim recorded it. */
  readonly idempotencyKey?: string
  /** As its tool has named it. */
  readonly act?: string
  readonly effect?: ToolEffect
  /** The attempt that was claimed to be looked up first: nobody has performed it since the log was restored. */
  readonly lookUpFirst?: number
  /** That was done since. */
  readonly lookedUp?: true
  /** The newest that was claimed. */
  readonly attempt?: number
  /** Up to which attempt it is certain that nothing happened. */
  readonly didNothing?: number
}

/** A call of which its own tool has not said what became of it. */
export interface Doubt {
  readonly callId: string
  readonly tool: string
  readonly attempt: number
  readonly input: Json
  readonly idempotencyKey: string
  readonly act?: string
  readonly effect?: ToolEffect
  /** What a look-up or a person says; undefined while nobody knows. */
  readonly said?: 'happened' | 'didNot'
  /** The hash of what they say, with its output or message. */
  readonly outcome?: string
}

/** A business act that a call of this run has done, which its tool has named. */
export interface DoneAct {
  readonly callId: string
  /** `null` where it was too large to be kept here. */
  readonly output: Json
  readonly content?: ContentPart[]
  readonly note?: string
}

/** Attempts of a `once` call that were taken for ones that never happened, so that the call went on. */
export interface EarlierAttempts {
  readonly tool: string
  /** The newest of them. */
  readonly attempt: number
  /** Those that have said since that they did happen. */
  readonly happened: readonly number[]
  readonly done?: DoneAct
}

/** What was made of a run, and when, in ms since the epoch. */
export interface RunScore extends DataOf<'RunScored'> {
  readonly at: number
}

export interface Scores {
  /** All of them, also those that newer ones have taken the place of. */
  readonly recorded: number
  /** Of one name and author the newest of each event, and of the whole run. */
  readonly newest: readonly RunScore[]
}
/** `at`: since when, in ms since the epoch. */
export type TakenOver = Pick<DataOf<'RunTakenOver'>, 'by' | 'note'> & { readonly at: number }

export type RunStatus = 'active' | 'completed' | 'failed' | 'cancelled'

/** The whole state of a run: a fold of its events and of nothing else. */
export interface RunState extends Projected {
  readonly runId: string
  /** Of the newest event; -1 before the first. */
  readonly revision: number
  readonly hash: string
  readonly lastEventId: string
  /** Time of the newest event that is no score: those take none of the run's time. */
  readonly at: number
  readonly started: DataOf<'RunStarted'>
  readonly correlationId: string
  readonly status: RunStatus
  readonly paused: boolean
  /** Who has taken it over from its agent; undefined where nobody has. */
  readonly takenOver?: TakenOver | undefined
  readonly output?: Json
  readonly reason?: string
  /** What the failed attempts of a model call leave to its next ones. */
  readonly retried?: { readonly callId: string; readonly failingSince?: number; readonly maxOutputTokens?: number }
  readonly chart: AnyMachineSnapshot
  readonly calls: ReadonlyMap<string, OpenCall>
  readonly owed: ReadonlyMap<string, Owed>
  /** Calls of which their tools have not said what became of them; also of a run that has ended. */
  readonly doubts: ReadonlyMap<string, Doubt>
  readonly places: CallPlaces
  /** By call id. */
  readonly earlierAttempts: ReadonlyMap<string, EarlierAttempts>
  /** Business acts that were done, by idempotency key. */
  readonly acts: ReadonlyMap<string, DoneAct>
  readonly approvals: ReadonlyMap<string, DataOf<'ApprovalRequested'>>
  /** By chart and XState's own id: a chart arms each of them once at a time. */
  readonly timers: ReadonlyMap<string, Timer>
  readonly budget: Budget
  readonly transcript: Transcript
  readonly messageData: MessageData
  /** What it was before Refold itself failed it for a defect of its agent's code: what it goes on from if it is reopened. */
  readonly beforeFailure?: RunState
  /** Revision of the event by which it has moved to the code that it is on. */
  readonly movedAt?: number
  /** Revision of the newest message of a user. */
  readonly newestMessage?: number
  /** The newest restore of the log that the run has gone on from, in which turn it stood then, and when that was recorded. */
  readonly restored?: { readonly restoreId: string; readonly turn: number; readonly at: number }
  /** Where it is a fork of another run. */
  readonly fork?: Fork
  /** What was made of it; absent before the first score. */
  readonly scores?: Scores
  /** Commands that were granted, so that a repeated one is not granted twice: the hash of each, or '' where none was recorded. */
  readonly commandIds: ReadonlyMap<string, string>
}

/** A state that is being made and that nobody else has yet. */
export type NewState = { -readonly [Member in keyof RunState]: RunState[Member] }
