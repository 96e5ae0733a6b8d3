import { createStore } from '@xstate/store'
import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { address, setQuery } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import { ask } from '../server/ask.ts'
import type { OutlinePage } from '../server/contract.ts'
import { timelineOf, type Group } from './timeline.ts'

/** Child runs whose rows are shown at one time; the one that was opened first gives way. */
const MOST_OPEN = 10

/** The rows of a child run that are shown below its own, as far as one page of its outline goes. */
export interface ChildRows {
  readonly groups: readonly Group[]
  /** Of its newest event, ms since the epoch. */
  readonly end: number
  readonly error: unknown
}

interface Child extends ChildRows {
  /** The newest event of the parent that tells of it, with which it is looked up again. */
  readonly newest: number
}

type Children = ReadonlyMap<string, Child>

const nothing: ChildRows = { groups: [], end: 0, error: undefined }
const initial: { readonly byId: Children } = { byId: new Map() }

const children = createStore({
  context: initial,
  on: {
    wanted: ({ byId }, { parents }: { parents: readonly ParentRow[] }, enqueue) => {
      for (const { childRunId, to } of parents) if (byId.get(childRunId)?.newest !== to) enqueue.effect(() => void load(childRunId))
      return { byId: new Map(parents.map(({ childRunId, to }) => [childRunId, { ...nothing, ...byId.get(childRunId), newest: to }])) }
    },
    known: ({ byId }, { runId, rows }: { runId: string; rows: Partial<ChildRows> }) => {
      const before = byId.get(runId)
      return { byId: before === undefined ? byId : new Map(byId).set(runId, { ...before, ...rows }) }
    },
  },
})

const load = async (runId: string): Promise<void> => {
  try {
    const page = await ask<OutlinePage>(`/v1/runs/${pathPart(runId)}/outline?from=0`)
    const rows = page.rows as readonly OutlineRow[]
    children.trigger.known({ runId, rows: { groups: timelineOf(rows), end: rows.at(-1)?.at ?? 0, error: undefined } })
  } catch (error) {
    children.trigger.known({ runId, rows: { error } })
  }
}

/** The row of a run that it has asked for. */
type ParentRow = Pick<Group, 'to'> & { readonly childRunId: string }

/** By the run, in the order in which they were opened. */
export const useChildRows = (parents: readonly ParentRow[]): ReadonlyMap<string, ChildRows> => {
  const { byId } = useSelector(children, ({ context }) => context)
  useEffect(() => {
    children.trigger.wanted({ parents })
  }, [JSON.stringify(parents.map(({ childRunId, to }) => [childRunId, to]))])
  return byId
}

/** As the address names them. */
export const openChildren = (text = ''): readonly string[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .flatMap((part) => {
      try {
        return [decodeURIComponent(part)]
      } catch {
        return []
      }
    })
    .slice(-MOST_OPEN)

/** Shows its rows, or no longer. */
export const toggleChild = (runId: string): void => {
  const open = openChildren(address.getSnapshot().context.query['child'])
  const wanted = open.includes(runId) ? open.filter((each) => each !== runId) : [...open, runId].slice(-MOST_OPEN)
  setQuery({ child: wanted.map(pathPart).join(' ') }, 'slide')
}
