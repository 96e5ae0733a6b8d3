import type { EvalParts } from '../../src/evals/runner/run-case.ts'
import { eventsOf, type World } from './world.ts'

/** An eval in memory. */
export const evalPartsOf = (world: World, signal = new AbortController().signal): EvalParts => ({
  refold: world.refold,
  clock: world.clock,
  signal,
  read: async (runId) => {
    const events = await eventsOf(world, runId).catch(() => [])
    return events.length === 0 ? undefined : events.map((event, position) => ({ ...event, position }))
  },
})
