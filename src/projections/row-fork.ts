import type { RunEvent } from '../events/envelope.ts'
import { countSource, noSources, type SourceCounts } from '../events/fork.ts'
import { attentionAt, type Due } from './run-index-work.ts'

// What the row of a run says where it is a fork.

export interface RowFork {
  readonly runId: string
  /** Of the last event that both have in common. */
  readonly revision: number
  readonly counts: SourceCounts
  /** Tools that are executed for real. */
  readonly real: readonly string[]
}

/** As in `12 recorded · 1 simulated · 0 real`: what there is none of is left out, but for what was recorded and what was real. */
export const sourcesText = (counts: SourceCounts): string =>
  Object.entries(counts)
    .flatMap(([source, count]) => (count === 0 && source !== 'real' && source !== 'recorded' ? [] : [`${count} ${source}`]))
    .join(' · ')

interface Forked {
  readonly fork?: RowFork | undefined
}

export const begunFork = ({ data: { forkOf } }: Extract<RunEvent, { type: 'RunStarted' }>): RowFork | undefined =>
  forkOf && { ...forkOf, counts: noSources, real: [] }

export const lineageOf = (
  event: Extract<RunEvent, { type: 'RunStarted' }>,
): { readonly fork?: RowFork | undefined; readonly sealed?: true | undefined } => ({
  fork: begunFork(event),
  sealed: event.data.sealed && true,
})

/** Whether an event is one of its origin, which has paid for it. */
export const isCopied = ({ fork }: Forked, { revision }: Pick<RunEvent, 'revision'>): boolean =>
  fork !== undefined && revision <= fork.revision

export const isPaidElsewhere = (row: Forked, event: RunEvent): boolean => isCopied(row, event) || 'source' in event.data

export const forkAfter = (fork: RowFork | undefined, event: RunEvent): RowFork | undefined => {
  if (fork === undefined || isCopied({ fork }, event)) return fork
  if (event.type === 'RunForked') return { ...fork, real: realTools(event) }
  return { ...fork, counts: countSource(fork.counts, event.data) }
}

type Begun = Extract<RunEvent, { type: 'RunForked' }>

const isApart = ({ meta }: Begun, field: string): boolean => meta.blobs?.includes(field) === true

/** A seal that is so large that the blob store has it names too many. */
export const realTools = (event: Begun): readonly string[] => (isApart(event, 'seal') ? [] : event.data.seal.real)

export const readsForReal = (event: Begun): boolean => !isApart(event, 'seal') && event.data.seal.reads

/** What is otherwise, by name. Changes that are so large that the blob store has them are not looked into. */
export const changedIn = (event: Begun): readonly string[] => (isApart(event, 'changes') ? [] : Object.keys(event.data.changes))

/** A fork whose copies are not complete is nobody's work. */
export const attentionOf = ({
  owed,
  timers,
  isCopy,
}: {
  readonly owed: Due
  readonly timers: Due
  readonly isCopy: boolean
}): number | null => (isCopy ? null : attentionAt(owed, timers))
