import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, EventObject } from 'xstate'
import { evaluateGuard } from 'xstate/guards'
import { innerOf, type ExecutableAction, type InertScope } from './inert-scope.ts'
import { member } from './member.ts'
import { microstepsOf, type Microstep } from './microstep.ts'

// XState finds out at each step what is left, what is entered and what that asks for, and makes a snapshot for each assign. What hangs on where a
// chart stands alone it is asked for once. Guards, assigns and params are called at each step, in its order and with what it gives them.

export interface Taken {
  readonly snapshot: AnyMachineSnapshot
  readonly actions: readonly ExecutableAction[]
}

export interface KnownSteps {
  /** Undefined where XState has to be asked: also where code of the chart throws, so that it is XState that says how. */
  readonly start: (input: unknown) => Taken | undefined
  readonly step: (before: AnyMachineSnapshot, event: EventObject) => Taken | undefined
}

export const MAX_EVENTLESS_STEPS = 1_000
/** A chart of many parallel regions stands in any number of ways. */
const MOST_STANDINGS = 1_000

/** One way to stand: all snapshots in these states. */
interface Standing {
  /** By transition. */
  readonly microsteps: Map<object, Microstep | undefined>
  /** Of each innermost state the eventless transitions to choose from. */
  readonly eventless: readonly (readonly Eventless[])[]
}

interface Eventless {
  readonly guard?: unknown
}

export const knownSteps = (machine: AnyStateMachine, scope: InertScope): KnownSteps => {
  const inner = innerOf(machine)
  const standingOf = standingsOf()
  const perform = performer(scope)
  const microsteps = once(() => microstepsOf(machine))
  const first = once(() => microsteps().first())

  const take = (transition: object, before: AnyMachineSnapshot, under: Under): AnyMachineSnapshot | undefined => {
    const known = standingOf(before)?.microsteps
    if (known === undefined) return undefined
    if (!known.has(transition)) known.set(transition, microsteps().of(transition, before))
    const microstep = known.get(transition)
    return microstep && perform(microstep, before, under)
  }

  /** As XState goes on until nothing is left to be done by itself. */
  const settle = (begun: AnyMachineSnapshot | undefined, under: Under): Taken | undefined => {
    let snapshot = begun
    for (let count = 0; snapshot !== undefined && count < MAX_EVENTLESS_STEPS; count++) {
      const transition = snapshot.status === 'active' ? eventlessOf(standingOf(snapshot), snapshot, under.event) : undefined
      if (transition === MANY) return undefined
      const next = transition === undefined ? snapshot : take(transition, snapshot, under)
      if (next === snapshot) return { snapshot, actions: under.actions }
      snapshot = next
    }
    return undefined
  }

  return {
    start: (input) =>
      unlessThrown(() => {
        const microstep = first()
        if (microstep === undefined) return undefined
        const under = { event: { type: 'xstate.init', input }, actions: [] }
        const before = { context: begunContext(machine, scope, input) } as AnyMachineSnapshot
        return settle(perform(microstep, before, under), under)
      }),
    step: (before, event) => {
      if (before.status !== 'active' || isXStates(event.type)) return undefined
      return unlessThrown(() => {
        const enabled = inner.getTransitionData(before, event)
        if (enabled.length > 1) return undefined
        const transition = enabled[0]
        const under = { event, actions: [] }
        return settle(transition === undefined ? before : take(transition, before, under), under)
      })
    },
  }
}

interface Under {
  readonly event: EventObject
  /** Grows. */
  readonly actions: ExecutableAction[]
}

/** Those have meanings of their own. */
const isXStates = (type: string): boolean => type.startsWith('xstate.') && !type.startsWith('xstate.after.')

const unlessThrown = <Value>(ask: () => Value): Value | undefined => {
  try {
    return ask()
  } catch {
    return undefined
  }
}

const once = <Value>(make: () => Value): (() => Value) => {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}

const standingsOf = (): ((snapshot: AnyMachineSnapshot) => Standing | undefined) => {
  const byName = new Map<string, Standing>()
  const byNodes = new WeakMap<readonly AnyStateNode[], Standing>()
  return ({ _nodes: nodes }) => {
    const known = byNodes.get(nodes)
    if (known !== undefined) return known
    const name = nodes.map(({ order }) => order).join()
    const standing = byName.get(name) ?? (byName.size < MOST_STANDINGS ? newStanding(nodes) : undefined)
    if (standing === undefined) return undefined
    byName.set(name, standing)
    byNodes.set(nodes, standing)
    return standing
  }
}

const newStanding = (nodes: readonly AnyStateNode[]): Standing => ({
  microsteps: new Map(),
  eventless: nodes
    .filter(({ type }) => type === 'atomic' || type === 'final')
    .map((node) => withAncestors(node).flatMap(({ always = [] }) => always))
    .filter((candidates) => candidates.length > 0),
})

const withAncestors = (node: AnyStateNode): readonly AnyStateNode[] => [
  node,
  ...(node.parent === undefined ? [] : withAncestors(node.parent)),
]

const MANY = Symbol('several at once')

const eventlessOf = (
  standing: Standing | undefined,
  snapshot: AnyMachineSnapshot,
  event: EventObject,
): Eventless | typeof MANY | undefined => {
  if (standing === undefined) return MANY
  let enabled: Eventless | undefined
  for (const candidates of standing.eventless) {
    const found = firstOf(candidates, snapshot, event)
    if (found !== undefined && enabled !== undefined && found !== enabled) return MANY
    enabled = found ?? enabled
  }
  return enabled
}

const firstOf = (candidates: readonly Eventless[], snapshot: AnyMachineSnapshot, event: EventObject): Eventless | undefined => {
  for (const candidate of candidates) {
    const { guard } = candidate
    if (guard === undefined || evaluateGuard(guard as never, snapshot.context as never, event, snapshot)) return candidate
  }
  return undefined
}

/** Undefined where it comes to more than a timer. */
const performer =
  (scope: InertScope) =>
  ({ actions, after }: Microstep, before: AnyMachineSnapshot, under: Under): AnyMachineSnapshot | undefined => {
    const { event } = under
    let context = before.context as object
    for (const { kind, name, builtin, implementation, params: given } of actions) {
      const params: unknown = typeof given === 'function' ? (given as Call)({ context, event }) : given
      if (kind === 'intent') under.actions.push({ type: name, params })
      else {
        const args = { context, event, spawn: refuse, self: scope.self, system: scope.system }
        if (builtin === 'assign') context = assigned(member(implementation, 'assignment'), args, params)
        else {
          const raised: unknown[] = []
          const resolve = member(implementation, 'resolve') as Resolve
          const [, resolved] = resolve(scope, before, args, params, implementation, { internalQueue: raised })
          if (raised.length > 0) return undefined
          under.actions.push({ type: `xstate.${builtin ?? ''}`, params: resolved })
        }
      }
    }
    if (after !== undefined) return { ...after, context } as AnyMachineSnapshot
    return context === before.context ? before : ({ ...before, context } as AnyMachineSnapshot)
  }

type Call = (args: object, params?: unknown) => unknown
type Resolve = (...given: readonly unknown[]) => readonly [snapshot: unknown, params: unknown]

/** Each change is made of the context before all of them. */
const assigned = (assignment: unknown, args: { readonly context: object }, params: unknown): object => {
  if (typeof assignment === 'function') return { ...args.context, ...((assignment as Call)(args, params) as object) }
  const context: Record<string, unknown> = { ...args.context }
  for (const key of Object.keys(assignment as object)) {
    const change = member(assignment, key)
    context[key] = typeof change === 'function' ? (change as Call)(args, params) : change
  }
  return context
}

const refuse = (): never => {
  throw new TypeError('expected no actor to be spawned')
}

const begunContext = ({ config }: AnyStateMachine, { self }: InertScope, input: unknown): object => {
  const context = config.context as unknown
  return typeof context === 'function' ? { ...((context as Call)({ spawn: refuse, input, self }) as object) } : (context ?? {})
}
