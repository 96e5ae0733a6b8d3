import type { RecordedRunEvent } from '../events/envelope.ts'
import { offset } from './amounts.ts'
import type { Colours } from './colours.ts'
import { eventSummary } from '../projections/event-summary.ts'
import type { LiveRun } from './live-run.ts'
import { oneLine } from '../projections/printable.ts'
import { typePaint } from './timeline.ts'

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
