import type { ChartGraph } from '../server/contract.ts'

type Node = ChartGraph['nodes'][number]
type Edge = ChartGraph['edges'][number]

/** Ids of the states in which a chart is that stands at `thinking.callingModel`, or in all regions at once at `both(a.x|b.y)`. */
export const activeStates = ({ nodes }: ChartGraph, place: string): ReadonlySet<string> => {
  const active = new Set<string>()
  const root = nodes.find(({ parent }) => parent === null)
  if (root === undefined || place === '') return active
  active.add(root.id)
  enter(nodes, root, place, active)
  return active
}

const enter = (nodes: readonly Node[], within: Node, place: string, active: Set<string>): void => {
  const text = place.startsWith('(') && place.endsWith(')') ? place.slice(1, -1) : place
  for (const region of regionsOf(text)) {
    const [key, rest] = split(region)
    const node = nodes.find((each) => each.parent === within.id && each.key === key)
    if (node === undefined) continue
    active.add(node.id)
    if (rest !== '') enter(nodes, node, rest, active)
  }
}

/** `a.x|b(c|d)` is two: what is in brackets belongs to the region before it. */
const regionsOf = (text: string): readonly string[] => {
  const regions: string[] = []
  let depth = 0
  let begin = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')') depth--
    else if (text[at] === '|' && depth === 0) {
      regions.push(text.slice(begin, at))
      begin = at + 1
    }
  }
  return [...regions, text.slice(begin)]
}

const split = (region: string): readonly [key: string, rest: string] => {
  const end = region.search(/[.(]/)
  if (end < 0) return [region, '']
  return [region.slice(0, end), region[end] === '.' ? region.slice(end + 1) : region.slice(end)]
}

const MOST_STEPS = 4

/**
 * Ids of the edges that an event can have taken from one place to the other. Where several guards lead to one state they are all of them: which
 * of them it was only the chart itself knows.
 */
export const takenEdges = (
  graph: ChartGraph,
  type: string,
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): ReadonlySet<string> => {
  const taken = new Set<string>()
  const labels = graph.edges.filter((edge) => isOf(edge, type))
  // What lies deeper goes before: it is asked first.
  const depth = (id: string): number => [...before].indexOf(id)
  const first = labels.filter(({ source }) => before.has(source)).toSorted((a, b) => depth(b.source) - depth(a.source))
  for (const edge of first) {
    const way = wayTo(graph, edge, after, MOST_STEPS)
    if (way.length > 0) for (const each of way) taken.add(each.id)
  }
  return taken
}

const isOf = ({ event, kind }: Edge, type: string): boolean =>
  event === type || (type === 'TimerFired' && kind === 'after') || event === '*'

/** Behind an event a chart may go on at once, over edges that need none. */
const wayTo = (graph: ChartGraph, edge: Edge, after: ReadonlySet<string>, steps: number): readonly Edge[] => {
  if (after.has(edge.target)) return [edge]
  if (steps === 0) return []
  const on = graph.edges.filter(({ source, kind }) => source === edge.target && kind !== 'event' && kind !== 'after')
  for (const next of on) {
    const way = wayTo(graph, next, after, steps - 1)
    if (way.length > 0) return [edge, ...way]
  }
  return []
}
