import type { RunActor } from './run-actor.ts'

/** Runs that wait for nothing of this process stay so many in memory: another costs a fold of its events. */
const MOST_IDLE = 256

export interface ActorPool {
  /** The one actor of a run in this process. */
  of(runId: string): RunActor
  /** Forgets the ones that were not used for longest. */
  forgetIdle(): void
  size(): number
}

export const createActorPool = (create: (runId: string) => RunActor, isBusy: (runId: string) => boolean): ActorPool => {
  // In order of use.
  const actors = new Map<string, RunActor>()
  return {
    of(runId) {
      const actor = actors.get(runId) ?? create(runId)
      actors.delete(runId)
      actors.set(runId, actor)
      return actor
    },
    forgetIdle() {
      for (const [runId, actor] of actors) {
        if (actors.size <= MOST_IDLE) return
        if (actor.idle() && !isBusy(runId)) actors.delete(runId)
      }
    },
    size: () => actors.size,
  }
}
