import { transition, initialTransition, type AnyMachineSnapshot, type AnyStateMachine, type EventObject } from 'xstate'
import { AppError, messageOf } from '../errors.ts'
import { jsonText, type Json } from '../json.ts'
import { shown } from '../text.ts'
import { inertScope, innerOf, type ExecutableAction } from './inert-scope.ts'
import { knownSteps, MAX_EVENTLESS_STEPS, type Taken } from './known-steps.ts'

/** What a chart asks for in one step, as data. */
export type ChartAction =
  | { readonly kind: 'intent'; readonly type: string; readonly params: Readonly<Record<string, unknown>> }
  | { readonly kind: 'arm'; readonly id: string; readonly event: string; readonly delayMs: number }
  | { readonly kind: 'disarm'; readonly id: string }

export interface ChartStep {
  readonly snapshot: AnyMachineSnapshot
  readonly actions: readonly ChartAction[]
}

/** The only thing that touches XState at run time: it knows no chart by name. */
export interface ChartDriver {
  readonly machine: AnyStateMachine
  init(input: unknown): ChartStep
  step(snapshot: AnyMachineSnapshot, event: EventObject): ChartStep
  /** Whether any state of the chart has a transition for this type. */
  knows(eventType: string): boolean
  /** JSON that {@link ChartDriver.restore} reads back. */
  persist(snapshot: AnyMachineSnapshot): Json
  restore(persisted: Json): AnyMachineSnapshot
}

/** Throws `UnexpectedEvent` where a guard or an assign throws: the chart cannot explain this event. */
export const chartDriver = (machine: AnyStateMachine): ChartDriver => {
  machine.options = { ...machine.options, maxIterations: MAX_EVENTLESS_STEPS }
  const known = new Set<string>(machine.events as string[])
  const inner = innerOf(machine)
  const scope = inertScope()
  const steps = knownSteps(machine, scope)
  const start = (input: unknown): Taken => {
    const taken = steps.start(input)
    if (taken !== undefined) return taken
    scope.taken = []
    const snapshot = inner.getInitialSnapshot(scope, input)
    if (snapshot.status === 'error') throw snapshot.error
    return { snapshot, actions: scope.taken }
  }
  const step = (before: AnyMachineSnapshot, event: EventObject): Taken => {
    const taken = steps.step(before, event)
    if (taken !== undefined) return taken
    scope.taken = []
    const snapshot = inner.transition(before, event, scope)
    return { snapshot, actions: scope.taken }
  }
  return {
    machine,
    init: (input) => {
      try {
        return asked(start(input))
      } catch (cause) {
        throw unexplained(machine, 'its start', cause)
      }
    },
    step: (snapshot, event) => {
      try {
        return asked(step(snapshot, event))
      } catch (cause) {
        throw unexplained(machine, event.type, cause)
      }
    },
    knows: (eventType) => known.has(eventType),
    // An empty context goes through XState's own codec, which mangles user data that looks like an actor reference.
    persist: (snapshot) => {
      const persisted = machine.getPersistedSnapshot({ ...snapshot, context: {} } as AnyMachineSnapshot) as unknown as Record<
        string,
        unknown
      >
      return JSON.parse(jsonText({ ...persisted, context: snapshot.context as unknown })) as Json
    },
    restore: (persisted) => {
      const { context, ...rest } = persisted as unknown as Record<string, unknown>
      const snapshot = inner.restoreSnapshot({ ...rest, context: {} }, scope)
      // A method of the snapshot reads `this`, so the restored object is kept and only its context replaced.
      return Object.assign(snapshot, { context }) as AnyMachineSnapshot
    },
  }
}

/** The same through XState's exported functions, which build an actor per call: what the driver's reused scope is tested against. */
export const referenceInit = (machine: AnyStateMachine, input: unknown): ChartStep => {
  const [snapshot, actions] = initialTransition(machine, input)
  return asked({ snapshot, actions })
}

export const referenceStep = (machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: EventObject): ChartStep => {
  const [next, actions] = transition(machine, snapshot, event)
  return asked({ snapshot: next, actions })
}

const asked = ({ snapshot, actions }: Taken): ChartStep => {
  const wanted: ChartAction[] = []
  for (const action of actions) {
    const each = toChartAction(action)
    if (each !== undefined) wanted.push(each)
  }
  return { snapshot, actions: wanted }
}

/** Undefined for what XState has done itself. */
const toChartAction = (action: ExecutableAction): ChartAction | undefined => {
  const params = (action.params ?? {}) as Record<string, unknown>
  switch (action.type) {
    case 'xstate.raise':
      if (typeof params.delay !== 'number') return undefined
      return { kind: 'arm', id: String(params.id), event: (params.event as EventObject).type, delayMs: params.delay }
    case 'xstate.cancel':
      return { kind: 'disarm', id: String(params.sendId) }
    default:
      // The validator refuses all other built-ins, but for those that code chooses: what nobody performs is not left out in silence.
      if (action.type.startsWith('xstate.'))
        throw new AppError(
          'UnexpectedEvent',
          `expected actions that are asked for by name, assign, raise and cancel, found ${shown(action.type)}`,
        )
      return { kind: 'intent', type: action.type, params }
  }
}

const unexplained = (machine: AnyStateMachine, what: string, cause: unknown): AppError =>
  new AppError('UnexpectedEvent', `Chart ${machine.id} threw at ${what}: ${messageOf(cause)}`, { details: { chart: machine.id }, cause })
