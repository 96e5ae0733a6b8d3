import type { RunEvent } from '../events/envelope.ts'
import { present } from '../present.ts'
import { recordedIntents, recordedWorkAfter, settledKey, waitingChild, type OpenWork } from './open-work.ts'

// What the row of a run keeps of its open work, so that it is known without a chart who has to do something, and when. It leaves out what
// only a person can go on with.

export type Due = Readonly<Record<string, number>>
export type Asked = Readonly<Record<string, 'approval' | 'human'>>

/** For whom a run waits that was asked for: null while it works. */
export interface Waiting {
  readonly whom: 'message' | 'approval' | 'human' | null
  /** Where somebody has to act. */
  readonly in?: string
}

/** Runs that a run waits for, by call id. */
export type WaitingChildren = Readonly<Record<string, Waiting>>

export interface RowWork {
  readonly owed: Due
  /** Absent where there is none. */
  readonly children?: WaitingChildren
}

const UNCLAIMED = 0
const THE_RUN = ''
export const nobody: Waiting = { whom: null }

export const rowWorkAfter = ({ owed, children }: RowWork, event: RunEvent): RowWork => {
  const row = { owed, ...present({ children }) }
  const before = openWork(row)
  const after = recordedWorkAfter(before, event)
  return after === before ? row : kept(after)
}

const openWork = ({ owed, children = {} }: RowWork): ReadonlyMap<string, OpenWork> =>
  new Map(
    Object.entries(owed).map(([key, until]) => [key, Object.hasOwn(children, key) ? childOf(children[key] ?? nobody) : workUntil(until)]),
  )

const workUntil = (leaseUntil: number): OpenWork => (leaseUntil === UNCLAIMED ? { status: 'wanted' } : { status: 'claimed', leaseUntil })

const childOf = ({ whom, in: waitsIn }: Waiting): OpenWork => ({
  status: 'parked',
  intent: 'startChildRun',
  ...present({ waitsFor: whom ?? undefined, waitsIn }),
})

const isOpenChild = ({ status, intent }: OpenWork): boolean => status === 'parked' && intent === 'startChildRun'

/** A child is asked again and again how it is, since its own word may have been lost with a process. */
const kept = (work: ReadonlyMap<string, OpenWork>): RowWork => {
  const open = [...work].filter(([, entry]) => entry.status !== 'parked' || isOpenChild(entry))
  const children = open.filter(([, entry]) => isOpenChild(entry))
  return {
    owed: Object.fromEntries(
      open.map(([key, { status, leaseUntil }]) => [key, status === 'claimed' ? (leaseUntil ?? UNCLAIMED) : UNCLAIMED]),
    ),
    ...(children.length === 0 ? {} : { children: Object.fromEntries(children.map(([callId, child]) => [callId, waitingOf(child)])) }),
  }
}

/** Whoever paused a run below is a person too. */
const waitingOf = ({ waitsFor, waitsIn }: OpenWork): Waiting =>
  waitsFor === undefined ? nobody : { whom: waitsFor === 'resume' ? 'human' : waitsFor, ...present({ in: waitsIn }) }

/** Whoever the run itself has asked comes before those whom a run below it has. */
export const whoIsNeeded = (asked: Asked, { owed, children = {} }: RowWork, inTurn: boolean): Waiting => {
  const whom = Object.values(asked)
  if (whom.includes('approval')) return { whom: 'approval' }
  if (whom.includes('human')) return { whom: 'human' }
  const child = waitingChild(Object.values(children).map(childOf))
  if (child !== undefined) return waitingOf(child)
  return inTurn || Object.keys(owed).length > 0 ? nobody : { whom: 'message' }
}

export const askedAfter = (before: Asked, event: RunEvent): Asked => {
  // What a chart abandons nobody has to answer any more; an escalation of the run itself stands.
  const asked = recordedIntents(event.meta).some(({ intent }) => intent === 'abandon') ? keep(before, (key) => key === THE_RUN) : before
  switch (event.type) {
    case 'ApprovalRequested':
      return { ...asked, [event.data.callId]: 'approval' }
    case 'RunEscalated':
      return { ...asked, [event.data.callId ?? THE_RUN]: 'human' }
    case 'HumanAnswerReceived':
    case 'RunReturned':
      return without(asked, THE_RUN)
    default: {
      const key = settledKey(event)
      return key === undefined ? asked : without(asked, key)
    }
  }
}

/** A timer is named `<revision that armed it>.<key>`, and its key is armed once at a time. */
export const timersAfter = (before: Due, event: RunEvent): Due => {
  const timers = disarm(before, event)
  if (event.type === 'TimerFired') return without(timers, event.data.timerId)
  if (event.type !== 'TimerScheduled') return timers
  const key = timerKey(event.data.timerId)
  return { ...keep(timers, (timerId) => timerKey(timerId) !== key), [event.data.timerId]: event.data.dueAt }
}

/** A tool call that moves leaves the state whose timer it had; a chart says itself what else it takes back. */
const disarm = (timers: Due, event: RunEvent): Due => {
  if (Object.keys(timers).length === 0) return timers
  let left = timers
  for (const callId of movedCalls(event.meta.to)) left = keep(left, (timerId) => !timerKey(timerId).startsWith(`${callId}/`))
  for (const { intent, key } of recordedIntents(event.meta)) {
    if (intent === 'endRun') left = {}
    else if (intent === 'disarm') left = without(left, key)
  }
  return left
}

/** The earliest of all, or null where there is nothing. */
export const attentionAt = (owed: Due, timers: Due): number | null => {
  const times = [...Object.values(owed), ...Object.values(timers)]
  return times.length === 0 ? null : Math.min(...times)
}

/** Of `<place>; <callId>=<place of the call> …`. */
const movedCalls = (to: string): string[] =>
  to
    .split('; ')
    .slice(1)
    .map((text) => text.slice(0, text.lastIndexOf('=')))

const timerKey = (timerId: string): string => timerId.slice(timerId.indexOf('.') + 1)

const without = <Value>(record: Readonly<Record<string, Value>>, key: string): Readonly<Record<string, Value>> =>
  Object.hasOwn(record, key) ? keep(record, (other) => other !== key) : record

const keep = <Value>(record: Readonly<Record<string, Value>>, isKept: (key: string) => boolean): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => isKept(key)))
