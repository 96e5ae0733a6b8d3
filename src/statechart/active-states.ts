import { type ChartGraph } from './graph.ts'
import { childrenOf } from './labels.ts'

/** A state value as XState writes it: the key of an active child, or of several with what is active inside each. */
export type StateValue = string | { readonly [key: string]: StateValue | undefined }

/** The ids of the states that a recorded state value makes active, the root first. Keys that the chart does not have are left out. */
export const activeStates = (graph: ChartGraph, value: StateValue): readonly string[] => {
  const [root] = graph.nodes
  return root === undefined ? [] : [root.id, ...activeWithin(graph, root.id, value)]
}

const activeWithin = (graph: ChartGraph, parent: string, value: StateValue): readonly string[] => {
  const active = typeof value === 'string' ? { [value]: {} } : value
  return Object.entries(active).flatMap(([key, inside]) => {
    const child = childrenOf(graph, parent).find((node) => node.key === key)
    return child === undefined ? [] : [child.id, ...activeWithin(graph, child.id, inside ?? {})]
  })
}
