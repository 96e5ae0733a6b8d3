import { callIdAt } from '../events/call-id.ts'
import { withEntry, withoutKey } from '../projections/entries.ts'
import type { RunEvent } from '../events/envelope.ts'
import { present } from '../present.ts'
import type { ChartAction } from '../statechart/driver.ts'
import type { Owed, Timer } from './run-state.ts'

// The ledger of a run: what its charts have asked for and no event has settled yet (`src/projections/open-work.ts` folds it), and the timers
// that they have armed.

type Ledger = ReadonlyMap<string, Owed>
type Timers = ReadonlyMap<string, Timer>
/** The place of an event whose data a chart acts on. */
export type Placed = Pick<RunEvent, 'id' | 'revision' | 'meta'>

/** Intents that a chart may have open several times, each with a call id. */
const called: ReadonlySet<string> = new Set([
  'callModel',
  'callTool',
  'askApproval',
  'startChildRun',
  'checkCall',
  'startCall',
  'lookUp',
  'deny',
])

/** One that is asked again keeps the time that it has. */
export const isNewQuestion = (owed: Owed | undefined): boolean => owed?.intent === 'askApproval' && owed.status !== 'parked'

/** What a chart asks for, as it is owed from now on under this key. */
export const owedFor = (owed: Ledger, key: string, action: Extract<ChartAction, { kind: 'intent' }>, event: Placed): Owed => {
  const before = owed.get(key)
  return {
    key,
    intent: action.type,
    params: action.params,
    status: 'wanted',
    attempt: typeof action.params.attempt === 'number' ? action.params.attempt : (before?.attempt ?? 1),
    eventId: event.id,
    // A look-up keeps the owner: its late answer is still the truth about the world.
    ...(action.type === 'lookUp' ? present({ owner: before?.owner, formerOwner: before?.formerOwner }) : {}),
  }
}

/** Under which an intent is owed. `index` counts the intents of this event, for those that bring no key. */
export const ledgerKey = (action: Extract<ChartAction, { kind: 'intent' }>, event: Placed, index: number): string => {
  if (typeof action.params.callId === 'string') return action.params.callId
  if (!called.has(action.type)) return action.type
  return callIdAt(event.revision, typeof action.params.key === 'string' ? action.params.key : index)
}

export const armTimer = (timers: Timers, chart: string, action: Extract<ChartAction, { kind: 'arm' }>, event: Placed): Timers =>
  withEntry(timers, timerKey(chart, action.id), {
    timerId: `${event.revision}.${timerKey(chart, action.id)}`,
    event: action.event,
    chart,
    delayMs: action.delayMs,
    askedAt: event.meta.at,
  })

export const disarmTimer = (timers: Timers, chart: string, id: string): { readonly timers: Timers; readonly taken: Timer | undefined } => {
  const key = timerKey(chart, id)
  return { timers: withoutKey(timers, key), taken: timers.get(key) }
}

/** Those of the run's own chart. */
export const runTimers = (timers: Timers): Timers => new Map([...timers].filter(([, { chart }]) => chart === ''))

export const timerById = (timers: Timers, timerId: string): [key: string, timer: Timer] | undefined => {
  for (const entry of timers) if (entry[1].timerId === timerId) return entry
  return undefined
}

export const settleTimers = (timers: Timers, event: RunEvent): Timers => {
  if (event.type !== 'TimerScheduled' && event.type !== 'TimerFired') return timers
  const found = timerById(timers, event.data.timerId)
  if (found === undefined) return timers
  const [key, timer] = found
  return event.type === 'TimerFired' ? withoutKey(timers, key) : withEntry(timers, key, { ...timer, dueAt: event.data.dueAt })
}

const timerKey = (chart: string, id: string): string => (chart === '' ? id : `${chart}/${id}`)
