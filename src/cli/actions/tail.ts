import { AppError } from '../../errors.ts'
import { runIdOf, RUN_STREAM_PREFIX } from '../../events/codec.ts'
import type { StoredEvent } from '../../eventlog/event-log.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { present } from '../../present.ts'
import { followRun } from '../../runtime/reading/follow-run.ts'
import { tailLine } from '../timeline.ts'
import type { CommandLine } from '../command-line.ts'
import { createScreen } from '../screen.ts'
import { reading } from '../session.ts'
import { eventsOfRun, exportedEvent, tryRead } from '../stored-events.ts'
import { createStore } from '@xstate/store'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { counted, money } from '../../projections/amount-text.ts'

export interface TailOptions {
  readonly from?: number
}

export const tail = (line: CommandLine, runId: string | undefined, { from }: TailOptions): Promise<void> =>
  reading(line, async (refold) => {
    const { output, signal } = line
    const screen = createScreen(line, output.json)
    const live = liveLog()
    live.subscribe(({ context }) => {
      screen.status(liveLogStatus(context))
    })
    const after = await afterOf(refold, runId, from)
    const past = from === undefined ? ' (what is past: --from 0)' : ''
    await output.note(`Following ${runId ?? 'all runs'}: events show as they are recorded${past}. Ctrl-C ends it.`)
    const events = runId === undefined ? eventsOfAll(refold, { after, signal }) : followRun(refold.log, runId, { from: after + 1, signal })
    for await (const event of events) {
      const read = await tryRead(refold.blobs, event)
      if (output.json) await output.record(exportedEvent(read))
      else {
        const startedAt = await startOf(refold, live, event)
        screen.rest()
        const shown = { colours: output.colours, width: output.width, showsRun: runId === undefined }
        await output.line(read.ok ? tailLine(read.event, startedAt, shown) : `unreadable: ${read.problem.message}`)
        if (read.ok) live.trigger.recorded({ event: read.event })
      }
    }
    screen.rest()
    if (!signal.aborted) await output.note(`${runId ?? 'the log'} has ended`)
  })

/** Revision or position of the event before the first; -1 for all. */
const afterOf = async (refold: OpenRefold, runId: string | undefined, from: number | undefined): Promise<number> => {
  const newest = runId === undefined ? await refold.log.head() : await newestRevision(refold, runId)
  if (from !== undefined && newest !== undefined && from > newest + 1) {
    throw new AppError('InvalidInput', `Expected --from up to ${newest + 1}, where the next event comes, found ${from}`, {
      details: { from, newest },
    })
  }
  return from === undefined ? (newest ?? -1) : from - 1
}

async function* eventsOfAll(
  { log }: OpenRefold,
  { after, signal }: { readonly after: number; readonly signal: AbortSignal },
): AsyncGenerator<StoredEvent> {
  const begin = present({ after: after < 0 ? undefined : after })
  for await (const item of log.subscribe({ ...begin, filter: { streamPrefix: RUN_STREAM_PREFIX }, signal }))
    if (item.kind === 'event') yield item.event
}

const newestRevision = async (refold: OpenRefold, runId: string): Promise<number> => {
  let revision = -1
  for await (const { stored } of eventsOfRun(refold, runId)) revision = stored.revision
  return revision
}

/** A run may have begun long before its first line here. */
const startOf = async ({ log, blobs }: OpenRefold, live: ReturnType<typeof liveLog>, event: StoredEvent): Promise<number> => {
  const runId = runIdOf(event.stream)
  const known = live.getSnapshot().context.startedAt[runId]
  if (known !== undefined) return known
  let startedAt = event.storedAt
  for await (const first of log.readStream(event.stream, { limit: 1 })) {
    const read = await tryRead(blobs, first)
    startedAt = read.ok ? read.event.meta.at : first.storedAt
  }
  live.trigger.knew({ runId, startedAt })
  return startedAt
}

/** What `tail` knows of the log: a fold of the events it has shown. */
interface LiveLog {
  readonly events: number
  readonly costMicroUsd: number
  /** When each run began, by run id: what the times in its lines count from. */
  readonly startedAt: Readonly<Record<string, number>>
}

const nothing: LiveLog = { events: 0, costMicroUsd: 0, startedAt: {} }

const liveLog = () =>
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

const liveLogStatus = ({ events, costMicroUsd, startedAt }: LiveLog): string =>
  `… ${counted(events, 'event')} of ${counted(Object.keys(startedAt).length, 'run')} · ${money(costMicroUsd)}`
