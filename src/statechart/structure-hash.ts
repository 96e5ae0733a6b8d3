import { canonicalJson } from '../json.ts'
import { sha256 } from '../hash.ts'
import type { GraphAction, ChartEdge, ChartGraph, ChartNode } from './graph.ts'

/**
 * 16 hexadecimal digits that change when the structure of a chart does: its states, their kinds and nesting, initial and history
 * states, transitions and their order, and the names and written-down parameters of actions, guards and delays.
 * Blind to the bodies of functions, to version, tags and descriptions, and to the order of keys that decides nothing:
 * of the states of a compound state and of the event types of one state.
 */
export const structureHash = (graph: ChartGraph): string => sha256(canonicalJson(listing(graph))).slice(0, 16)

const listing = (graph: ChartGraph): unknown => {
  const [root] = graph.nodes
  return root === undefined ? [] : stateListing(graph, root)
}

const stateListing = (graph: ChartGraph, node: ChartNode): unknown => ({
  id: node.id,
  key: node.key,
  type: node.type,
  history: node.history,
  initial: node.initial,
  initialActions: node.initialActions.map(actionListing),
  entry: node.entry.map(actionListing),
  exit: node.exit.map(actionListing),
  transitions: transitionListing(graph, node),
  // The order of after keys is that in which their timers are armed.
  delays: [...new Set(graph.edges.filter((edge) => edge.source === node.id && edge.kind === 'after').map((edge) => edge.event))],
  states: childListing(graph, node),
})

/** Regions are entered in the order written, so theirs counts; of a compound state only one child is ever active. */
const childListing = (graph: ChartGraph, node: ChartNode): readonly unknown[] => {
  const children = graph.nodes.filter((child) => child.parent === node.id)
  const ordered = node.type === 'parallel' ? children : children.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return ordered.map((child) => stateListing(graph, child))
}

const transitionListing = (graph: ChartGraph, node: ChartNode): unknown => {
  const edges = graph.edges.filter((edge) => edge.source === node.id)
  const events = [...new Set(edges.map((edge) => `${edge.kind} ${edge.event}`))]
  return Object.fromEntries(events.map((event) => [event, edges.filter((edge) => `${edge.kind} ${edge.event}` === event).map(edgeListing)]))
}

const edgeListing = (edge: ChartEdge): unknown => ({
  id: edge.id,
  target: edge.target,
  guard: edge.guard,
  actions: edge.actions.map(actionListing),
  internal: edge.internal,
  reenter: edge.reenter,
})

const actionListing = ({ name, kind, params }: GraphAction): unknown => ({ name, kind, params })
