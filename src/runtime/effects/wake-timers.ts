import { messageOf } from '../../errors.ts'
import type { RunState } from '../../fold/run-state.ts'
import { nextDue } from '../../fold/standing.ts'
import { isOutage } from '../retry-pause.ts'
import { type RuntimeParts, storeNow } from '../runtime-parts.ts'

/** One timer in memory for each run that time moves. The log holds them all, so losing them costs a sweep. */
export interface WakeTimers {
  arm(state: RunState): void
  /** Of a run that is not held here, by what is known of it from elsewhere: whether it is due is decided when it is woken. */
  armAt(runId: string, at: number): void
  stop(): void
}

/** A lease that has passed and could not be taken over, for want of a place, is looked at again after this. */
const TAKEOVER_RETRY_MS = 1_000
/** A run that could not be read or written when its time had come is woken again after this. */
const LOG_RETRY_MS = 5_000

type WakeParts = Pick<RuntimeParts, 'clock' | 'storeOffsetMs' | 'owner'>

export const createWakeTimers = (
  parts: WakeParts & Pick<RuntimeParts, 'notify'>,
  wake: (runId: string) => Promise<unknown>,
): WakeTimers => {
  const armed = new Map<string, () => void>()
  let isStopped = false

  const wakeIn = (runId: string, delayMs: number): void => {
    const disarm = parts.clock.setTimer(delayMs, () => {
      armed.delete(runId)
      wake(runId).catch((error: unknown) => {
        if (!isOutage(error)) return parts.notify({ type: 'runBroken', runId, message: messageOf(error) })
        if (!isStopped && !armed.has(runId)) wakeIn(runId, LOG_RETRY_MS)
      })
    })
    armed.set(runId, disarm)
  }

  return {
    arm(state) {
      const disarm = armed.get(state.runId)
      if (disarm !== undefined) {
        disarm()
        armed.delete(state.runId)
      }
      const delayMs = state.status === 'active' ? untilDue(parts, state) : undefined
      if (delayMs !== undefined) wakeIn(state.runId, delayMs)
    },
    armAt(runId, at) {
      if (!isStopped && !armed.has(runId)) wakeIn(runId, Math.max(0, at - parts.clock.now()))
    },
    stop() {
      isStopped = true
      for (const disarm of armed.values()) disarm()
      armed.clear()
    },
  }
}

const untilDue = (parts: WakeParts, state: RunState): number | undefined => {
  const { timerAt, leaseAt } = nextDue(state, parts.owner)
  const untilTimer = timerAt === undefined ? Infinity : Math.max(0, timerAt - parts.clock.now())
  const delay = leaseAt === undefined ? untilTimer : Math.min(untilTimer, untilLease(leaseAt, storeNow(parts)))
  return delay === Infinity ? undefined : delay
}

const untilLease = (leaseAt: number, storeAt: number): number => (leaseAt > storeAt ? leaseAt - storeAt : TAKEOVER_RETRY_MS)
