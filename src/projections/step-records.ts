import type { RunEvent } from '../events/envelope.ts'
import type { DataOf, RunEventType } from '../events/run-events.ts'
import { present } from '../present.ts'
import { storable } from './bounded-text.ts'
import { recordedIntents } from './open-work.ts'

/** One step of a chart: an event, and from where it led where. Its time is that of the stay that it ended. */
export interface StepRecord {
  readonly runId: string
  readonly revision: number
  /** Of the tool call whose chart it is; '' is the chart of the run. */
  readonly callId: string
  readonly agentVersion: string
  /** '' where the chart has begun with it. */
  readonly fromState: string
  readonly event: string
  readonly toState: string
  readonly at: number
  /** How long the chart stood at `fromState` without waiting for people; null where it stands there still. */
  readonly workedMs: number | null
  /** And how long it waited for people. */
  readonly waitedMs: number | null
  /** Both as the nearest of 1, 2^¼, 2^½ … ms: few enough to be counted, right to 9 %. */
  readonly workedAboutMs: number | null
  readonly waitedAboutMs: number | null
  readonly failed: 0 | 1
  /** Of a model call that this event has settled. */
  readonly tokens: number
  readonly costMicroUsd: number
}

/** Where charts stand, and since when: what their next step has to know. */
export interface Stays {
  /** Of the chart of the run, at its place. */
  readonly since: number
  /** Of that time, what was spent on waiting for people. */
  readonly waitedMs: number
  /** Of the tool calls that are open; absent where there is none. */
  readonly calls?: Readonly<Record<string, CallStay>>
}

interface CallStay {
  readonly place: string
  readonly since: number
}

/** The row at the event, with what follows from its type alone. */
interface Before {
  readonly state: string
  readonly agentVersion: string
  readonly updatedAt: number
  readonly waitsFor: string | null
  readonly stays?: Stays
  readonly fork?: object
  readonly sealed?: true
}

interface After {
  readonly state: string
  /** Tool calls that are open then. */
  readonly open: Readonly<Record<string, unknown>> | undefined
  /** Before the event. */
  readonly wasPaused: boolean
}

interface StepsAfter {
  readonly steps: readonly StepRecord[]
  readonly stays: Stays
}

/** A run with a seal asks what would be: neither what a fork has copied nor what follows is a step that was taken. */
export const stepsAfter = (before: Before, event: RunEvent, after: After): StepsAfter => {
  const stays = waitedUntil(before, event, after.wasPaused)
  const moves = movesIn(event)
  const calls = callStays(stays, moves, event, after.open ?? {})
  const ofRun = before.state === after.state ? stays : { since: event.meta.at, waitedMs: 0 }
  return {
    steps:
      before.fork !== undefined || before.sealed === true || event.meta.ignored === true
        ? []
        : [runStep(before, stays, event, after), ...callSteps(before, stays, event, moves)],
    stays: present({ since: ofRun.since, waitedMs: ofRun.waitedMs, calls }),
  }
}

/** Undefined where none of the calls that are open stands anywhere. */
const callStays = (stays: Stays, moves: Moves, event: RunEvent, open: Readonly<Record<string, unknown>>): Stays['calls'] => {
  const known = Object.entries(stays.calls ?? {})
  if (known.length + moves.places.size === 0) return undefined
  const moved = Array.from(moves.places, ([callId, place]) => [callId, callStay(stays, { callId, place }, event)] as const)
  const left = [...known, ...moved].filter(([callId]) => Object.hasOwn(open, callId))
  return left.length === 0 ? undefined : Object.fromEntries(left)
}

/** With the time since the event before. */
const waitedUntil = ({ stays, updatedAt, waitsFor }: Before, { meta: { at } }: RunEvent, wasPaused: boolean): Stays => {
  if (stays === undefined) return { since: at, waitedMs: 0 }
  if (waitsFor === null && !wasPaused) return stays
  return { ...stays, waitedMs: stays.waitedMs + Math.max(0, at - updatedAt) }
}

const callStay = ({ calls = {} }: Stays, { callId, place }: { callId: string; place: string }, { meta: { at } }: RunEvent): CallStay => {
  const before = Object.hasOwn(calls, callId) ? calls[callId] : undefined
  return before?.place === place ? before : { place, since: at }
}

const runStep = (before: Before, { since, waitedMs }: Stays, event: RunEvent, { state }: After): StepRecord => {
  const isLeft = before.state !== state && before.state !== ''
  const { usage, costMicroUsd = 0 } = billIn(event)
  return {
    ...stepOf(before, event),
    callId: '',
    fromState: storable(before.state),
    toState: storable(state),
    ...(isLeft ? timesOf(Math.max(0, event.meta.at - since - waitedMs), waitedMs) : NO_TIMES),
    tokens: usage === undefined ? 0 : usage.inputTokens + usage.outputTokens,
    costMicroUsd,
  }
}

const callSteps = (before: Before, { calls = {} }: Stays, event: RunEvent, { begun, places }: Moves): readonly StepRecord[] =>
  [...places].flatMap(([callId, place]) => {
    const from = Object.hasOwn(calls, callId) ? calls[callId] : undefined
    // Of a call that was given up and is moved again nobody knows any more where it stood.
    if (from === undefined && !begun.has(callId)) return []
    const isLeft = from !== undefined && from.place !== place
    return [
      {
        ...stepOf(before, event),
        callId,
        fromState: from?.place ?? '',
        toState: place,
        ...(isLeft ? callTimes(from, event.meta.at) : NO_TIMES),
        tokens: 0,
        costMicroUsd: 0,
      },
    ]
  })

/** States of the chart of tool calls that wait for a person. */
const WAIT_FOR_PEOPLE: ReadonlySet<string> = new Set(['awaitingApproval', 'unresolved.awaitingHuman'])

const callTimes = ({ place, since }: CallStay, at: number): Times => {
  const ms = Math.max(0, at - since)
  return WAIT_FOR_PEOPLE.has(place) ? timesOf(0, ms) : timesOf(ms, 0)
}

const FAILURES: ReadonlySet<RunEventType> = new Set<RunEventType>([
  'ModelCallFailed',
  'ToolCallFailed',
  'ToolCallRejected',
  'ToolCallUnresolved',
  'ChildRunFailed',
  'OutputRejected',
  'RunFailed',
])

const stepOf = (
  { agentVersion }: Before,
  { runId, revision, type, meta }: RunEvent,
): Pick<StepRecord, 'runId' | 'revision' | 'agentVersion' | 'event' | 'at' | 'failed'> => ({
  runId,
  revision,
  agentVersion: storable(agentVersion),
  event: type,
  at: meta.at,
  failed: FAILURES.has(type) ? 1 : 0,
})

const billIn = (event: RunEvent): Partial<Pick<DataOf<'ModelCallFailed'>, 'usage' | 'costMicroUsd'>> =>
  event.type === 'ModelCallSucceeded' || event.type === 'ModelCallFailed' ? event.data : {}

type Times = Pick<StepRecord, 'workedMs' | 'waitedMs' | 'workedAboutMs' | 'waitedAboutMs'>

const NO_TIMES: Times = { workedMs: null, waitedMs: null, workedAboutMs: null, waitedAboutMs: null }

const timesOf = (workedMs: number, waitedMs: number): Times => ({
  workedMs,
  waitedMs,
  workedAboutMs: aboutMs(workedMs),
  waitedAboutMs: aboutMs(waitedMs),
})

const PER_DOUBLING = 4

const aboutMs = (ms: number): number => (ms < 1 ? 0 : Math.round(2 ** (Math.round(PER_DOUBLING * Math.log2(ms)) / PER_DOUBLING)))

/** Where the chart of a tool call begins. */
const FIRST_PLACE = 'checking'

/** What an event has done with the charts of tool calls. */
interface Moves {
  readonly begun: ReadonlySet<string>
  /** Of those that have begun with it, and of those that it has moved. */
  readonly places: ReadonlyMap<string, string>
}

const NO_MOVES: Moves = { begun: new Set(), places: new Map() }

/** From `<place>; <callId>=<place of the call> …`. */
const movesIn = (event: RunEvent): Moves => {
  const begun = begunCalls(event)
  const { to } = event.meta
  if (begun.length === 0 && !to.includes('; ')) return NO_MOVES
  const moved = to.split('; ').slice(1)
  return {
    begun: new Set(begun),
    places: new Map([
      ...begun.map((callId) => [callId, FIRST_PLACE] as const),
      ...moved.map((text) => {
        const end = text.lastIndexOf('=')
        return [storable(text.slice(0, end)), storable(text.slice(end + 1))] as const
      }),
    ]),
  }
}

const begunCalls = ({ meta }: RunEvent): readonly string[] =>
  recordedIntents(meta).flatMap(({ intent, key }) => (intent === 'checkCall' ? [storable(key)] : []))
