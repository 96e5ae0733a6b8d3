import { createMachine, type AnyMachineSnapshot, type AnyStateMachine, type AnyStateNode, type EventObject } from 'xstate'
import { actionUse, type ActionUse } from './action.ts'
import { inertScope, innerOf } from './inert-scope.ts'
import { stateNodes, transitionsOf } from './transitions.ts'

/** What one microstep of a chart does: it hangs on where the chart stands and on the transition, and on nothing that context and event hold. */
export interface Microstep {
  /** In the order in which they are taken: those of what is left, of the transition, and of what is entered. */
  readonly actions: readonly ActionUse[]
  /** Where it leads, but for the context; undefined where the chart stays where it is. */
  readonly after: AnyMachineSnapshot | undefined
}

export interface Microsteps {
  /** That of a transition, from where this snapshot stands; undefined where that says too little. */
  readonly of: (transition: object, from: AnyMachineSnapshot) => Microstep | undefined
  /** By which the chart starts. */
  readonly first: () => Microstep | undefined
}

/**
 * XState itself says them, by a copy of the chart in which each action only notes that it was taken, and each guard lets pass what is asked
 * about and nothing else. It says too little of histories and actors, of an inner final state, which raises an event, and of outputs.
 */
export const microstepsOf = (machine: AnyStateMachine): Microsteps => {
  const nodes = stateNodes(machine)
  if (nodes.some((node) => node.type === 'history' || node.invoke.length > 0)) return { of: nothing, first: nothing }
  const copy = notingCopy(machine, nodes)
  const hasOutput = nodes.some((node) => node.output !== undefined)

  const said = ({ led, noted }: Noted, from?: AnyMachineSnapshot): Microstep | undefined => {
    const isOver = led.status === 'done'
    if (led.status === 'error' || (isOver ? hasOutput : led._nodes.some(({ type }) => type === 'final'))) return undefined
    const actions = noted.map((action) => actionUse(machine, action))
    if (!actions.every(isPlain)) return undefined
    const stays = !isOver && from !== undefined && isSame(led._nodes, from._nodes)
    return { actions, after: stays ? undefined : led }
  }
  return {
    of: (transition, from) => said(copy.take(transition, from), from),
    first: () => said(copy.start()),
  }
}

const nothing = (): undefined => undefined

/** All others may do anything, by what they find. */
const isPlain = ({ kind, builtin }: ActionUse): boolean =>
  kind === 'intent' || builtin === 'assign' || builtin === 'raise' || builtin === 'cancel'

const isSame = (some: readonly AnyStateNode[], others: readonly AnyStateNode[]): boolean =>
  some.length === others.length && some.every((node) => others.includes(node))

interface Noted {
  /** Of the chart itself, without a context. */
  readonly led: AnyMachineSnapshot
  /** The actions of the chart that were taken. */
  readonly noted: readonly unknown[]
}

interface NotingCopy {
  readonly take: (transition: object, from: AnyMachineSnapshot) => Noted
  readonly start: () => Noted
}

const notingCopy = (machine: AnyStateMachine, nodes: readonly AnyStateNode[]): NotingCopy => {
  const copy = createMachine({ ...machine.config, context: {} }, machine.implementations) as AnyStateMachine
  const pairs = stateNodes(copy).map((node, index) => [node, nodes[index] as AnyStateNode] as const)
  const [copied, original] = [new Map(pairs.map(([node, of]) => [of, node])), new Map(pairs)]
  let noted: unknown[] = []
  let wanted: object | undefined
  const noting = (actions: readonly unknown[]): never[] => actions.map((action) => notingAction(() => noted.push(action)) as never)
  for (const [node, of] of pairs) {
    node.output = undefined
    node.entry = noting(of.entry)
    node.exit = noting(of.exit)
    node.initial.actions = noting(of.initial.actions)
    const origins = transitionsOf(of)
    for (const [index, { origin: candidate }] of transitionsOf(node).entries()) {
      const origin = origins[index]?.origin as Transition
      const isWanted = (): boolean => {
        if (origin !== wanted) return false
        // It is taken once: an eventless one would be taken again.
        wanted = undefined
        return true
      }
      Object.assign(candidate, { guard: isWanted, actions: noting(origin.actions) })
    }
  }
  const inner = innerOf(copy)
  const scope = inertScope()
  const afterwards = (led: AnyMachineSnapshot): Noted => ({
    led: { ...led, machine, context: undefined, _nodes: led._nodes.map((node) => original.get(node)) } as AnyMachineSnapshot,
    noted,
  })
  return {
    take(transition, from) {
      noted = []
      wanted = transition
      const before = { ...from, machine: copy, context: {}, _nodes: from._nodes.map((node) => copied.get(node)) } as AnyMachineSnapshot
      return afterwards(inner.transition(before, { type: (transition as Transition).eventType }, scope))
    },
    start() {
      noted = []
      wanted = undefined
      return afterwards(inner.getInitialSnapshot(scope, undefined))
    },
  }
}

interface Transition extends EventObject {
  /** '' of an eventless one. */
  readonly eventType: string
  readonly actions: readonly unknown[]
}

/** XState takes it for one of its own, that changes nothing. */
const notingAction = (note: () => void): object => {
  const resolve = (_: unknown, snapshot: unknown) => {
    note()
    return [snapshot, undefined, undefined]
  }
  return Object.assign(() => undefined, { resolve })
}
