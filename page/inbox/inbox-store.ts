import { createStore } from '@xstate/store'
import { pathPart } from '../address/path-part.ts'
import { ask } from '../server/ask.ts'
import type { Run, RunPage, RunRow } from '../server/contract.ts'

/** One question to people. */
export interface Card {
  readonly key: string
  readonly kind: 'approval' | 'person' | 'unresolved'
  readonly row: RunRow
  readonly run: Run
  /** Of an approval, or of a call of which nobody knows. */
  readonly callId: string | undefined
}

interface Inbox {
  /** The one that waits for longest first; undefined until it is known. */
  readonly cards: readonly Card[] | undefined
  /** There are more than are shown. */
  readonly isCut: boolean
  readonly error: unknown
}

const initial: Inbox = { cards: undefined, isCut: false, error: undefined }
const MOST_RUNS = 50

export const inbox = createStore({
  context: initial,
  on: {
    asked: (before, _: unknown, enqueue) => {
      enqueue.effect(() => void load())
      return before
    },
    loaded: (_, { cards, isCut }: { cards: readonly Card[]; isCut: boolean }) => ({ cards, isCut, error: undefined }),
    failed: (before, { error }: { error: unknown }) => ({ ...before, error }),
  },
})

const SEARCHES = ['standing=approval', 'standing=human', 'stuck=unresolved']

const load = async (): Promise<void> => {
  try {
    const pages = await Promise.all(SEARCHES.map((search) => ask<RunPage>(`/v1/runs?${search}&order=waiting&limit=${MOST_RUNS}`)))
    const rows = new Map(pages.flatMap(({ runs }) => runs.map((row) => [row.runId, row])))
    // Where a run below has to be decided on, that one has the card.
    const own = [...rows.values()].filter(({ waitsIn }) => waitsIn === null)
    const cards = (await Promise.all(own.map(cardsOf))).flat()
    inbox.trigger.loaded({ cards: cards.toSorted(byTime), isCut: pages.some(({ next }) => next !== null) })
  } catch (error) {
    inbox.trigger.failed({ error })
  }
}

const byTime = (a: Card, b: Card): number => (a.row.waitsSince ?? a.row.updatedAt) - (b.row.waitsSince ?? b.row.updatedAt)

/** What was decided or deleted meanwhile has none. */
const cardsOf = async (row: RunRow): Promise<readonly Card[]> => {
  const run = await ask<Run>(`/v1/runs/${pathPart(row.runId)}`).catch(() => undefined)
  if (run === undefined) return []
  const card = (kind: Card['kind'], callId: string | undefined): Card => ({ key: `${row.runId} ${callId ?? ''}`, kind, row, run, callId })
  const approvals = run.approvals.map(({ callId }) => card('approval', callId))
  const unresolved = run.unresolved.map(({ callId }) => card('unresolved', callId))
  const isOwned = run.waitsFor === 'human' && unresolved.length === 0
  return [...approvals, ...unresolved, ...(isOwned ? [card('person', undefined)] : [])]
}
