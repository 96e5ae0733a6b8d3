import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate'
import { actionUse, type ActionUse } from './action.ts'
import { placedActions } from './places.ts'
import { stateNodes, transitionsOf } from './transitions.ts'

// What hangs on nothing but where a chart stands and what type an event has: no guard, no action, nothing that goes on by itself. XState is asked
// for each such step once. The same step of the next call differs by its context alone.

export interface PlainSteps {
  /** Undefined where XState has to be asked. */
  readonly after: (before: AnyMachineSnapshot, eventType: string) => AnyMachineSnapshot | undefined
  /** What XState made of it. `isSilent`: no action was taken. */
  readonly note: (step: PlainStep, isSilent: boolean) => void
}

interface PlainStep {
  readonly before: AnyMachineSnapshot
  readonly eventType: string
  readonly after: AnyMachineSnapshot
}

export const plainSteps = (machine: AnyStateMachine): PlainSteps => {
  const isPlain = hasPlainSteps(machine)
  const deciding = guardedTypes(machine)
  // Snapshots that differ by their context have one array of nodes.
  const known = new WeakMap<readonly AnyStateNode[], Map<string, AnyMachineSnapshot>>()

  return {
    after(before, eventType) {
      const after = known.get(before._nodes)?.get(eventType)
      if (after === undefined) return undefined
      return after._nodes === before._nodes ? before : ({ ...after, context: before.context as unknown } as AnyMachineSnapshot)
    },
    note({ before, eventType, after }, isSilent) {
      if (!isPlain || !isSilent || deciding.has(eventType) || after.context !== before.context) return
      const ofNodes = known.get(before._nodes) ?? new Map<string, AnyMachineSnapshot>()
      known.set(before._nodes, ofNodes.set(eventType, after))
    },
  }
}

/** An action that reads the context and may do nothing, such as `enqueueActions`, looks like none at all where it has done nothing once. */
const showsItself = ({ kind, builtin }: ActionUse): boolean => kind === 'intent' || builtin === 'assign'

const hasPlainSteps = (machine: AnyStateMachine): boolean =>
  placedActions(machine).every(({ use }) => showsItself(use)) &&
  stateNodes(machine).every(
    (node) =>
      node.type !== 'history' &&
      node.invoke.length === 0 &&
      node.output === undefined &&
      transitionsOf(node).every(({ kind, label }) => kind !== 'always' && kind !== 'done' && !label.includes('*')),
  )

const guardedTypes = (machine: AnyStateMachine): ReadonlySet<string> =>
  new Set(
    stateNodes(machine).flatMap((node) =>
      [...node.transitions].flatMap(([type, candidates]) => (candidates.some(({ guard }) => guard !== undefined) ? [type] : [])),
    ),
  )

export interface PlainStart {
  readonly snapshot: AnyMachineSnapshot
  readonly taken: readonly { readonly type: string; readonly params?: unknown }[]
}

/** How a chart starts, by the first snapshot of another start of it; undefined where XState has to be asked each time. */
export const plainStart = (machine: AnyStateMachine, first: AnyMachineSnapshot): ((input: unknown) => PlainStart) | undefined => {
  const [root, start] = first._nodes
  const isPlain = hasPlainSteps(machine) && first._nodes.length === 2 && root === machine.root
  if (!isPlain || start === undefined || root.entry.length > 0 || root.initial.actions.length > 0) return undefined
  const uses = start.entry.map((action) => actionUse(machine, action))
  if (uses.some(({ kind }) => kind !== 'intent')) return undefined
  const begun = machine.config.context as unknown
  return (input) => {
    const context = { ...(typeof begun === 'function' ? (begun as Begin)({ input }) : (begun as object | undefined)) }
    const event = { type: 'xstate.init', input }
    const taken = uses.map(({ name, params }) => ({
      type: name,
      params: typeof params === 'function' ? (params as Ask)({ context, event }) : params,
    }))
    return { snapshot: { ...first, context } as AnyMachineSnapshot, taken }
  }
}

type Begin = (given: { readonly input: unknown }) => object
type Ask = (given: { readonly context: object; readonly event: object }) => unknown
