import type { AnyStateMachine, AnyStateNode } from 'xstate'

import { type ActionUse, actionUse, belongsToAfter } from './action.ts'
import { enqueuedNames } from './function-text.ts'
import { guardName } from './guard.ts'
import { member } from './member.ts'
import { type ChartTransition, type TransitionKind, stateNodes, transitionsOf } from './transitions.ts'

/** A statechart as plain JSON: the one source of its pictures and of its structure hash. */
export interface ChartGraph {
  readonly id: string
  readonly version: string | null
  /** In document order, the root first, each state before its children. */
  readonly nodes: readonly ChartNode[]
  readonly edges: readonly ChartEdge[]
}

export interface ChartNode {
  readonly id: string
  readonly key: string
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  readonly parent: string | null
  readonly initial: string | null
  readonly initialActions: readonly GraphAction[]
  readonly history: 'shallow' | 'deep' | null
  readonly final: boolean
  readonly tags: readonly string[]
  readonly description: string | null
  readonly entry: readonly GraphAction[]
  readonly exit: readonly GraphAction[]
}

export interface ChartEdge {
  /** `<source>|<label>|<position>`, and `.<n>` for the further targets of one transition: the same in every build of a chart. */
  readonly id: string
  readonly source: string
  readonly target: string
  /** `default` leads from a history state to where it goes when there is no history yet. */
  readonly kind: TransitionKind | 'default'
  /** The event type, `after <delay>`, `always`, `done` or `default`. */
  readonly event: string
  readonly guard: string | null
  readonly actions: readonly GraphAction[]
  /** It only acts: no state is left, and `target` is the source. */
  readonly internal: boolean
  readonly reenter: boolean
  readonly description: string | null
}

export interface GraphAction {
  readonly name: string
  readonly kind: ActionUse['kind']
  /** Canonical parameters when they stand in the chart itself, `null` when there are none or a function makes them. */
  readonly params: unknown
  /** The intents that an `enqueueActions` may ask for, read from its text: for pictures only. */
  readonly asks: readonly string[]
}

/** The graph of any XState v5 machine; its `always` and `after` transitions are edges like the others. */
export const chartGraph = (machine: AnyStateMachine): ChartGraph => {
  const nodes = stateNodes(machine)
  return {
    id: machine.id,
    version: machine.version ?? null,
    nodes: nodes.map((node) => chartNode(machine, node)),
    edges: nodes.flatMap((node) => [
      ...transitionsOf(node).flatMap((transition) => chartEdges(machine, node, transition)),
      ...historyDefaults(machine, node),
    ]),
  }
}

/** Edge ids by XState's own transition objects, as its microstep inspection reports them. */
export const edgeIdsByTransition = (machine: AnyStateMachine): ReadonlyMap<object, readonly string[]> =>
  new Map(stateNodes(machine).flatMap((node) => transitionsOf(node).map((transition) => [transition.origin, edgeIds(node.id, transition)])))

const chartNode = (machine: AnyStateMachine, node: AnyStateNode): ChartNode => {
  const initial = node.type === 'compound' ? node.initial : null
  return {
    id: node.id,
    key: node.key,
    type: node.type,
    parent: node.parent?.id ?? null,
    initial: initial?.target[0]?.id ?? null,
    initialActions: chartActions(machine, initial?.actions ?? []),
    history: historyKind(node),
    final: node.type === 'final',
    tags: node.tags,
    description: node.description ?? null,
    entry: chartActions(machine, node.entry),
    exit: chartActions(machine, node.exit),
  }
}

const historyKind = (node: AnyStateNode): ChartNode['history'] => {
  if (node.type !== 'history') return null
  return node.history === 'deep' ? 'deep' : 'shallow'
}

const edgeIds = (source: string, transition: ChartTransition): readonly string[] => {
  const id = `${source}|${transition.label}|${String(transition.index)}`
  return transition.targets.length < 2 ? [id] : transition.targets.map((_, at) => (at === 0 ? id : `${id}.${String(at)}`))
}

const chartEdges = (machine: AnyStateMachine, node: AnyStateNode, transition: ChartTransition): readonly ChartEdge[] =>
  edgeIds(node.id, transition).map((id, at) => ({
    id,
    source: node.id,
    target: transition.targets[at] ?? node.id,
    kind: transition.kind,
    event: transition.label,
    guard: guardName(transition.guard),
    actions: chartActions(machine, transition.actions),
    internal: transition.targets.length === 0,
    reenter: transition.reenter,
    description: transition.description,
  }))

const historyDefaults = (machine: AnyStateMachine, node: AnyStateNode): readonly ChartEdge[] => {
  if (node.type !== 'history') return []
  return historyTargets(machine, node).map((target, at) => ({
    id: `${node.id}|default|${String(at)}`,
    source: node.id,
    target,
    kind: 'default',
    event: 'default',
    guard: null,
    actions: [],
    internal: false,
    reenter: false,
    description: null,
  }))
}

const historyTargets = (machine: AnyStateMachine, node: AnyStateNode): readonly string[] => {
  const { parent } = node
  const written: unknown = member(node.config, 'target')
  const names = (Array.isArray(written) ? written : [written]).filter((name): name is string => typeof name === 'string')
  if (names.length > 0)
    return names.map((name) => machine.getStateNodeById(name.startsWith('#') ? name : `#${parent?.id ?? ''}.${name}`).id)
  const initial = parent?.type === 'compound' ? parent.initial.target[0] : parent
  return initial === undefined ? [] : [initial.id]
}

const chartActions = (machine: AnyStateMachine, actions: readonly unknown[]): readonly GraphAction[] =>
  actions.filter((action) => !belongsToAfter(action)).map((action) => chartAction(actionUse(machine, action)))

const chartAction = (use: ActionUse): GraphAction => ({
  name: use.builtin === use.name ? use.name + builtinDetail(use) : use.name,
  kind: use.kind,
  params: typeof use.params === 'function' ? null : (use.params ?? null),
  asks: enqueuedNames(member(use.implementation, 'collect')),
})

/** What else the chart itself says of an unnamed `raise` or `cancel`: `raise(Retry, after backoff)`. */
const builtinDetail = ({ builtin, implementation }: ActionUse): string => {
  if (builtin === 'cancel') return `(${staticText(member(implementation, 'sendId'))})`
  if (builtin !== 'raise') return ''
  const delay = member(implementation, 'delay')
  const event = staticText(member(member(implementation, 'event'), 'type'))
  return delay === undefined ? `(${event})` : `(${event}, after ${staticText(delay)})`
}

const staticText = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '…')
