import { createStore } from '@xstate/store'
import type { RecordedRunEvent } from '../../src/events/envelope.ts'
import { diffRuns, type RunDiff } from '../../src/projections/run-diff.ts'
import { hrefOf } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import { ask } from '../server/ask.ts'

/** `RUN`, or `RUN@17`: a run up to a revision. */
export interface RunPlace {
  readonly runId: string
  readonly revision: number | undefined
}

export const runPlace = (text: string): RunPlace => {
  const [, runId = text, revision] = /^(.*)@(\d{1,15})$/.exec(text) ?? []
  return { runId, revision: revision === undefined ? undefined : Number(revision) }
}

/** One of the two. */
export interface Side {
  readonly place: RunPlace
  readonly events: readonly RecordedRunEvent[]
}

export interface Compared {
  readonly a: Side
  readonly b: Side
  readonly diff: RunDiff
}

interface DiffState {
  /** As the address has them. */
  readonly asked: string
  readonly compared: Compared | undefined
  /** Events that have come by now. */
  readonly loaded: number
  readonly error: unknown
  /** Why the two cannot be compared, in words. */
  readonly problem: string | undefined
}

const nothing: DiffState = { asked: '', compared: undefined, loaded: 0, error: undefined, problem: undefined }

/** Two runs side by side: what they are compared by is the code of `refold diff`. */
export const comparison = createStore({
  context: nothing,
  on: {
    wanted: (_, { a, b }: { a: string; b: string }, enqueue) => {
      const asked = JSON.stringify([a, b])
      enqueue.effect(() => void load(asked, runPlace(a), runPlace(b)))
      return { ...nothing, asked }
    },
    came: (before, { asked, events }: { asked: string; events: number }) =>
      before.asked === asked ? { ...before, loaded: before.loaded + events } : before,
    compared: (before, { asked, compared }: { asked: string; compared: Compared }) =>
      before.asked === asked ? { ...before, compared } : before,
    failed: (before, { asked, error, problem }: { asked: string; error?: unknown; problem?: string }) =>
      before.asked === asked ? { ...before, error, problem } : before,
  },
})

const load = async (asked: string, a: RunPlace, b: RunPlace): Promise<void> => {
  try {
    const came = (events: number): void => {
      comparison.trigger.came({ asked, events })
    }
    const [left, right] = await Promise.all([eventsOf(a, came), eventsOf(b, came)])
    const problem = beyond(a, left) ?? beyond(b, right)
    if (problem !== undefined) comparison.trigger.failed({ asked, problem })
    else
      comparison.trigger.compared({
        asked,
        compared: { a: { place: a, events: left }, b: { place: b, events: right }, diff: diffRuns(left, right) },
      })
  } catch (error) {
    comparison.trigger.failed({ asked, error })
  }
}

interface EventPage {
  readonly events: readonly RecordedRunEvent[]
  readonly next: number | null
}

const AT_ONCE = '1000'

const eventsOf = async ({ runId, revision = Infinity }: RunPlace, came: (events: number) => void): Promise<readonly RecordedRunEvent[]> => {
  const all: RecordedRunEvent[] = []
  for (let from: number | null = 0; from !== null && from <= revision;) {
    const path = hrefOf(`/v1/runs/${pathPart(runId)}/events`, { from: String(from), limit: AT_ONCE })
    const page: EventPage = await ask<EventPage>(path)
    all.push(...page.events.filter((event) => event.revision <= revision))
    came(page.events.length)
    from = page.next
  }
  return all
}

const beyond = ({ runId, revision }: RunPlace, events: readonly RecordedRunEvent[]): string | undefined => {
  const newest = events.at(-1)?.revision ?? 0
  return revision === undefined || revision <= newest
    ? undefined
    : `Expected a revision of ${runId} between 0 and ${newest}, found ${revision}`
}
