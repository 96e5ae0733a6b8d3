import type { RunEvent } from '../events/envelope.ts'
import type { RunEventType } from '../events/run-events.ts'

// What a run owes, as far as its recorded steps tell: the same rules as those of the fold's ledger, without a chart.
// It leaves out what only a person can go on with.

export type Due = Readonly<Record<string, number>>
export type Asked = Readonly<Record<string, 'approval' | 'human'>>

const UNCLAIMED = 0
const THE_RUN = ''

/** Types whose event is the last word on its call id, until the chart asks for more at the same event. */
const settlingTypes: ReadonlySet<RunEventType> = new Set([
  'ToolCallQueued',
  'ApprovalRequested',
  'ApprovalGranted',
  'ApprovalDenied',
  'ModelCallSucceeded',
  'ModelCallFailed',
  'ToolCallSucceeded',
  'ToolCallFailed',
  'ToolCallUnresolved',
  'ToolCallRejected',
  'ToolCallDenied',
  'ChildRunSucceeded',
  'ChildRunFailed',
])

const settledIntents: Partial<Record<RunEventType, string>> = {
  InputAccepted: 'checkInput',
  InputRejected: 'checkInput',
  OutputAccepted: 'checkOutput',
  OutputRejected: 'checkOutput',
  TurnCompleted: 'endTurn',
  LimitExceeded: 'reportLimit',
}

export const owedAfter = (before: Due, event: RunEvent): Due => {
  let owed = settle(before, event)
  for (const { intent, key } of intentsOf(event)) {
    if (intent === 'abandon') owed = {}
    else if (intent === 'endRun') owed = { [key]: UNCLAIMED }
    else if (intent !== 'disarm') owed = { ...owed, [key]: UNCLAIMED }
  }
  return owed
}

const settle = (owed: Due, event: RunEvent): Due => {
  if (event.type === 'ModelCallRequested' || event.type === 'ToolCallRequested') {
    const { callId, leaseUntil } = event.data
    return Object.hasOwn(owed, callId) ? { ...owed, [callId]: leaseUntil } : owed
  }
  if (event.type === 'RunEscalated') return without(owed, event.data.callId ?? 'escalate')
  const key = settledCall(event) ?? settledIntents[event.type]
  return key === undefined ? owed : without(owed, key)
}

const settledCall = (event: RunEvent): string | undefined =>
  settlingTypes.has(event.type) && 'callId' in event.data ? event.data.callId : undefined

export const askedAfter = (before: Asked, event: RunEvent): Asked => {
  // What a chart abandons nobody has to answer any more; an escalation of the run itself stands.
  const asked = intentsOf(event).some(({ intent }) => intent === 'abandon') ? keep(before, (key) => key === THE_RUN) : before
  switch (event.type) {
    case 'ApprovalRequested':
      return { ...asked, [event.data.callId]: 'approval' }
    case 'RunEscalated':
      return { ...asked, [event.data.callId ?? THE_RUN]: 'human' }
    case 'HumanAnswerReceived':
    case 'RunReturned':
      return without(asked, THE_RUN)
    default: {
      const callId = settledCall(event)
      return callId === undefined ? asked : without(asked, callId)
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
  for (const { intent, key } of intentsOf(event)) {
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

const intentsOf = ({ meta }: RunEvent): readonly { readonly intent: string; readonly key: string }[] =>
  (meta.intents ?? []).map((text) => {
    const colon = text.indexOf(':')
    return colon < 0 ? { intent: text, key: text } : { intent: text.slice(0, colon), key: text.slice(colon + 1) }
  })

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
