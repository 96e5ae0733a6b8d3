import { finalEventTypes } from '../../src/events/run-events.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import { afterPause, applyToBudget, emptyBudget, withoutChildren, withoutWaiting, type Budget } from '../../src/projections/budget.ts'
import { withEntry } from '../../src/projections/entries.ts'
import { recordedIntents, workAfter, workAsked, type Intent, type OpenWork } from '../../src/projections/open-work.ts'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { askedAfter, timersAfter, type Asked, type Due } from '../../src/projections/run-index-work.ts'
import { begunFork, forkAfter, isCopied, type RowFork } from '../../src/projections/row-fork.ts'
import { toolCallChanges, type ToolCallRecord } from '../../src/projections/tool-call-records.ts'
import { eventOfOutline } from './outline-event.ts'

/** What a run was after one of its events, from outlines alone: by the rules of the server, and for any agent, since no chart is asked. */
export interface RunAt {
  /** Where its chart stood. */
  readonly place: string
  readonly calls: ReadonlyMap<string, ToolCallRecord>
  /** Where the charts of its tool calls stood. */
  readonly callPlaces: ReadonlyMap<string, string>
  /** Ids of those that the event has moved. */
  readonly movedCalls: readonly string[]
  /** Ids of the {@link NEWEST_CALLS} that were asked for last, the newest last: to go through all of them takes long. */
  readonly newestCalls: readonly string[]
  readonly budget: Budget
  readonly work: ReadonlyMap<string, OpenWork>
  readonly asked: Asked
  readonly timers: Due
  readonly isPaused: boolean
  /** Where it is a fork. */
  readonly fork: RowFork | undefined
  /** Of the event, ms since the epoch. */
  readonly at: number
  /** `name@version` */
  readonly agent: string
  readonly openCalls: Readonly<Record<string, ToolCallRecord>>
  /** Of one that is over, what it was before: what it goes on from if it is reopened. */
  readonly beforeEnd: RunAt | undefined
}

const nothing: RunAt = {
  place: '',
  calls: new Map(),
  callPlaces: new Map(),
  movedCalls: [],
  newestCalls: [],
  budget: emptyBudget,
  work: new Map(),
  asked: {},
  timers: {},
  isPaused: false,
  fork: undefined,
  at: 0,
  agent: '',
  openCalls: {},
  beforeEnd: undefined,
}

/** The run after one event more; before the first it is undefined. */
export const runAfter = (before: RunAt = nothing, row: OutlineRow, runId: string): RunAt =>
  row.type === 'RunScored' ? { ...before, movedCalls: [] } : ledTo(before, row, runId)

const ledTo = (before: RunAt, row: OutlineRow, runId: string): RunAt => {
  if (row.type === 'RunReopened' && before.beforeEnd !== undefined) return reopened(before, before.beforeEnd, row)
  const event = eventOfOutline(row, runId)
  const isOver = finalEventTypes.has(row.type)
  const [place = '', ...moved] = row.to.split('; ')
  const fork = lineageAfter(before.fork, event)
  const calls = callsAfter(before, event, { isOver, isCopy: isCopied({ fork }, event) })
  return {
    place: place === '' ? before.place : place,
    ...calls,
    ...callPlacesAfter(before, event, moved),
    budget: budgetAfter(before, event),
    ...(isOver ? NOTHING_OPEN : openAfter(before, event)),
    isPaused: row.type === 'RunPaused' || (before.isPaused && row.type !== 'RunResumed'),
    fork,
    at: row.at,
    beforeEnd: isOver ? before : beforeEndAfter(before, row),
    agent: row.agentVersion === undefined ? before.agent : `${row.agent ?? ''}@${row.agentVersion}`,
  }
}

const NOTHING_OPEN = { work: new Map<string, OpenWork>(), asked: {}, timers: {} }

const openAfter = ({ work, asked, timers }: RunAt, event: RunEvent): Pick<RunAt, 'work' | 'asked' | 'timers'> => ({
  work: openWorkAfter(work, event),
  asked: askedAfter(asked, event),
  timers: dueAfter(timers, event),
})

/** The time in which it was over counts for nothing. */
const beforeEndAfter = ({ beforeEnd: was, at }: RunAt, row: OutlineRow): RunAt | undefined =>
  was === undefined || row.type !== 'RunMoved' ? was : { ...was, budget: afterPause(was.budget, row.at - at) }

/** What was claimed has no owner any more, and timers are set anew by events of their own. */
const reopened = (over: RunAt, was: RunAt, { to, at }: OutlineRow): RunAt => ({
  ...was,
  place: to.split('; ')[0] ?? was.place,
  work: new Map([...was.work].map(([key, work]) => [key, work.status === 'claimed' ? { ...work, owner: NOBODY, leaseUntil: 0 } : work])),
  timers: {},
  movedCalls: [],
  budget: afterPause(was.budget, at - over.at),
  agent: over.agent,
  at,
})

const NOBODY = 'nobody'

/** At its fork a run schedules its timers anew. */
const dueAfter = (timers: Due, event: RunEvent): Due => (event.type === 'RunForked' ? {} : timersAfter(timers, event))

const lineageAfter = (fork: RowFork | undefined, event: RunEvent): RowFork | undefined =>
  event.type === 'RunStarted' ? begunFork(event) : forkAfter(fork, event)

/**
 * For a fork no time has passed since the last event that it has in common with its origin. A chart that abandons its calls waits for nobody
 * any more.
 */
const budgetAfter = ({ budget, at }: RunAt, event: RunEvent): Budget => {
  const after = applyToBudget(budget, event)
  if (event.type === 'RunForked') return afterPause(after, Math.max(0, event.meta.at - at))
  return hasAbandoned(event) ? withoutChildren(withoutWaiting(after, event.meta.at)) : after
}

const hasAbandoned = ({ meta }: RunEvent): boolean => recordedIntents(meta).some(({ intent }) => intent === 'abandon')

/** Where the chart of every tool call begins. */
const CHECKING = 'checking'

/** `moved` as it is recorded, `3.0=running`: a call that begins is not among them, and one that was abandoned has no chart any more. */
const callPlacesAfter = (before: RunAt, event: RunEvent, moved: readonly string[]): Pick<RunAt, 'callPlaces' | 'movedCalls'> => {
  const intents = recordedIntents(event.meta)
  const kept = hasAbandoned(event) ? new Map<string, string>() : before.callPlaces
  const begun = intents.flatMap(({ intent, key }) => (intent === 'checkCall' ? [[key, CHECKING] as const] : []))
  const left = moved.map((text) => [text.slice(0, text.lastIndexOf('=')), text.slice(text.lastIndexOf('=') + 1)] as const)
  const entries = [...begun, ...left]
  return {
    callPlaces: entries.reduce((places, [callId, place]) => withEntry(places, callId, place), kept),
    movedCalls: [...new Set(entries.map(([callId]) => callId))],
  }
}

const openWorkAfter = (work: ReadonlyMap<string, OpenWork>, event: RunEvent): ReadonlyMap<string, OpenWork> =>
  recordedIntents(event.meta).reduce(
    (open, asked) => workAsked(open, asked, FOR_NOTHING.has(asked.intent) ? undefined : wantedAt(open, asked)),
    workAfter(work, event),
  )

/** What has waited in a queue goes on as what it was. */
const wantedAt = (open: ReadonlyMap<string, OpenWork>, { intent, key }: Intent): OpenWork => {
  const queued = intent === 'proceed' ? open.get(key) : undefined
  if (queued === undefined) return { status: 'wanted', intent }
  const { behind: _, ...left } = queued
  return { ...left, status: 'wanted' }
}

const FOR_NOTHING: ReadonlySet<string> = new Set(['abandon', 'disarm'])

interface AroundCalls {
  readonly isOver: boolean
  readonly isCopy: boolean
}

type Calls = Pick<RunAt, 'calls' | 'openCalls' | 'newestCalls'>

export const NEWEST_CALLS = 50

const callsAfter = (before: RunAt, event: RunEvent, { isOver, isCopy }: AroundCalls): Calls => {
  const intents = recordedIntents(event.meta)
  const checked = intents.filter(({ intent }) => intent === 'checkCall').map(({ key }) => key)
  const corrected = event.type === 'ToolCallCorrected' ? before.calls.get(event.data.callId) : undefined
  const open = corrected === undefined ? before.openCalls : { ...before.openCalls, [corrected.callId]: corrected }
  const isEnding = isOver || hasAbandoned(event)
  const changes = toolCallChanges(open, event, { isEnding, checked, isCopy })
  if (changes.length === 0) return { calls: before.calls, openCalls: before.openCalls, newestCalls: before.newestCalls }
  const stillOpen = new Map(Object.entries(before.openCalls))
  for (const record of changes) {
    if (record.settledAt === null) stillOpen.set(record.callId, record)
    else stillOpen.delete(record.callId)
  }
  const asked = changes.map(({ callId }) => callId).filter((callId) => !before.calls.has(callId))
  return {
    calls: changes.reduce((calls, record) => withEntry(calls, record.callId, record), before.calls),
    openCalls: Object.fromEntries(stillOpen),
    newestCalls: asked.length === 0 ? before.newestCalls : [...before.newestCalls, ...asked].slice(-NEWEST_CALLS),
  }
}
