import { fieldsApart } from '../events/codec.ts'
import { withoutPayloads } from './view-event.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { ResultSource } from '../events/fork.ts'
import { toolCallsOf, type Usage } from '../events/message.ts'
import type { Limits } from '../events/limits.ts'
import type { ChildSpent, DataOf, RunEventType, WaitsFor } from '../events/run-events.ts'
import { present } from '../present.ts'
import { storable, storableBeginning } from './bounded-text.ts'
import { eventLine } from './event-summary.ts'
import { oneLine } from './printable.ts'
import { changedIn, readsForReal, realTools } from './row-fork.ts'

/**
 * An event without its words and payloads: all that a picture of the run is folded from. Fields have the names that they have in the event and its
 * meta, so that a fold of events takes a row as one, with the row as its `data` and its `meta`.
 */
export interface OutlineRow {
  readonly revision: number
  /** One of `RunEventType`, or what a newer version has recorded. */
  readonly type: string
  /** ms since the epoch, as all times here. */
  readonly at: number
  readonly to: string
  readonly intents?: readonly string[]
  readonly ignored?: true
  readonly actor?: string
  /** Revision of the event that led to it; absent where that is none of this run. */
  readonly cause?: number
  /** Fields of the event that are stored apart. */
  readonly large?: readonly string[]
  /** One line of {@link LONGEST_LINE} characters at most. */
  readonly summary: string
  readonly callId?: string
  readonly attempt?: number
  readonly owner?: string
  readonly leaseUntil?: number
  readonly lostOwners?: number
  readonly tool?: string
  readonly effect?: DataOf<'ToolCallRequested'>['effect']
  readonly act?: string
  readonly model?: string
  readonly purpose?: DataOf<'ModelCallRequested'>['purpose']
  /** Tools that an answer asks for: the call of the first is `<revision>.0`. */
  readonly asks?: readonly string[]
  readonly usage?: Usage
  readonly costMicroUsd?: number
  readonly durationMs?: number
  /** Of a failure. */
  readonly class?: string
  readonly next?: DataOf<'ModelCallFailed'>['next']
  readonly retryAt?: number
  readonly failingSince?: number
  readonly happened?: DataOf<'ToolCallFailed'>['happened']
  readonly settledBy?: DataOf<'ToolCallCorrected'>['settledBy']
  readonly succeeded?: boolean
  readonly earlier?: true
  /** Why a call was rejected; no words of others. */
  readonly reason?: DataOf<'ToolCallRejected'>['reason']
  readonly repeats?: string
  readonly behind?: string
  readonly guardrail?: string
  readonly by?: string
  readonly digest?: string
  /** Of a grant with changed arguments. */
  readonly inputDigest?: string
  readonly expiresAt?: number
  readonly withdrawn?: true
  readonly childRunId?: string
  readonly waitsFor?: WaitsFor | null
  readonly waitsIn?: string
  /** By a child run and those below it since its last word. */
  readonly spent?: ChildSpent
  readonly childRuns?: number
  readonly timerId?: string
  readonly dueAt?: number
  readonly turn?: number
  readonly outcome?: DataOf<'TurnCompleted'>['outcome']
  readonly limit?: string
  readonly used?: number
  readonly allowed?: number
  /** That hold from here on: all of them at the start, those that a person has changed later. */
  readonly limits?: { readonly [Name in keyof Limits]?: Limits[Name] | undefined }
  readonly models?: readonly string[]
  readonly agent?: string
  readonly agentVersion?: string
  readonly fromVersion?: string
  readonly chartHash?: string
  readonly parent?: DataOf<'RunStarted'>['parent']
  /** Of a fork: the run and the revision up to which the rows are copies of its. */
  readonly forkOf?: DataOf<'RunStarted'>['forkOf']
  /** In a fork: where a result or a decision is from. */
  readonly source?: ResultSource
  readonly from?: DataOf<'RunForked'>['from']
  /** What a fork has otherwise than its origin, by name. */
  readonly changes?: readonly string[]
  /** Tools that a fork executes for real. */
  readonly real?: readonly string[]
  /** Tools that only read are executed for real, too. */
  readonly reads?: true
  /** Of a score: the revision that it is about. */
  readonly about?: number
  readonly score?: string
  readonly value?: number
  readonly passed?: boolean
  readonly lost?: true
  readonly withoutChart?: true
}

const LONGEST_LINE = 200
/** Of a name that a model or a user's code has made. */
const LONGEST_NAME = 200
const MOST_NAMES = 100

/** What is the same in event and row, and short by its nature or its making. */
const KEPT = [
  'callId',
  'attempt',
  'leaseUntil',
  'lostOwners',
  'effect',
  'purpose',
  'usage',
  'costMicroUsd',
  'durationMs',
  'class',
  'next',
  'retryAt',
  'failingSince',
  'happened',
  'settledBy',
  'succeeded',
  'earlier',
  'repeats',
  'behind',
  'digest',
  'inputDigest',
  'expiresAt',
  'withdrawn',
  'childRunId',
  'waitsFor',
  'waitsIn',
  'spent',
  'childRuns',
  'timerId',
  'dueAt',
  'turn',
  'outcome',
  'limit',
  'used',
  'allowed',
  'limits',
  'chartHash',
  'parent',
  'forkOf',
  'source',
  'lost',
  'withoutChart',
] as const satisfies readonly (keyof OutlineRow)[]

/** Names that somebody chose. */
const NAMES = [
  'owner',
  'tool',
  'act',
  'model',
  'guardrail',
  'by',
  'agent',
  'agentVersion',
  'fromVersion',
] as const satisfies readonly (keyof OutlineRow)[]

/** `causeOf` says which revision an event of this run has, by its id. Never throws for an event that was decoded. */
export const outlineRow = (event: RunEvent, causeOf: (eventId: string) => number | undefined): OutlineRow => {
  const shown = withoutPayloads(event)
  const { at, to, intents, ignored, actor, causationId } = event.meta
  const apart = fieldsApart(event)
  return {
    revision: event.revision,
    type: event.type,
    at,
    to,
    ...present({
      intents,
      ignored,
      actor: actor === undefined ? undefined : storableBeginning(actor, LONGEST_NAME),
      cause: causationId === undefined ? undefined : causeOf(causationId),
      large: apart.length === 0 ? undefined : apart,
    }),
    summary: storable(oneLine(eventLine(shown), LONGEST_LINE)),
    ...keptOf(shown.data),
    ...ownOf(shown),
  }
}

/** Of an event that this version does not know or that is none. */
export const unreadOutlineRow = (
  { revision, type, storedAt }: { readonly revision: number; readonly type: string; readonly storedAt: number },
  problem: string,
): OutlineRow => ({
  revision,
  type: storableBeginning(type, LONGEST_NAME),
  at: storedAt,
  to: '',
  summary: storable(oneLine(`not taken in: ${problem}`, LONGEST_LINE)),
})

const keptOf = (data: RunEvent['data']): Partial<OutlineRow> => {
  const given = data as Readonly<Record<string, unknown>>
  const kept: Record<string, unknown> = {}
  for (const field of KEPT) if (given[field] !== undefined) kept[field] = given[field]
  for (const field of NAMES) if (typeof given[field] === 'string') kept[field] = storableBeginning(given[field], LONGEST_NAME)
  return kept
}

/** What stands elsewhere in the event. */
const ownOf = (event: RunEvent): Partial<OutlineRow> => {
  switch (event.type) {
    case 'RunStarted': {
      const { limits, models } = event.data.settings
      return { limits, models: namesOf(models) }
    }
    case 'ModelCallSucceeded': {
      const asks = toolCallsOf(event.data.parts).map(({ name }) => name)
      return asks.length === 0 ? {} : { asks: namesOf(asks) }
    }
    case 'RunForked':
      return {
        from: event.data.from,
        real: namesOf(realTools(event)),
        changes: changedIn(event),
        ...(readsForReal(event) && { reads: true }),
      }
    case 'ToolCallRejected':
      return { reason: event.data.reason }
    case 'ApprovalRequested': {
      const { tool } = event.data.subject
      return tool === undefined ? {} : { tool: storableBeginning(tool, LONGEST_NAME) }
    }
    case 'RunScored': {
      const { name, value, passed, revision } = event.data
      return { score: storableBeginning(name, LONGEST_NAME), value, ...present({ passed, about: revision }) }
    }
    default:
      return {}
  }
}

const namesOf = (names: readonly string[]): readonly string[] =>
  names.slice(0, MOST_NAMES).map((name) => storableBeginning(name, LONGEST_NAME))

/** A row as the event that it was made of, for folds that read no words: whatever they read of those is absent. Its id is its revision. */
export const eventOfRow = (row: OutlineRow, runId: string): RunEvent =>
  ({ id: String(row.revision), runId, revision: row.revision, type: row.type as RunEventType, data: row, meta: row }) as unknown as RunEvent
