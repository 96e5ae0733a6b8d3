import { shownContent } from '../../src/events/content.ts'
import { expect } from 'vitest'
import { isUnresolved } from '../../src/fold/doubts.ts'
import type { RunState } from '../../src/fold/run-state.ts'
import { textOf } from '../../src/events/message.ts'
import type { RunRow } from '../../src/projections/run-index.ts'
import { messagesOf } from '../../src/projections/transcript.ts'
import type { ViewRecords } from '../../src/projections/view-records.ts'

/** Said by the transcript only when it is read, and by no event. */
const GIVEN_UP = 'This call was given up.'

const textsBy = (records: ViewRecords, ...roles: readonly string[]): string[] =>
  records.messages.flatMap(({ role, verdict, text }) =>
    roles.includes(role) && !(role === 'user' && verdict === 'rejected') ? [text] : [],
  )

const sum = (numbers: readonly (number | null)[]): number => numbers.reduce<number>((total, each) => total + (each ?? 0), 0)

/** What the views hold of a run, but for its conversation, has to be what the fold of its events and charts says. */
export const expectAgreement = (state: RunState, row: RunRow, records: ViewRecords): void => {
  const open = (all: readonly { readonly settledAt: number | null; readonly callId: string }[]): string[] =>
    all.flatMap(({ settledAt, callId }) => (settledAt === null ? [callId] : [])).sort()
  expect(row.problem).toBeUndefined()
  expectSteps(state, row, records)
  expect(row).toMatchObject({ status: state.status, paused: state.paused, revision: state.revision })
  expect(records.timeline).toHaveLength(state.revision + 1)
  // Of a run that has ended those are open of which nobody knows what became.
  const doubtful = [...state.doubts.values()].filter(isUnresolved).map(({ callId }) => callId)
  expect(open(records.toolCalls)).toEqual([...new Set([...state.calls.keys(), ...doubtful])].sort())
  const openTools = records.toolCalls.filter(({ settledAt, tool }) => settledAt === null && tool !== null)
  for (const { callId, tool } of openTools) expect(tool).toBe((state.calls.get(callId) ?? state.doubts.get(callId))?.tool)
  expect(open(records.approvals)).toEqual([...state.approvals.keys()].sort())
  for (const { callId, settledAt, digest } of records.approvals)
    if (settledAt === null) expect(digest).toBe(state.approvals.get(callId)?.digest)
  expect(sum(records.modelCalls.map(({ costMicroUsd }) => costMicroUsd))).toBe(state.budget.costMicroUsd)
  expect(sum(records.modelCalls.map(({ inputTokens, outputTokens }) => inputTokens + outputTokens))).toBe(state.budget.tokens)
}

/** Steps lead from one to the next and end where the charts stand; what they cost, and how long they took, adds up. */
const expectSteps = ({ budget, calls, doubts }: RunState, row: RunRow, { steps }: ViewRecords): void => {
  if (row.fork !== undefined) {
    expect(steps).toEqual([])
    return
  }
  const places = new Map<string, string>()
  for (const { callId, fromState, toState, workedMs, waitedMs } of steps.toSorted((a, b) => a.revision - b.revision)) {
    expect(fromState).toBe(places.get(callId) ?? '')
    expect(workedMs !== null).toBe(fromState !== toState && fromState !== '')
    expect(waitedMs !== null).toBe(workedMs !== null)
    places.set(callId, toState)
  }
  expect(places.get('')).toBe(row.state)
  for (const [callId, { place }] of Object.entries(row.stays?.calls ?? {})) expect(places.get(callId)).toBe(place)
  // What became of a call may become known when its run is over.
  for (const callId of Object.keys(row.stays?.calls ?? {})) expect(calls.has(callId) || doubts.has(callId)).toBe(true)
  expect(sum(steps.map(({ costMicroUsd }) => costMicroUsd))).toBe(budget.costMicroUsd)
  expect(sum(steps.map(({ tokens }) => tokens))).toBe(budget.tokens)
}

/** The same for what was said. Holds where every guardrail answers before anything else happens, as they do in a process. */
export const expectConversation = ({ transcript }: RunState, records: ViewRecords): void => {
  const said = messagesOf(transcript)
  for (const { settledAt, unread } of records.approvals) if (settledAt === null) expect(unread).toBe(transcript.inbox.length)
  const heard = [
    ...said.flatMap((message) => (message.role === 'user' ? [shownContent(message.parts)] : [])),
    ...transcript.inbox.map(shownContent),
    ...(transcript.corrections ?? []).map(shownContent),
  ]
  expect(textsBy(records, 'user', 'note').sort()).toEqual(heard.sort())
  expect(textsBy(records, 'assistant', 'human')).toEqual(
    said.flatMap((message) => (message.role === 'assistant' ? [textOf(message.parts)] : [])),
  )
  expect(textsBy(records, 'tool').sort()).toEqual(
    said
      .flatMap((message) => (message.role === 'tool' ? [shownContent(message.parts)] : []))
      .filter((text) => text !== GIVEN_UP)
      .sort(),
  )
}
