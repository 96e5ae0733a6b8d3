import type { RunEvent } from '../events/envelope.ts'
import { present } from '../present.ts'

/** For whom a run waits that was asked for: null while it works. */
export interface Waiting {
  readonly whom: 'message' | 'approval' | 'human' | null
  /** Where somebody has to act. */
  readonly in?: string
}

/** Runs that a run waits for, by call id. */
export type WaitingChildren = Readonly<Record<string, Waiting>>

const works: Waiting = { whom: null }

/** Undefined where there is none. */
export const childrenAfter = (before: WaitingChildren | undefined, event: RunEvent): WaitingChildren | undefined => {
  if (event.meta.intents?.includes('abandon:abandon') === true) return undefined
  switch (event.type) {
    case 'ChildRunRequested':
      return { ...before, [event.data.callId]: works }
    case 'ChildRunReported':
      return before !== undefined && Object.hasOwn(before, event.data.callId)
        ? { ...before, [event.data.callId]: waitingOf(event.data) }
        : before
    case 'ChildRunSucceeded':
    case 'ChildRunFailed':
      return without(before, event.data.callId)
    default:
      return before
  }
}

/** One of them, where none of them works. */
export const waitingChild = (children: WaitingChildren = {}): Waiting | undefined => {
  const all = Object.values(children)
  return all.every(({ whom }) => whom !== null) ? all[0] : undefined
}

/** Whoever paused a run below is a person too. */
const waitingOf = ({ waitsFor, waitsIn }: Extract<RunEvent, { type: 'ChildRunReported' }>['data']): Waiting =>
  waitsFor === null ? works : { whom: waitsFor === 'resume' ? 'human' : waitsFor, ...present({ in: waitsIn }) }

const without = (children: WaitingChildren | undefined, callId: string): WaitingChildren | undefined => {
  const rest = Object.entries(children ?? {}).filter(([other]) => other !== callId)
  return rest.length === 0 ? undefined : Object.fromEntries(rest)
}
