import { createStore } from '@xstate/store'
import { pathPart } from '../address/path-part.ts'
import { ask } from '../server/ask.ts'
import type { OneEvent } from '../server/contract.ts'

/** Whole events, as they were asked for. */
interface Events {
  readonly runId: string
  readonly byRevision: ReadonlyMap<number, OneEvent>
  /** Payloads that are stored apart, by revision and field. */
  readonly fields: ReadonlyMap<string, unknown>
  readonly error: unknown
}

const nothing: Events = { runId: '', byRevision: new Map(), fields: new Map(), error: undefined }
const MOST_KEPT = 100

export const events = createStore({
  context: nothing,
  on: {
    wanted: (before, { runId, revision }: { runId: string; revision: number }, enqueue) => {
      const kept = before.runId === runId ? before : { ...nothing, runId }
      if (!kept.byRevision.has(revision)) enqueue.effect(() => void load(runId, revision))
      return kept
    },
    loaded: (before, { runId, revision, event }: { runId: string; revision: number; event: OneEvent }) => {
      if (before.runId !== runId) return before
      const newest = [...before.byRevision].slice(-MOST_KEPT)
      return { ...before, byRevision: new Map(newest).set(revision, event), error: undefined }
    },
    fieldWanted: (before, { revision, field }: { revision: number; field: string }, enqueue) => {
      enqueue.effect(() => void loadField(before.runId, revision, field))
      return before
    },
    fieldLoaded: (before, { runId, name, value }: { runId: string; name: string; value: unknown }) =>
      before.runId === runId ? { ...before, fields: new Map(before.fields).set(name, value) } : before,
    failed: (before, { runId, error }: { runId: string; error: unknown }) => (before.runId === runId ? { ...before, error } : before),
  },
})

export const fieldKey = (revision: number, field: string): string => `${revision} ${field}`

const load = async (runId: string, revision: number): Promise<void> => {
  try {
    const event = await ask<OneEvent>(`/v1/runs/${pathPart(runId)}/events/${revision}`)
    events.trigger.loaded({ runId, revision, event })
  } catch (error) {
    events.trigger.failed({ runId, error })
  }
}

const loadField = async (runId: string, revision: number, field: string): Promise<void> => {
  try {
    const path = `/v1/runs/${pathPart(runId)}/events/${revision}?field=${pathPart(field)}`
    const { value } = await ask<{ value: unknown }>(path)
    events.trigger.fieldLoaded({ runId, name: fieldKey(revision, field), value })
  } catch (error) {
    events.trigger.failed({ runId, error })
  }
}
