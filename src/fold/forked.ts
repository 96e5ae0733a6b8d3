import type { RunEvent } from '../events/envelope.ts'
import type { ForkChanges } from '../events/fork.ts'
import { afterPause } from '../projections/budget.ts'
import type { RunState } from './run-state.ts'

/** What a run was started with, but for what its fork has changed. */
export const changedStart = (started: RunState['started'], { model }: ForkChanges): RunState['started'] =>
  model === undefined ? started : { ...started, settings: { ...started.settings, models: started.settings.models.map(() => model) } }

/**
 * The run at its fork. No time has passed for it since the last event of its origin; and whatever it asks the world for from here on, it asks
 * under keys of its own.
 */
export const forked = (before: RunState, noted: RunState, event: Extract<RunEvent, { type: 'RunForked' }>): RunState => {
  const passedMs = Math.max(0, event.meta.at - before.at)
  const own = (key: string): string => `${event.runId}/${key}`
  return {
    ...noted,
    started: changedStart(noted.started, event.data.changes),
    calls: new Map(
      [...noted.calls].map(([callId, { idempotencyKey: key, ...call }]) => [
        callId,
        { ...call, ...(key !== undefined && { idempotencyKey: own(key) }) },
      ]),
    ),
    doubts: new Map([...noted.doubts].map(([callId, doubt]) => [callId, { ...doubt, idempotencyKey: own(doubt.idempotencyKey) }])),
    acts: new Map([...noted.acts].map(([key, done]) => [own(key), done])),
    approvals: new Map(
      [...noted.approvals].map(([callId, asked]) => [
        callId,
        { ...asked, expiresAt: Math.min(Number.MAX_SAFE_INTEGER, asked.expiresAt + passedMs) },
      ]),
    ),
    timers: new Map([...noted.timers].map(([key, { dueAt: _, ...timer }]) => [key, { ...timer, askedAt: timer.askedAt + passedMs }])),
    budget: afterPause(noted.budget, passedMs),
  }
}
