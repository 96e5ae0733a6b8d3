import type { ChartEdge, ChartGraph, ChartNode, GraphAction } from './graph.ts'

/** The effects among some actions: what XState does by itself is left out of pictures. */
export const intentNames = (actions: readonly GraphAction[]): readonly string[] =>
  actions.flatMap(({ name, kind, asks }) => (kind === 'intent' ? [name] : asks))

/** `ToolCallFailed [mayRetry] / callTool` */
export const edgeLabel = ({ event, guard, actions }: ChartEdge): string => {
  const intents = intentNames(actions)
  return event + (guard === null ? '' : ` [${guard}]`) + (intents.length === 0 ? '' : ` / ${intents.join(', ')}`)
}

/** `entry / callModel`, `exit / abortEffects` */
export const nodeRows = ({ entry, exit }: ChartNode): readonly string[] => [
  ...intentNames(entry).map((name) => `entry / ${name}`),
  ...intentNames(exit).map((name) => `exit / ${name}`),
]

export const childrenOf = (graph: ChartGraph, id: string | null): readonly ChartNode[] => graph.nodes.filter((node) => node.parent === id)

/** Whether a state lies within another, at any depth. */
export const liesWithin = (graph: ChartGraph, id: string, ancestor: string): boolean => {
  const parent = graph.nodes.find((node) => node.id === id)?.parent ?? null
  return parent !== null && (parent === ancestor || liesWithin(graph, parent, ancestor))
}
