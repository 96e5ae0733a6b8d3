import { callIdAt } from '../events/call-id.ts'
import { withEntry, withoutKey } from '../projections/entries.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { DataOf } from '../events/run-events.ts'
import { present } from '../present.ts'
import type { ChartAction } from '../statechart/driver.ts'
import type { Owed, Timer } from './run-state.ts'

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

/** What an event settles that has no call id. */
const settledIntents: Readonly<Record<string, string>> = {
  InputAccepted: 'checkInput',
  InputRejected: 'checkInput',
  OutputAccepted: 'checkOutput',
  OutputRejected: 'checkOutput',
  TurnCompleted: 'endTurn',
  RunEscalated: 'escalate',
  LimitExceeded: 'reportLimit',
}

/** The ledger after an event, before any chart has reacted to it. */
export const settleOwed = (owed: Ledger, event: RunEvent): Ledger => {
  switch (event.type) {
    case 'ModelCallRequested':
      return claim(owed, event, {})
    case 'ToolCallRequested':
      return claim(owed, event, { intent: 'startCall', ...present({ effect: event.data.effect, lookUpFirst: event.data.lookUpFirst }) })
    case 'ChildRunRequested':
      return park(owed, event.data.callId, event.id, { childRunId: event.data.childRunId })
    case 'ChildRunReported':
      return noteWaiting(owed, event.data)
    case 'ApprovalRequested':
      // A call's own approval is between its chart and the person; a question of the run's chart stays open until it is answered.
      return owed.get(event.data.callId)?.intent === 'askApproval'
        ? park(owed, event.data.callId, event.id)
        : withoutKey(owed, event.data.callId)
    case 'ToolCallQueued':
      return queue(owed, event.data.callId, event.data.behind)
    case 'ToolCallUnresolved':
      return park(owed, event.data.callId, event.id)
    case 'RunEscalated':
      return event.data.callId === undefined ? withoutKey(owed, 'escalate') : park(owed, event.data.callId, event.id)
    case 'ApprovalGranted':
    case 'ApprovalDenied':
    case 'ModelCallSucceeded':
    case 'ModelCallFailed':
    case 'ToolCallSucceeded':
    case 'ToolCallFailed':
    case 'ToolCallRejected':
    case 'ToolCallDenied':
    case 'ChildRunSucceeded':
    case 'ChildRunFailed':
      return withoutKey(owed, event.data.callId)
    default: {
      const intent = settledIntents[event.type]
      return intent === undefined ? owed : withoutKey(owed, intent)
    }
  }
}

const claim = (
  owed: Ledger,
  { id, data: { callId, owner, leaseUntil, attempt, lostOwners } }: Extract<RunEvent, { type: 'ModelCallRequested' | 'ToolCallRequested' }>,
  more: Pick<Partial<Owed>, 'intent' | 'effect' | 'lookUpFirst'>,
): Ledger => {
  const entry = owed.get(callId)
  if (entry === undefined) return owed
  const { lookUpFirst: _, ...wanted } = entry
  const claimed = { ...wanted, owner, leaseUntil, attempt, ...present({ lostOwners }), ...more, status: 'claimed' as const, eventId: id }
  return withEntry(owed, callId, claimed)
}

const noteWaiting = (owed: Ledger, { callId, waitsFor, waitsIn }: DataOf<'ChildRunReported'>): Ledger => {
  const entry = owed.get(callId)
  if (entry === undefined || (entry.waitsFor === (waitsFor ?? undefined) && entry.waitsIn === waitsIn)) return owed
  const { waitsFor: _, waitsIn: __, ...others } = entry
  return withEntry(owed, callId, { ...others, ...present({ waitsFor: waitsFor ?? undefined, waitsIn }) })
}

const park = (owed: Ledger, callId: string, eventId: string, more: Pick<Owed, 'childRunId'> = {}): Ledger => {
  const entry = owed.get(callId)
  return entry === undefined ? owed : withEntry(owed, callId, { ...entry, ...more, status: 'parked', eventId })
}

/** One that is asked again keeps the time that it has. */
export const isNewQuestion = (owed: Owed | undefined): boolean => owed?.intent === 'askApproval' && owed.status !== 'parked'

const queue = (owed: Ledger, callId: string, behind: string): Ledger => {
  const entry = owed.get(callId)
  return entry === undefined ? owed : withEntry(owed, callId, { ...entry, status: 'parked', behind })
}

/** What waited for the last word on a call is wanted again. */
export const freeQueued = (owed: Ledger, behind: string): { readonly owed: Ledger; readonly freed: readonly string[] } => {
  const freed = [...owed.values()].filter((entry) => entry.behind === behind)
  if (freed.length === 0) return { owed, freed: [] }
  const free = new Map(owed)
  for (const { behind: _, ...entry } of freed) free.set(entry.key, { ...entry, status: 'wanted' })
  return { owed: free, freed: freed.map(({ key }) => key) }
}

/** Writes what a chart asks for into the ledger. `index` counts the intents of this event, for those that bring no key. */
export const oweIntent = (
  owed: Ledger,
  action: Extract<ChartAction, { kind: 'intent' }>,
  event: Placed,
  index: number,
): { owed: Ledger; key: string } => {
  const key = ledgerKey(action, event, index)
  const before = owed.get(key)
  const entry: Owed = {
    key,
    intent: action.type,
    params: action.params,
    status: 'wanted',
    attempt: typeof action.params.attempt === 'number' ? action.params.attempt : (before?.attempt ?? 1),
    eventId: event.id,
    // A look-up keeps the owner: its late answer is still the truth about the world.
    ...(action.type === 'lookUp' ? present({ owner: before?.owner, formerOwner: before?.formerOwner }) : {}),
  }
  return { owed: withEntry(owed, key, entry), key }
}

/** Under which an intent is owed. `index` as for {@link oweIntent}. */
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

/** A call that is over needs none of its timers. */
export const disarmChart = (timers: Timers, chart: string): Timers => {
  const rest = [...timers].filter(([, timer]) => timer.chart !== chart)
  return rest.length === timers.size ? timers : new Map(rest)
}

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
