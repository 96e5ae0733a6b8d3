import { spanTrees } from '../../src/projections/traces/span-tree.ts'
import type { TraceSpan } from '../server/contract.ts'

/** A span where it stands in the tree. */
export interface SpanRow {
  readonly span: TraceSpan
  /** How many others are around it. */
  readonly depth: number
  readonly isOpen: boolean
}

/** All of a run in the order in which they began, each below the one around it. */
export const spanRows = (ended: readonly TraceSpan[], open: readonly TraceSpan[]): readonly SpanRow[] => {
  const rows: SpanRow[] = []
  const isOpen = new Set(open.map(({ spanId }) => spanId))
  type Node = ReturnType<typeof spanTrees<TraceSpan>>[number]
  const add = ({ span, children }: Node, depth: number): void => {
    rows.push({ span, depth, isOpen: isOpen.has(span.spanId) })
    for (const child of children) add(child, depth + 1)
  }
  for (const root of spanTrees([...ended, ...open])) add(root, 0)
  return rows
}

/** Where the cursor stands: the span that somebody has chosen, as long as the cursor is where it began, or the one that began last. */
export const rowAt = (rows: readonly SpanRow[], cursor: number, chosen: string | undefined): number => {
  const own = rows.findIndex(({ span }) => span.spanId === chosen && span.revision === cursor)
  if (own >= 0) return own
  let newest = -1
  for (const [at, { span }] of rows.entries())
    if (span.revision <= cursor && span.revision >= (rows[newest]?.span.revision ?? -1)) newest = at
  return newest
}

export type SpanKind = 'turn' | 'model' | 'tool' | 'guardrail' | 'person' | 'pause'

const KINDS: readonly (readonly [beginning: string, kind: SpanKind])[] = [
  ['invoke_agent', 'turn'],
  ['chat', 'model'],
  ['execute_tool', 'tool'],
  ['guardrail', 'guardrail'],
  ['approval', 'person'],
  ['human', 'person'],
]

export const kindOf = ({ name }: TraceSpan): SpanKind => KINDS.find(([beginning]) => name.startsWith(beginning))?.[1] ?? 'pause'
