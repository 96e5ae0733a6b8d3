import type { RunView } from 'refold'
import { customerRuns, PICTURE } from './customers.ts'
import type { Booking } from './shop.ts'

/** The part of a run's view that is shown, as the library and the HTTP service both give it. */
export type FinalView = Pick<RunView, 'runId' | 'agent' | 'state' | 'turn' | 'answer'>

export const FINAL_STATES = 'Final states'

/** How the runs ended, and what was booked for them, one line a run. The same wherever they ran. */
export const finalStates = (views: readonly FinalView[], bookings: readonly Booking[]): readonly string[] => {
  const rows = views.map(({ runId, agent, state, turn, answer }) => [
    nameOf(runId),
    agent,
    state,
    String(turn),
    bookings.flatMap((booking) => (booking.key.startsWith(`${runId}/`) ? [bookingText(booking)] : [])).join(', ') || '-',
    answer ?? '-',
  ])
  const table = [['run', 'agent', 'state', 'turns', 'bookings', 'answer'], ...rows]
  const widths = table.reduce<number[]>(
    (most, row) => row.map((cell, column) => Math.max(cell.length, most[column] ?? 0)),
    [PICTURE.length],
  )
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** On servers that hold other runs already, an id goes on behind the name. */
const nameOf = (runId: string): string => NAMES.find((name) => runId === name || runId.startsWith(`${name}-`)) ?? runId

const NAMES = [...customerRuns, PICTURE]

const bookingText = ({ kind, amountUsd }: Booking): string => `${kind} of ${amountUsd} $`
