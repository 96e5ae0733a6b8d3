import type { ChartGraph } from '../server/contract.ts'

type Edge = ChartGraph['edges'][number]

/** Edges, one after the other, over which a chart can have gone. */
type Way = readonly Edge[]

/** Which edges a step has taken: `sure` by whichever way, `maybe` by one of several; only the chart itself knows its guards. */
export interface TakenEdges {
  readonly sure: ReadonlySet<string>
  readonly maybe: ReadonlySet<string>
  /** States that were entered by whichever way, also those that were left at once. */
  readonly entered: ReadonlySet<string>
}

const MOST_STEPS = 6
const MOST_WAYS = 64

/** Of an event that has led from states to states, all of them that were active, each before its children. */
export const edgesOfStep = (
  graph: ChartGraph,
  type: string,
  { before, after }: { readonly before: ReadonlySet<string>; readonly after: ReadonlySet<string> },
): TakenEdges => {
  const waysBySource = new Map<string, Way[]>()
  for (const edge of graph.edges) {
    if (!isOf(edge, type) || !before.has(edge.source)) continue
    const ways = waysTo(graph, edge, after)
    if (ways.length > 0) waysBySource.set(edge.source, [...(waysBySource.get(edge.source) ?? []), ...ways])
  }
  const sure = new Set<string>()
  const maybe = new Set<string>()
  const entered = new Set<string>()
  for (const [source, ways] of waysBySource) {
    // What lies deeper is asked first, and where it goes, nothing around it does.
    if ([...waysBySource.keys()].some((other) => other !== source && other.startsWith(`${source}.`))) continue
    for (const { id } of ways.flat()) (ways.every((way) => way.some((edge) => edge.id === id)) ? sure : maybe).add(id)
    const statesOf = (way: Way): readonly string[] => way.flatMap(({ target, internal }) => (internal ? [] : enteredWith(graph, target)))
    for (const id of ways.flatMap(statesOf)) if (ways.every((way) => statesOf(way).includes(id))) entered.add(id)
  }
  return { sure, maybe, entered }
}

const isOf = ({ event, kind }: Edge, type: string): boolean =>
  event === type || (type === 'TimerFired' && kind === 'after') || event === '*'

const waysTo = (graph: ChartGraph, edge: Edge, after: ReadonlySet<string>): Way[] => {
  const found: Way[] = []
  const walk = (way: Way, at: string): void => {
    if (found.length >= MOST_WAYS) return
    const inner = enteredWith(graph, at)
    // An edge that only acts leads nowhere: what it was at, it still is.
    const isThere = inner.every((id) => after.has(id))
    const on = way.length > MOST_STEPS ? [] : onward(graph, inner)
    if (isThere) found.push(way)
    else for (const next of on) if (!way.includes(next)) walk([...way, next], next.target)
  }
  walk([edge], edge.target)
  if (found.length === 0 && after.has(edge.target)) found.push([edge])
  return found
}

/** A state with those that are entered with it at its beginning. */
const enteredWith = ({ nodes }: ChartGraph, id: string): readonly string[] => {
  const ids = [id]
  for (let node = nodes.find((each) => each.id === id); node?.type === 'compound' && node.initial !== null;) {
    const { initial } = node
    ids.push(initial)
    node = nodes.find((each) => each.id === initial)
  }
  return ids
}

/** Edges that need no event. */
const onward = ({ edges }: ChartGraph, within: readonly string[]): readonly Edge[] => {
  const innermost = within.at(-1) ?? ''
  return edges.filter(
    ({ source, kind }) =>
      (source === innermost || within.includes(source) || innermost.startsWith(`${source}.`)) && kind !== 'event' && kind !== 'after',
  )
}
