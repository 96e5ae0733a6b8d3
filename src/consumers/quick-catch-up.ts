import type { Clock } from '../clock.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { present } from '../present.ts'
import { TIMED_OUT, withDeadline } from '../runtime/deadline.ts'
import type { ViewStore } from '../views/view-store.ts'
import type { Projector } from './projector.ts'

/** What views lack of their log. */
export interface ViewsBehind {
  /** ms since the epoch: what was stored from then on may be missing. Undefined where the log does not say it soon enough. */
  readonly since: number | undefined
}

interface Parts {
  readonly log: EventLog
  readonly views: Pick<ViewStore, 'checkpoint'>
  readonly projector: Pick<Projector, 'catchUp'>
  readonly clock: Clock
}

/** Nobody who asks for a list waits longer than this for what others have stored. */
const QUICK_MS = 1_000

/**
 * Brings the views up to their log as far as that is quick. Resolves to what they lack then; undefined where they lack nothing that was
 * stored before the call. What takes longer goes on, and whoever asks meanwhile waits for the same. Rejects with the errors of log and views.
 */
export const quickCatchUp =
  ({ log, views, projector, clock }: Parts): (() => Promise<ViewsBehind | undefined>) =>
  async () => {
    if ((await inTime(clock, () => projector.catchUp())) !== undefined) return undefined
    const behind = await inTime(clock, () => behindNow(log, views))
    return behind === undefined ? { since: undefined } : behind.value
  }

/** Undefined where it takes longer. */
const inTime = async <Value>(clock: Clock, ask: () => Promise<Value>): Promise<{ readonly value: Value } | undefined> => {
  try {
    return { value: await withDeadline(clock, { timeoutMs: QUICK_MS, outer: NEVER, late: () => undefined }, ask) }
  } catch (error) {
    if (error === TIMED_OUT) return undefined
    throw error
  }
}

const NEVER = new AbortController().signal

/** The first event, of whomever, that they have not passed. */
const behindNow = async (log: EventLog, views: Pick<ViewStore, 'checkpoint'>): Promise<ViewsBehind | undefined> => {
  const position = (await views.checkpoint())?.position
  for await (const item of log.backlog(present({ after: position }))) if (item.kind === 'event') return { since: item.event.storedAt }
  return undefined
}
