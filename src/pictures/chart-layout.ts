import type { ElkExtendedEdge, ElkNode, ElkPoint, LayoutOptions } from 'elkjs'

import { AppError, messageOf } from '../errors.ts'
import type { ChartGraph, ChartNode } from '../statechart/graph.ts'
import { childrenOf } from '../statechart/labels.ts'
import { type Arrow, arrows, type StateRow, stateRows } from './chart-content.ts'
import { textWidth } from './text-width.ts'

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface PlacedState extends Box {
  readonly node: ChartNode
  readonly rows: readonly StateRow[]
}

export interface PlacedArrow {
  readonly arrow: Arrow
  readonly points: readonly ElkPoint[]
  readonly label: Box | null
}

/** Where everything of a picture stands, in pixels from its upper left corner. */
export interface ChartLayout {
  readonly width: number
  readonly height: number
  readonly states: readonly PlacedState[]
  readonly arrows: readonly PlacedArrow[]
  /** The dots from which the initial states are entered. */
  readonly starts: readonly { readonly box: Box; readonly points: readonly ElkPoint[] }[]
}

export const TITLE = { size: 13, height: 22 } as const
export const ROW = { size: 11, height: 15 } as const
export const LABEL = { size: 11, height: 14, gap: 4 } as const
export const ICON_WIDTH = 20
/** How much wider a bold face runs, which a label may become. */
const BOLD = 1.08
const PADDING = 12
const DOT = 10
const HISTORY = 28

/** ELK looks for these at each level of the hierarchy. */
const LEVEL_OPTIONS: LayoutOptions = {
  // Depth first from the initial state: forward is down, and what returns goes up.
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
}

const ROOT_OPTIONS: LayoutOptions = {
  ...LEVEL_OPTIONS,
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.padding': '[top=8,left=8,bottom=8,right=8]',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
}

const FIRST: LayoutOptions = { 'elk.layered.layering.layerConstraint': 'FIRST' }
const LAST: LayoutOptions = { 'elk.layered.layering.layerConstraint': 'LAST' }
/** The label interrupts its line, so that nobody asks which line it belongs to. */
const INLINE: LayoutOptions = { 'elk.edgeLabels.inline': 'true' }

/** `compact` leaves out what states do, and the labels of edges. */
export type Density = 'full' | 'compact'

/** Finds places: takes a second for a large chart, all of it computing. */
export type Elk = (input: ElkNode) => Promise<ElkNode>

/** On this thread. */
export const elkHere: Elk = async (input) => {
  // ELK takes 65 ms to load, which only those who draw should pay.
  const { default: elk } = await import('elkjs/lib/elk.bundled.js')
  return new elk.default().layout(input)
}

/** Lays a chart out with ELK's layered algorithm, top down. The same graph gives the same layout. Rejects with `InvalidInput` where ELK fails. */
export const layoutChart = async (graph: ChartGraph, density: Density = 'full', elk: Elk = elkHere): Promise<ChartLayout> => {
  const content = contentOf(graph, density)
  const drawn = content.arrows
  const [root] = graph.nodes
  const input: ElkNode = {
    id: 'picture',
    layoutOptions: ROOT_OPTIONS,
    children: root === undefined ? [] : [elkNode(content, root)],
    edges: [...drawn.map(elkArrow), ...graph.nodes.flatMap(elkStart)],
  }
  const result = await elkLayout(graph, () => elk(input))
  const placed = new Map(withDescendants(result).map((each) => [each.id, boxOf(each)]))
  const routed = new Map(withDescendants(result).flatMap((each) => (each.edges ?? []).map((edge) => [edge.id, edge] as const)))
  return {
    width: Math.ceil(result.width ?? 0),
    height: Math.ceil(result.height ?? 0),
    states: graph.nodes.flatMap((node) => {
      const box = placed.get(node.id)
      return box === undefined ? [] : [{ ...box, node, rows: content.rows(node) }]
    }),
    arrows: drawn.flatMap((arrow) => {
      const edge = routed.get(arrowId(arrow))
      return edge === undefined ? [] : [{ arrow, points: pointsOf(edge), label: labelBox(edge) }]
    }),
    starts: graph.nodes.flatMap((node) => {
      const box = placed.get(startId(node))
      const edge = routed.get(startId(node))
      return box === undefined || edge === undefined ? [] : [{ box, points: pointsOf(edge) }]
    }),
  }
}

interface Content {
  readonly graph: ChartGraph
  readonly arrows: readonly Arrow[]
  readonly rows: (node: ChartNode) => readonly StateRow[]
}

const contentOf = (graph: ChartGraph, density: Density): Content => {
  const drawn = arrows(graph)
  if (density === 'full') return { graph, arrows: drawn, rows: (node) => stateRows(graph, node) }
  const bare = drawn.map((arrow) => ({ ...arrow, labels: arrow.labels.map((label) => ({ ...label, lines: [] })) }))
  return { graph, arrows: bare, rows: () => [] }
}

const elkLayout = async (graph: ChartGraph, elk: () => Promise<ElkNode>): Promise<ElkNode> => {
  try {
    return await elk()
  } catch (cause) {
    throw new AppError('InvalidInput', `No picture of chart ${graph.id}: ELK found no layout: ${messageOf(cause)}`, { cause })
  }
}

const arrowId = ({ source, target }: Arrow): string => `${source} -> ${target}`
const startId = (node: ChartNode): string => `start of ${node.id}`

const elkNode = (content: Content, node: ChartNode): ElkNode => {
  const { graph } = content
  if (node.type === 'history') return { id: node.id, width: HISTORY, height: HISTORY }
  const rows = content.rows(node)
  const width =
    Math.max(titleWidth(node), ...rows.map((row) => textWidth(row.text, ROW.size) * (row.edgeId === null ? 1 : BOLD))) + 2 * PADDING
  const header = TITLE.height + rows.length * ROW.height + 10
  const children = childrenOf(graph, node.id)
  // What no arrow reaches would otherwise come first, beside the initial state.
  if (children.length === 0) return { id: node.id, width, height: header, ...(isReached(content, node) ? {} : { layoutOptions: LAST }) }
  const start = { id: startId(node), width: DOT, height: DOT, layoutOptions: FIRST }
  return {
    id: node.id,
    layoutOptions: {
      ...LEVEL_OPTIONS,
      'elk.padding': `[top=${String(header + 8)},left=18,bottom=18,right=18]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${String(width)},${String(header)})`,
    },
    children: [...(node.initial === null ? [] : [start]), ...children.map((child) => elkNode(content, child))],
  }
}

const isReached = ({ graph, arrows: drawn }: Content, { id, parent }: ChartNode): boolean =>
  graph.nodes.some((node) => node.id === parent && node.initial === id) || drawn.some((arrow) => arrow.source === id || arrow.target === id)

const titleWidth = (node: ChartNode): number => textWidth(node.key, TITLE.size) * BOLD + (node.tags.includes('human') ? ICON_WIDTH : 0)

const elkArrow = (arrow: Arrow): ElkExtendedEdge => {
  const lines = arrow.labels.flatMap((label) => label.lines)
  const edge = { id: arrowId(arrow), sources: [arrow.source], targets: [arrow.target] }
  if (lines.length === 0) return edge
  const width = Math.max(...lines.map((line) => textWidth(line, LABEL.size))) * BOLD + 8
  const height = lines.length * LABEL.height + (arrow.labels.length - 1) * LABEL.gap
  return { ...edge, labels: [{ text: lines.join('\n'), width, height, layoutOptions: INLINE }] }
}

const elkStart = (node: ChartNode): readonly ElkExtendedEdge[] =>
  node.initial === null ? [] : [{ id: startId(node), sources: [startId(node)], targets: [node.initial] }]

const withDescendants = (node: ElkNode): readonly ElkNode[] => [node, ...(node.children ?? []).flatMap(withDescendants)]

const boxOf = ({ x = 0, y = 0, width = 0, height = 0 }: Partial<Box>): Box => ({ x, y, width, height })

const labelBox = ({ labels }: ElkExtendedEdge): Box | null => {
  const [label] = labels ?? []
  return label === undefined ? null : boxOf(label)
}

const pointsOf = ({ sections }: ElkExtendedEdge): readonly ElkPoint[] =>
  (sections ?? []).flatMap(({ startPoint, bendPoints, endPoint }) => [startPoint, ...(bendPoints ?? []), endPoint])
