import { createStore } from '@xstate/store'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { counted } from './amounts.ts'
import { money } from '../projections/amount-text.ts'

/** What `tail` knows of the log: a fold of the events it has shown. */
interface LiveLog {
  readonly events: number
  readonly costMicroUsd: number
  /** When each run began, by run id: what the times in its lines count from. */
  readonly startedAt: Readonly<Record<string, number>>
}

const nothing: LiveLog = { events: 0, costMicroUsd: 0, startedAt: {} }

export const liveLog = () =>
  createStore({
    context: nothing,
    on: {
      knew: (log, { runId, startedAt }: { readonly runId: string; readonly startedAt: number }) => ({
        ...log,
        startedAt: { ...log.startedAt, [runId]: startedAt },
      }),
      recorded: (log, { event }: { readonly event: RecordedRunEvent }) => ({
        ...log,
        events: log.events + 1,
        costMicroUsd: log.costMicroUsd + costOf(event),
      }),
    },
  })

const costOf = (event: RecordedRunEvent): number =>
  event.type === 'ModelCallSucceeded' || event.type === 'ModelCallFailed' ? (event.data.costMicroUsd ?? 0) : 0

export const liveLogStatus = ({ events, costMicroUsd, startedAt }: LiveLog): string =>
  `… ${counted(events, 'event')} of ${counted(Object.keys(startedAt).length, 'run')} · ${money(costMicroUsd)}`
