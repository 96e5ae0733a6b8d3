import type { RunState } from './run-state.ts'

/** Whether an event has changed nothing that a run goes on by. */
export const sameBooks = (before: RunState, after: RunState): boolean =>
  before.chart === after.chart &&
  before.calls === after.calls &&
  before.owed === after.owed &&
  before.approvals === after.approvals &&
  before.timers === after.timers &&
  before.paused === after.paused &&
  before.started === after.started &&
  before.restored === after.restored &&
  before.budget.children === after.budget.children &&
  before.status === after.status
