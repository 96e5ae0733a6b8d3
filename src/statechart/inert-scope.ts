import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'

export interface ExecutableAction {
  readonly type: string
  readonly params?: unknown
}

/** The shapes of XState's internals that the reused scope needs; xstate is pinned, and a test compares with `transition`. */
export interface InnerMachine {
  getInitialSnapshot(scope: InertScope, input: unknown): AnyMachineSnapshot
  /** Those that an event enables, by the guards. */
  getTransitionData(snapshot: AnyMachineSnapshot, event: EventObject): readonly object[]
  transition(snapshot: AnyMachineSnapshot, event: EventObject, scope: InertScope): AnyMachineSnapshot
  restoreSnapshot(persisted: unknown, scope: InertScope): AnyMachineSnapshot
}

export const innerOf = (machine: AnyStateMachine): InnerMachine => machine as unknown as InnerMachine

/** What XState takes for an actor: nothing is sent, scheduled or performed by it. */
export interface InertScope {
  /** What it was asked to perform. */
  taken: ExecutableAction[]
  readonly self: object
  readonly system: object
  readonly [name: string]: unknown
}

export const inertScope = (): InertScope => {
  const nothing = (): undefined => undefined
  const system = {
    _sendInspectionEvent: nothing,
    _bookId: () => 'x:fold',
    _register: nothing,
    _unregister: nothing,
    _set: nothing,
    get: nothing,
    getAll: () => ({}),
    _relay: nothing,
    scheduler: { schedule: nothing, cancel: nothing, cancelAll: nothing },
    _snapshot: { _scheduledEvents: {} },
    start: nothing,
    _clock: { setTimeout: nothing, clearTimeout: nothing },
    _logger: nothing,
  }
  const self = { id: 'fold', sessionId: 'x:fold', system, send: nothing, getSnapshot: nothing }
  const scope: InertScope = {
    taken: [],
    self,
    id: 'fold',
    sessionId: 'x:fold',
    logger: nothing,
    defer: nothing,
    system,
    stopChild: nothing,
    emit: nothing,
    actionExecutor: (action: ExecutableAction) => {
      scope.taken.push(action)
    },
  }
  return scope
}
