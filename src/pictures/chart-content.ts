import type { ChartEdge, ChartGraph, ChartNode } from '../statechart/graph.ts'
import { childrenOf, edgeLabel, intentNames, liesWithin, nodeRows } from '../statechart/labels.ts'

/** A line inside the box of a state: an effect, or a transition that is drawn as text because it has no arrow. */
export interface StateRow {
  readonly text: string
  readonly edgeId: string | null
  /** What a pointer that rests on it is told. */
  readonly hint: string
}

/** All transitions from one state to another: one arrow, with a label for each of them. */
export interface Arrow {
  readonly source: string
  readonly target: string
  readonly labels: readonly ArrowLabel[]
}

export interface ArrowLabel {
  readonly edgeId: string
  readonly lines: readonly string[]
  readonly hint: string
}

const WRAP_AT = 26

/**
 * A transition that only acts, and one between a state and another around it, is a row in its state:
 * an arrow from a border inward would say less and cross everything.
 */
const isRow = (graph: ChartGraph, edge: ChartEdge): boolean =>
  edge.internal ||
  liesWithin(graph, edge.target, edge.source) ||
  liesWithin(graph, edge.source, edge.target) ||
  (edge.source === edge.target && childrenOf(graph, edge.source).length > 0)

export const stateRows = (graph: ChartGraph, node: ChartNode): readonly StateRow[] => [
  ...nodeRows(node).map((text) => ({ text, edgeId: null, hint: '' })),
  ...graph.edges
    .filter((edge) => edge.source === node.id && isRow(graph, edge))
    .map((edge) => ({ text: rowText(graph, edge), edgeId: edge.id, hint: hint(edge) })),
]

export const arrows = (graph: ChartGraph): readonly Arrow[] => {
  const drawn = graph.edges.filter((edge) => !isRow(graph, edge))
  const ends = [...new Map(drawn.map(({ source, target }) => [`${source} ${target}`, { source, target }])).values()]
  return ends.map(({ source, target }) => ({
    source,
    target,
    labels: drawn
      .filter((edge) => edge.source === source && edge.target === target)
      .map((edge) => ({ edgeId: edge.id, lines: labelLines(edge), hint: hint(edge) })),
  }))
}

const rowText = (graph: ChartGraph, edge: ChartEdge): string => {
  const label = edge.kind === 'event' ? `on ${edgeLabel(edge)}` : edgeLabel(edge)
  return edge.internal ? label : `${label} → ${keyOf(graph, edge.target)}`
}

const hint = (edge: ChartEdge): string => (edge.description === null ? edgeLabel(edge) : `${edgeLabel(edge)}: ${edge.description}`)

const keyOf = (graph: ChartGraph, id: string): string => graph.nodes.find((node) => node.id === id)?.key ?? id

/** The event, its guard and its effects, on one line where they are short. */
const labelLines = (edge: ChartEdge): readonly string[] => {
  if (edge.kind === 'default') return []
  const whole = edgeLabel(edge)
  if (whole.length <= WRAP_AT) return [whole]
  const intents = intentNames(edge.actions)
  return [edge.event, ...(edge.guard === null ? [] : [`[${edge.guard}]`]), ...(intents.length === 0 ? [] : [`/ ${intents.join(', ')}`])]
}
