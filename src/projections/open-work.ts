import type { ToolEffect } from '../events/definition.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { ModelSettings } from '../events/model-settings.ts'
import type { DataOf, RunEventType, WaitsFor } from '../events/run-events.ts'
import { present, type Optional } from '../present.ts'
import { withEntry, withoutKey } from './entries.ts'

// Open work: what the charts of a run have asked for and no event has settled yet. It is folded here and nowhere else, from each event and
// the intents of its step: for a run's state from those that its charts have just asked for, for a row of the views, which has no charts,
// from those that were recorded. A row keeps less of an entry, so whatever is optional here may be absent there.

export interface OpenWork {
  /**
   * `wanted`: nobody has begun it. `claimed`: an owner performs it, or did when it died.
   * `parked`: nothing to do until a person, another run or an earlier call has answered.
   */
  readonly status: 'wanted' | 'claimed' | 'parked'
  readonly intent?: string
  readonly attempt?: number
  readonly owner?: string
  readonly leaseUntil?: number
  /** Who may still be at the attempt: of a call that is looked up, or whose run was failed and reopened. */
  readonly formerOwner?: string
  /** So many owners of this call have ended without an answer. */
  readonly lostOwners?: number
  /** Of a tool call, by the code that claimed it. */
  readonly effect?: ToolEffect
  /** Of a model call, as its claim recorded them. */
  readonly settings?: ModelSettings
  /** Of a claim: it may have happened before, so that nobody performs it. */
  readonly lookUpFirst?: true
  /** The call whose last word it waits for, while it is parked for that. */
  readonly behind?: string
  /** Of a child run that waits for somebody: for whom, and in which run. */
  readonly waitsFor?: WaitsFor
  readonly waitsIn?: string
  /** Of a child run, once the request is recorded. */
  readonly childRunId?: string
  /** Id of the event that asked for it or claimed it: the cause of what settles it. */
  readonly eventId?: string
}

/** By call id, or by the name of an intent that a chart has open once at most. */
type Work<Entry extends OpenWork> = ReadonlyMap<string, Entry>

/** Events by which a process says that it performs something. */
export const claimTypes: ReadonlySet<string> = new Set<RunEventType>(['ModelCallRequested', 'ToolCallRequested', 'ToolCallLookupRequested'])

/** Work after an event, before any chart has reacted to it; the very same where it says nothing of it. */
export const workAfter = <Entry extends OpenWork>(work: Work<Entry>, event: RunEvent): Work<Entry> => {
  switch (event.type) {
    case 'ModelCallRequested':
      return claim(work, event, { settings: event.data.settings })
    case 'ToolCallRequested':
      return claim(work, event, { intent: 'startCall', ...present({ effect: event.data.effect, lookUpFirst: event.data.lookUpFirst }) })
    case 'ChildRunRequested':
      return park(work, event.data.callId, { eventId: event.id, intent: 'startChildRun', childRunId: event.data.childRunId })
    case 'ChildRunReported':
      return setWaiting(work, event.data)
    case 'ApprovalRequested':
      // A call's own approval is between its chart and the person; a question of the run's chart stays open until it is answered.
      return work.get(event.data.callId)?.intent === 'askApproval'
        ? park(work, event.data.callId, { eventId: event.id })
        : withoutKey(work, event.data.callId)
    case 'ToolCallQueued':
      return park(work, event.data.callId, { behind: event.data.behind })
    case 'ToolCallUnresolved':
      return park(work, event.data.callId, { eventId: event.id })
    case 'ToolCallLookupRequested':
      return claimLookUp(work, event)
    case 'RunForked':
      return wantedAgain(work)
    case 'RunEscalated':
      return event.data.callId === undefined ? withoutKey(work, 'escalate') : park(work, event.data.callId, { eventId: event.id })
    default: {
      const key = settledKey(event)
      return key === undefined ? work : withoutKey(work, key)
    }
  }
}

/** Types whose event is the last word on its call id, until the chart asks for more at the same event. */
const lastWords: ReadonlySet<RunEventType> = new Set<RunEventType>([
  'ApprovalGranted',
  'ApprovalDenied',
  'ModelCallSucceeded',
  'ModelCallFailed',
  'ToolCallSucceeded',
  'ToolCallFailed',
  'ToolCallRejected',
  'ToolCallDenied',
  'ChildRunSucceeded',
  'ChildRunFailed',
])

/** What an event settles that has no call id. */
const settledIntents: Readonly<Partial<Record<RunEventType, string>>> = {
  InputAccepted: 'checkInput',
  InputRejected: 'checkInput',
  OutputAccepted: 'checkOutput',
  OutputRejected: 'checkOutput',
  TurnCompleted: 'endTurn',
  LimitExceeded: 'reportLimit',
}

/** What an event settles: a call id, or the name of an intent. */
export const settledKey = (event: RunEvent): string | undefined =>
  lastWords.has(event.type) && 'callId' in event.data ? event.data.callId : settledIntents[event.type]

const claim = <Entry extends OpenWork>(
  work: Work<Entry>,
  { id, data: { callId, owner, leaseUntil, attempt, lostOwners } }: Extract<RunEvent, { type: 'ModelCallRequested' | 'ToolCallRequested' }>,
  more: Optional<Pick<OpenWork, 'intent' | 'effect' | 'lookUpFirst' | 'settings'>>,
): Work<Entry> =>
  changed(work, callId, {
    lookUpFirst: undefined,
    owner,
    leaseUntil,
    attempt,
    ...present({ lostOwners }),
    ...more,
    status: 'claimed',
    eventId: id,
  })

/** Whoever looks up is not the one who may still be at the attempt. */
const claimLookUp = <Entry extends OpenWork>(
  work: Work<Entry>,
  { id, data: { callId, owner, leaseUntil, lostOwners } }: Extract<RunEvent, { type: 'ToolCallLookupRequested' }>,
): Work<Entry> => {
  const entry = work.get(callId)
  if (entry === undefined) return work
  const formerOwner = entry.formerOwner ?? (entry.status === 'claimed' ? undefined : entry.owner)
  return changed(work, callId, { ...present({ formerOwner }), owner, leaseUntil, lostOwners, status: 'claimed', eventId: id })
}

/** In a fork nobody performs what its origin had claimed, and the runs that it had asked for are not the fork's. */
const wantedAgain = <Entry extends OpenWork>(work: Work<Entry>): Work<Entry> =>
  new Map(
    [...work].map(([key, entry]) => {
      const { status, intent, attempt = 1 } = entry
      if (status !== 'claimed') return [key, changedEntry(entry, { waitsFor: undefined, waitsIn: undefined })]
      const next = intent === 'lookUp' ? attempt : attempt + 1
      return [key, changedEntry(entry, { ...unclaimed, status: 'wanted', attempt: next })]
    }),
  )

const unclaimed = {
  owner: undefined,
  formerOwner: undefined,
  leaseUntil: undefined,
  lostOwners: undefined,
  lookUpFirst: undefined,
  settings: undefined,
} as const

const park = <Entry extends OpenWork>(work: Work<Entry>, callId: string, more: Optional<OpenWork>): Work<Entry> =>
  changed(work, callId, { ...more, status: 'parked' })

const setWaiting = <Entry extends OpenWork>(
  work: Work<Entry>,
  { callId, waitsFor: whom, waitsIn }: DataOf<'ChildRunReported'>,
): Work<Entry> => {
  const waitsFor = whom ?? undefined
  const entry = work.get(callId)
  return entry?.waitsFor === waitsFor && entry?.waitsIn === waitsIn ? work : changed(work, callId, { waitsFor, waitsIn })
}

const changed = <Entry extends OpenWork>(work: Work<Entry>, key: string, changes: Optional<OpenWork>): Work<Entry> => {
  const entry = work.get(key)
  return entry === undefined ? work : withEntry(work, key, changedEntry(entry, changes))
}

/** What is `undefined` is taken away. */
const changedEntry = <Entry extends OpenWork>(entry: Entry, changes: Optional<OpenWork>): Entry =>
  present({ ...entry, ...changes }) as Entry

/** What waited for the last word on a call, as it is wanted again. */
export const freedBy = <Entry extends OpenWork>(work: Work<Entry>, callId: string): readonly (readonly [key: string, entry: Entry])[] => {
  const freed: (readonly [string, Entry])[] = []
  for (const [key, entry] of work) {
    if (entry.behind === callId) freed.push([key, changedEntry(entry, { behind: undefined, status: 'wanted' })])
  }
  return freed
}

/** As it is recorded with the event at which it was asked for. */
export interface Intent {
  readonly intent: string
  readonly key: string
}

/** Intents that take the place of all that was asked for before. */
const endsOthers: ReadonlySet<string> = new Set(['abandon', 'endRun'])

/** Work after an intent. `wanted` is undefined for one that asks for no work. */
export const workAsked = <Entry extends OpenWork>(work: Work<Entry>, { intent, key }: Intent, wanted: Entry | undefined): Work<Entry> => {
  const left = endsOthers.has(intent) ? new Map<string, Entry>() : work
  return wanted === undefined ? left : withEntry(left, key, wanted)
}

/** They ask for no work. */
const asksForNothing: ReadonlySet<string> = new Set(['abandon', 'disarm'])
const wanted: OpenWork = { status: 'wanted' }

/** Work after an event and all that its step has recorded, for whoever has no chart. */
export const recordedWorkAfter = (work: Work<OpenWork>, event: RunEvent): Work<OpenWork> =>
  recordedIntents(event.meta).reduce(
    (open, asked) => workAsked(open, asked, asksForNothing.has(asked.intent) ? undefined : wanted),
    workAfter(work, event),
  )

export const intentText = ({ intent, key }: Intent): string => `${intent}:${key}`

export const recordedIntents = ({ intents = [] }: Pick<RunEvent['meta'], 'intents'>): readonly Intent[] =>
  intents.map((text) => {
    const colon = text.indexOf(':')
    return colon < 0 ? { intent: text, key: text } : { intent: text.slice(0, colon), key: text.slice(colon + 1) }
  })

/** One of the child runs, where none of them works. */
export const waitingChild = <Entry extends OpenWork>(open: Iterable<Entry>): Entry | undefined => {
  let first: Entry | undefined
  for (const entry of open) {
    if (entry.intent !== 'startChildRun') continue
    if (entry.waitsFor === undefined) return undefined
    first ??= entry
  }
  return first
}
