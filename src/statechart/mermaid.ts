import { visibleText } from '../text.ts'
import type { ChartEdge, ChartGraph, ChartNode } from './graph.ts'
import { childrenOf, edgeLabel, intentNames, liesWithin, nodeRows } from './labels.ts'

/**
 * The chart as a Mermaid `stateDiagram-v2`, for READMEs and pull requests; `active` states are highlighted.
 * Mermaid draws no arrow from a state to one within it: such transitions start from a box of their own, "anywhere in …".
 */
export const chartMermaid = (graph: ChartGraph, { active = [] }: { readonly active?: readonly string[] } = {}): string => {
  const [root] = graph.nodes
  if (root === undefined) return 'stateDiagram-v2\n'
  const drawing: Drawing = { graph, names: mermaidNames(graph) }
  const lines = [
    // Mermaid puts a state into the last block that mentions it, so what crosses blocks has to come before them.
    ...graph.edges.filter((edge) => isArrow(graph, edge) && !isWithinBlock(graph, edge)).map((edge) => arrow(drawing, edge)),
    // Mermaid knows regions only inside a state.
    ...(root.type === 'parallel' ? state(drawing, root) : block(drawing, root)),
    ...styles(drawing, active),
  ]
  return ['stateDiagram-v2', ...lines.map((line) => `  ${line}`), ''].join('\n')
}

interface Drawing {
  readonly graph: ChartGraph
  readonly names: ReadonlyMap<string, string>
}

/** Ids of letters, digits and underscores: an underscore keeps them apart from Mermaid's own words. */
const mermaidNames = (graph: ChartGraph): ReadonlyMap<string, string> => {
  const taken = new Set<string>()
  return new Map(
    graph.nodes.map(({ id }) => {
      const plain = id.replace(/\W/g, '_')
      const name = plain.includes('_') ? plain : `s_${plain}`
      const free = taken.has(name) ? `${name}_${String(taken.size)}` : name
      taken.add(free)
      return [id, free]
    }),
  )
}

const nameOf = ({ names }: Drawing, id: string): string => names.get(id) ?? ''
const anywhere = (drawing: Drawing, id: string): string => `${nameOf(drawing, id)}__any`

/** Mermaid reads # ; and :: as its own, and < > as HTML. */
const plain = (text: string): string =>
  visibleText(text)
    .replace(/#/g, '')
    .replace(/;/g, ',')
    .replace(/:{2,}/g, ':')
    .replace(/</g, '‹')
    .replace(/>/g, '›')
    .replace(/%{2,}/g, '%')
    .replace(/\s+/g, ' ')

const quoted = (text: string): string => `"${plain(text).replace(/"/g, "'")}"`

const isArrow = (graph: ChartGraph, edge: ChartEdge): boolean => !edge.internal && !liesWithin(graph, edge.source, edge.target)

const parentOf = (graph: ChartGraph, id: string): string | null => graph.nodes.find((node) => node.id === id)?.parent ?? null

/** Whether both ends of an arrow lie directly in one block, and in no region of it. */
const isWithinBlock = (graph: ChartGraph, edge: ChartEdge): boolean => {
  const block = parentOf(graph, edge.target)
  const source = liesWithin(graph, edge.target, edge.source) ? edge.source : parentOf(graph, edge.source)
  return source === block && graph.nodes.find((node) => node.id === block)?.type !== 'parallel'
}

const arrow = (drawing: Drawing, edge: ChartEdge): string => {
  const inward = liesWithin(drawing.graph, edge.target, edge.source)
  const source = inward ? anywhere(drawing, edge.source) : nameOf(drawing, edge.source)
  return `${source} --> ${nameOf(drawing, edge.target)} : ${plain(edgeLabel(edge))}`
}

/** What stands between the braces of a state: its children and the arrows between them. */
const block = (drawing: Drawing, node: ChartNode): readonly string[] => {
  const { graph } = drawing
  const children = childrenOf(graph, node.id)
  const states = children.map((child) => state(drawing, child))
  const arrows = graph.edges.filter(
    (edge) => isArrow(graph, edge) && isWithinBlock(graph, edge) && parentOf(graph, edge.target) === node.id,
  )
  return [
    ...(node.initial === null ? [] : [`[*] --> ${nameOf(drawing, node.initial)}`]),
    ...(node.type === 'parallel' ? states.flatMap((lines, at) => (at === 0 ? lines : ['--', ...lines])) : states.flat()),
    ...anywhereBox(drawing, node),
    ...arrows.map((edge) => arrow(drawing, edge)),
    ...children.filter((child) => child.final).map((child) => `${nameOf(drawing, child.id)} --> [*]`),
  ]
}

const state = (drawing: Drawing, node: ChartNode): readonly string[] => {
  const name = nameOf(drawing, node.id)
  if (childrenOf(drawing.graph, node.id).length === 0) {
    const rows = [...nodeRows(node), ...rowEdges(drawing, node).map((edge) => rowText(drawing, edge))]
    return [`state ${quoted(title(node))} as ${name}`, ...rows.map((row) => `${name} : ${plain(row)}`)]
  }
  const intents = intentNames(node.entry)
  const heading = intents.length === 0 ? title(node) : `${title(node)} / ${intents.join(', ')}`
  return [`state ${quoted(heading)} as ${name} {`, ...block(drawing, node).map((line) => `  ${line}`), '}']
}

const title = ({ key, history }: ChartNode): string => {
  if (history === null) return key
  return history === 'deep' ? `${key} (H*)` : `${key} (H)`
}

/** Transitions that are no arrows: they only act, or lead back to a state around them. */
const rowEdges = ({ graph }: Drawing, node: ChartNode): readonly ChartEdge[] =>
  graph.edges.filter((edge) => edge.source === node.id && !isArrow(graph, edge))

const rowText = ({ graph }: Drawing, edge: ChartEdge): string =>
  edge.internal ? edgeLabel(edge) : `${edgeLabel(edge)} → ${graph.nodes.find((node) => node.id === edge.target)?.key ?? ''}`

const anywhereBox = (drawing: Drawing, node: ChartNode): readonly string[] => {
  const { graph } = drawing
  const rows = rowEdges(drawing, node)
  if (rows.length === 0 && !graph.edges.some((edge) => edge.source === node.id && liesWithin(graph, edge.target, node.id))) return []
  const name = anywhere(drawing, node.id)
  const heading = node.parent === null ? 'in any state' : `anywhere in ${node.key}`
  return [
    ...(node.type === 'parallel' ? ['--'] : []),
    `state ${quoted(heading)} as ${name}`,
    ...rows.map((edge) => `${name} : ${plain(rowText(drawing, edge))}`),
  ]
}

const styles = (drawing: Drawing, active: readonly string[]): readonly string[] => {
  const humans = drawing.graph.nodes.filter((node) => node.tags.includes('human')).map((node) => node.id)
  return [
    ...style(drawing, 'human', 'fill:#fff3d6,stroke:#9a6700,color:#1f2328', humans),
    ...style(drawing, 'active', 'fill:#d7f5dd,stroke:#1a7f37,color:#1f2328,stroke-width:3px', active),
  ]
}

const style = (drawing: Drawing, name: string, css: string, ids: readonly string[]): readonly string[] => {
  const names = ids
    .flatMap((id) => drawing.names.get(id) ?? [])
    .filter((each) => each !== nameOf(drawing, drawing.graph.nodes[0]?.id ?? ''))
  return names.length === 0 ? [] : [`classDef ${name} ${css}`, `class ${names.join(',')} ${name}`]
}
