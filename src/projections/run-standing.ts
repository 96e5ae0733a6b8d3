import type { RunRow } from './run-index.ts'

/**
 * What an active run does or waits for: `work` where something is under way or due, `child` where that is done in other runs alone, `over` where it has
 * ended. Whom it needs comes before its being paused.
 */
export const standings = ['work', 'timer', 'message', 'approval', 'human', 'child', 'paused', 'over'] as const
export type Standing = (typeof standings)[number]

export const standingOf = ({
  status,
  paused,
  waitsFor,
  owed,
  children,
  timers,
}: Pick<RunRow, 'status' | 'paused' | 'waitsFor' | 'owed' | 'children' | 'timers'>): Standing => {
  if (status !== 'active') return 'over'
  if (waitsFor === 'approval' || waitsFor === 'human') return waitsFor
  if (paused) return 'paused'
  if (waitsFor === 'message') return 'message'
  const open = Object.keys(owed)
  if (open.length > 0) return open.every((callId) => Object.hasOwn(children ?? {}, callId)) ? 'child' : 'work'
  return Object.keys(timers).length > 0 ? 'timer' : 'work'
}
