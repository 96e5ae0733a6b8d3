import { offset } from './amounts.ts'
import type { Colours, Paint } from './colours.ts'
import { eventSummary } from '../projections/event-summary.ts'
import type { ReadEvent } from './stored-events.ts'
import { textTable } from './text-table.ts'

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
export const typePaint =
  ({ good, bad, attention }: Colours): Paint =>
  (text) => {
    const type = text.trim()
    if (/(Failed|Rejected|Exceeded|Unresolved|Denied)$/.test(type)) return bad(text)
    if (/^(ApprovalRequested|RunEscalated|RunPaused)$/.test(type)) return attention(text)
    return type === 'RunCompleted' ? good(text) : text
  }
