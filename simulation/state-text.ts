import type { AnyMachineSnapshot } from 'xstate'
import type { RunState } from '../src/fold/run-state.ts'
import { messagesOf } from '../src/projections/transcript.ts'

/** All of a state as text, in the order in which it is kept: two folds of the same events must not differ in anything. */
export const stateText = (state: RunState): string =>
  JSON.stringify([
    state.runId,
    state.revision,
    state.hash,
    state.lastEventId,
    state.at,
    state.started,
    state.correlationId,
    state.status,
    state.paused,
    state.output,
    state.reason,
    chartOf(state.chart),
    [...state.calls].map(([callId, { snapshot, ...call }]) => [callId, call.tool, call.argumentsText, call.input, chartOf(snapshot)]),
    [...state.owed].map(([key, owed]) => [
      key,
      owed.intent,
      owed.params,
      owed.status,
      owed.attempt,
      owed.owner,
      owed.leaseUntil,
      owed.eventId,
      owed.waitsFor,
      owed.waitsIn,
    ]),
    [...state.approvals],
    [...state.timers].map(([key, timer]) => [key, timer.timerId, timer.event, timer.chart, timer.delayMs, timer.askedAt, timer.dueAt]),
    { ...state.budget, open: [...state.budget.open], children: [...state.budget.children] },
    { ...state.transcript, items: messagesOf(state.transcript), open: [...state.transcript.open] },
    state.projections,
    [...state.commandIds],
    state.scores,
  ])

const chartOf = ({ status, value, context, output }: AnyMachineSnapshot): unknown => [status, value, context, output]

/** Where two texts part, with a little of what stands around it. */
export const firstDifference = (expected: string, found: string): string => {
  let at = 0
  while (at < expected.length && expected[at] === found[at]) at++
  const around = (text: string): string => text.slice(Math.max(0, at - 60), at + 60)
  return `expected …${around(expected)}…, found …${around(found)}…`
}
