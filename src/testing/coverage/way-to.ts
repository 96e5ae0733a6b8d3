import type { ChartEdge, ChartGraph } from '../../statechart/graph.ts'

/** The shortest ways through a chart along edges that can be taken, by the edge that they end with. Guards may ask for more than a graph shows. */
export const shortestWays = (graph: ChartGraph, canTake: (edge: ChartEdge) => boolean): ReadonlyMap<string, readonly ChartEdge[]> => {
  const states = new Map(graph.nodes.map((node) => [node.id, node]))
  const leafOf = (id: string): string => {
    const initial = states.get(id)?.initial ?? null
    return initial === null ? id : leafOf(initial)
  }
  const withAncestors = (id: string): readonly string[] => {
    const parent = states.get(id)?.parent ?? null
    return [id, ...(parent === null ? [] : withAncestors(parent))]
  }
  const ways = new Map<string, readonly ChartEdge[]>()
  const [root] = graph.nodes
  const waiting: { readonly leaf: string; readonly way: readonly ChartEdge[] }[] =
    root === undefined ? [] : [{ leaf: leafOf(root.id), way: [] }]
  const seen = new Set(waiting.map(({ leaf }) => leaf))
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    const here = withAncestors(at.leaf)
    if (states.get(at.leaf)?.final === true) continue
    for (const edge of graph.edges) {
      if (!here.includes(edge.source) || !canTake(edge)) continue
      const way = [...at.way, edge]
      if (!ways.has(edge.id)) ways.set(edge.id, way)
      const leaf = edge.internal ? at.leaf : leafOf(edge.target)
      if (seen.has(leaf)) continue
      seen.add(leaf)
      waiting.push({ leaf, way })
    }
  }
  return ways
}
