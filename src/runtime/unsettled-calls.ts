import { withoutKey } from '../projections/entries.ts'
import type { StoredEvent } from '../eventlog/event-log.ts'
import type { DataOf } from '../events/run-events.ts'
import { applyToRunRow, unresolvedCalls, type RunRow } from '../projections/run-index.ts'

// What nobody knows of the calls of a run, as its events say it without its chart: its code may be gone.

export interface UnsettledCall {
  readonly runId: string
  readonly callId: string
}

/** A fold of the events of one run. */
export interface CallsSeen {
  readonly row: RunRow | undefined
  /** Calls that change something and were under way when their run ended: until when they may be. */
  readonly leftUntil: ReadonlyMap<string, number>
}

export const noCallsSeen: CallsSeen = { row: undefined, leftUntil: new Map() }

export const callsAfter = ({ row: before, leftUntil }: CallsSeen, stored: StoredEvent): CallsSeen => {
  const row = applyToRunRow(before, stored)
  if (row.status === 'active') return { row, leftUntil: noCallsSeen.leftUntil }
  if (before?.status !== 'active') return { row, leftUntil: withoutSettled(leftUntil, stored) }
  return { row, leftUntil: new Map(underWay(before).map((callId) => [callId, before.owed[callId] ?? 0])) }
}

/** What became of it was said behind the end. */
const withoutSettled = (left: CallsSeen['leftUntil'], { type, data }: StoredEvent): CallsSeen['leftUntil'] =>
  type === 'ToolCallCorrected' ? withoutKey(left, (JSON.parse(data) as DataOf<'ToolCallCorrected'>).callId) : left

const underWay = ({ open }: RunRow): string[] =>
  Object.values(open?.toolCalls ?? {}).flatMap(({ callId, state, effect }) => (state === 'running' && effect !== 'read' ? [callId] : []))

/** Calls that change something and of which nobody knows what became of them, or that may still be under way. */
export const unsettledIn = ({ row, leftUntil }: CallsSeen, storeAt: number): readonly UnsettledCall[] => {
  if (row === undefined) return []
  const mayBeUnderWay = [...leftUntil].flatMap(([callId, until]) => (until > storeAt ? [callId] : []))
  const callIds = new Set([...unresolvedCalls(row), ...underWay(row), ...mayBeUnderWay])
  return [...callIds].map((callId) => ({ runId: row.runId, callId }))
}
