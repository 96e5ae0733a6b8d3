import type { OpenWork } from '../../src/projections/open-work.ts'
import type { Optional } from '../../src/present.ts'
import { wallTimeMs } from '../../src/projections/budget.ts'
import { jsonChanges, type JsonChange } from '../diff/json-changes.ts'
import type { Run } from '../server/contract.ts'
import type { RunAt } from './run-fold.ts'

/** What the page says of a run at an event, as the server says it; repeated calls show in arguments and results, which no outline has. */
const saidHere = (state: RunAt) => {
  const { iterations, toolCalls, tokens, costMicroUsd } = state.budget
  const isOver = state.beforeEnd !== undefined
  return {
    agent: state.agent,
    state: state.place,
    paused: state.isPaused,
    turn: state.budget.turn,
    spent: { iterations, toolCalls, tokens, costMicroUsd, wallTimeMs: wallTimeMs(state.budget, state.at) },
    toolCalls: isOver ? {} : callsOf(state),
    openEffects: effectsOf([...state.work].map(([key, work]) => ({ key, ...work }))),
    approvals: Object.keys(state.asked)
      .filter((callId) => state.asked[callId] === 'approval')
      .toSorted(),
    timers: state.timers,
    fork: state.fork ?? null,
  }
}

const callsOf = ({ calls, callPlaces }: RunAt) =>
  Object.fromEntries(
    [...callPlaces].flatMap(([callId, state]) => (state === 'over' ? [] : [[callId, { tool: calls.get(callId)?.tool ?? null, state }]])),
  )

type Said = ReturnType<typeof saidHere>

/** The tool of a call that a chart of its own makes stands in the outline once the call is claimed. */
const saidThere = (run: Run, here: Said): Said => ({
  agent: run.agent,
  // One that was ended from outside has left its chart where it was, and the page shows it there.
  state: run.status !== 'active' && run.state === run.status ? here.state : run.state,
  paused: run.paused,
  turn: run.turn,
  spent: spentOf(run.spent),
  toolCalls: Object.fromEntries(
    run.toolCalls.map(({ callId, tool, state }) => [callId, { tool: here.toolCalls[callId]?.tool === null ? null : tool, state }]),
  ),
  openEffects: effectsOf(run.openEffects),
  approvals: run.approvals.map(({ callId }) => callId).toSorted(),
  // One that its chart has armed is a timer once that is recorded.
  timers: Object.fromEntries(run.timers.flatMap(({ timerId, dueAt }) => (dueAt === null ? [] : [[timerId, dueAt]]))),
  fork: run.fork,
})

const spentOf = ({ iterations, toolCalls, tokens, costMicroUsd, wallTimeMs: wall }: Run['spent']): Said['spent'] => ({
  iterations,
  toolCalls,
  tokens,
  costMicroUsd,
  wallTimeMs: wall,
})

interface Effect extends Optional<Pick<OpenWork, 'intent' | 'owner' | 'leaseUntil' | 'behind'>>, Pick<OpenWork, 'status'> {
  readonly key: string
}

/** Who holds it, while somebody does. */
const effectsOf = (effects: readonly Effect[]) =>
  Object.fromEntries(
    effects.map(({ key, status, intent, owner, leaseUntil, behind }) => [
      key,
      { status, intent, ...(status === 'claimed' && { owner, leaseUntil }), ...(behind !== undefined && { behind }) },
    ]),
  )

/** The first thing that the server says otherwise of the run at that event than the page: `a` is here, `b` there. */
export const firstDifference = (state: RunAt, run: Run): JsonChange | undefined => {
  const here = saidHere(state)
  return jsonChanges(here, saidThere(run, here))[0]
}
