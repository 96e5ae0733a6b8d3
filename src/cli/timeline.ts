import { offset } from './amounts.ts'
import type { Colours, Paint } from './colours.ts'
import { eventSummary } from '../projections/event-summary.ts'
import type { ReadEvent } from './stored-events.ts'
import { textTable } from './text-table.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import type { LiveRun } from './live-run.ts'
import { oneLine } from '../projections/printable.ts'

const SUMMARY_AT_LEAST = 40

/** A run as lines: revision, time since its start, event, where it led, and what it says. */
export const timelineLines = (
  events: readonly ReadEvent[],
  { colours, width }: { readonly colours: Colours; readonly width: number },
): string[] => {
  const startedAt = events.map(timeOf)[0] ?? 0
  let place = ''
  const rows = events.map((read) => {
    const to = placeOf(read)
    const shown = to === place ? '·' : to
    place = to.split(';', 1)[0] ?? ''
    return [String(read.stored.revision), offset(timeOf(read) - startedAt), read.stored.type, shown, summaryOf(read)]
  })
  return textTable(
    [
      { title: 'REV', align: 'right', paint: colours.faint },
      { title: 'TIME', align: 'right', paint: colours.faint },
      { title: 'EVENT', paint: typePaint(colours) },
      { title: 'LED TO', paint: colours.name },
      { title: '', flexible: true },
    ],
    rows,
    Math.max(width, SUMMARY_AT_LEAST),
  )
}

const timeOf = (read: ReadEvent): number => (read.ok ? read.event.meta.at : read.stored.storedAt)

const placeOf = (read: ReadEvent): string => (read.ok ? read.event.meta.to : '?')

const summaryOf = (read: ReadEvent): string => (read.ok ? eventSummary(read.event) : `unreadable: ${read.problem.message}`)

/** What went wrong, what waits and what ended stand out; the rest stays quiet. */
const typePaint =
  ({ good, bad, attention }: Colours): Paint =>
  (text) => {
    const type = text.trim()
    if (/(Failed|Rejected|Exceeded|Unresolved|Denied)$/.test(type)) return bad(text)
    if (/^(ApprovalRequested|RunEscalated|RunPaused)$/.test(type)) return attention(text)
    return type === 'RunCompleted' ? good(text) : text
  }

/** What somebody who waits for an answer does not want to read about: it is seen in the answer itself, or says nothing. */
const QUIET: ReadonlySet<RecordedRunEvent['type']> = new Set([
  'RunStarted',
  'MessageReceived',
  'ModelCallRequested',
  'ModelCallSucceeded',
  'TimerScheduled',
  'TimerFired',
  'TurnCompleted',
  'HumanAnswerReceived',
])

/** One line about an event for somebody who watches a run; undefined where there is nothing to say. */
export const activityLine = (
  event: RecordedRunEvent,
  live: LiveRun,
  { colours, width }: { readonly colours: Colours; readonly width: number },
): string | undefined => {
  const summary = eventSummary(event)
  if (QUIET.has(event.type) || (summary === '' && event.type !== 'RunCompleted')) return undefined
  const tool = 'callId' in event.data && event.data.callId !== undefined ? live.tools[event.data.callId] : undefined
  const named = tool === undefined || event.type === 'ToolCallRequested' ? summary : summary.replace(' ', ` ${tool} `)
  const head = `${event.type.padEnd(19)} `
  return `${colours.faint('·')} ${typePaint(colours)(head)}${oneLine(named, Math.max(20, width - head.length - 2))}`
}

/** The same for any event of any run, with its time and its run. */
export const tailLine = (event: RecordedRunEvent, startedAt: number, { colours, width, showsRun }: TailLineOptions): string => {
  const time = offset(event.meta.at - startedAt).padStart(14)
  const run = showsRun ? `${event.runId}  ` : ''
  const head = `${time}  ${run}${String(event.revision).padStart(4)}  ${event.type.padEnd(19)} `
  const place = event.meta.to
  const room = Math.max(20, width - head.length - place.length - 3)
  return `${colours.faint(time)}  ${run}${colours.faint(String(event.revision).padStart(4))}  ${typePaint(colours)(event.type.padEnd(19))} ${colours.name(oneLine(place, Infinity))}  ${oneLine(eventSummary(event), room)}`.trimEnd()
}

interface TailLineOptions {
  readonly colours: Colours
  readonly width: number
  readonly showsRun: boolean
}
