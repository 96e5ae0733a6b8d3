import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { address, setQuery } from '../address/address.ts'
import { openRun } from './run-store.ts'

// The one cursor of a run: a revision in the address, or the newest event where there is none.

/** Which revision every pane shows. */
export const cursorOf = (at: string | undefined, count: number): number => {
  const newest = count - 1
  return at === undefined || !/^\d{1,9}$/.test(at) ? newest : Math.min(Number(at), newest)
}

/** Where it stands by the address. */
export const here = (): number => cursorOf(address.getSnapshot().context.query['at'], openRun.getSnapshot().context.rows.length)

/** A slide leaves no step behind for *back*. */
export const moveTo = (revision: number, how: 'jump' | 'slide' = 'jump'): void => {
  const newest = openRun.getSnapshot().context.rows.length - 1
  setQuery({ at: String(Math.max(0, Math.min(newest, revision))) }, how)
}

export const goLive = (): void => {
  setQuery({ at: undefined })
}

/** What was live stays where it is. */
export const toggleLive = (): void => {
  if (address.getSnapshot().context.query['at'] === undefined) moveTo(here())
  else goLive()
}

export const moveBy = (step: number): void => {
  moveTo(here() + step, 'slide')
}

/** To the next event for which it holds, or the one before. */
const moveToNext = (step: 1 | -1, isWanted: (row: OutlineRow, rows: readonly OutlineRow[]) => boolean): void => {
  const { rows } = openRun.getSnapshot().context
  for (let at = here() + step; at >= 0 && at < rows.length; at += step) {
    const row = rows[at]
    if (row !== undefined && isWanted(row, rows)) {
      moveTo(at)
      return
    }
  }
}

export const moveByTurn = (step: 1 | -1): void => {
  moveToNext(step, ({ type }) => type === 'TurnCompleted' || type === 'RunReturned')
}

export const moveToNotable = (step: 1 | -1): void => {
  moveToNext(step, (row) => markOf(row) === 'failure' || markOf(row) === 'person')
}

export const moveWithinCall = (step: 1 | -1): void => {
  const callId = openRun.getSnapshot().context.rows[here()]?.callId
  if (callId !== undefined) moveToNext(step, (row) => row.callId === callId)
}

export const moveToCause = (): void => {
  const cause = openRun.getSnapshot().context.rows[here()]?.cause
  if (cause !== undefined) moveTo(cause)
}

export const moveToEffect = (): void => {
  const cause = here()
  moveToNext(1, (row) => row.cause === cause)
}

/** What somebody who looks for a place in a run looks for. */
export const markOf = ({ type, retryAt }: OutlineRow): 'failure' | 'person' | 'limit' | 'turn' | undefined => {
  if (PERSON.test(type)) return 'person'
  if (type === 'LimitExceeded') return 'limit'
  if (type === 'TurnCompleted') return 'turn'
  return FAILURE.test(type) || retryAt !== undefined ? 'failure' : undefined
}

const PERSON = /^(Approval|HumanAnswer|RunEscalated|RunReturned|RunTakenOver|RunReleased|RunPaused|RunResumed|RunCancelled)/
const FAILURE = /(Failed|Rejected|Denied|Unresolved)$/
