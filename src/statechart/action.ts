import type { AnyStateMachine } from 'xstate'

import { member, ownMember } from './member.ts'

/** One action as it stands in a chart, with what XState resolves it to. */
export interface ActionUse {
  /** The author's name for it, or the built-in's own (`assign`). */
  readonly name: string
  /** `intent`: data for the runtime. `builtin`: XState performs it in the fold. `inline`: a bare function, which says nothing of itself. */
  readonly kind: 'intent' | 'builtin' | 'inline'
  /** `assign`, `raise`, `sendTo` … when `kind` is `builtin`, with the function that carries its parts. */
  readonly builtin: string | null
  readonly implementation: unknown
  /** As written: JSON, or a function of context and event. */
  readonly params: unknown
}

const XSTATE = 'xstate.'

/** Reads an action from a chart: a name, `{ type, params }`, a built-in or a bare function. */
export const actionUse = (machine: AnyStateMachine, action: unknown): ActionUse => {
  if (typeof action === 'function') return use(null, action, undefined)
  const name = typeof action === 'string' ? action : String(member(action, 'type'))
  return use(name, ownMember(machine.implementations.actions, name), member(action, 'params'))
}

const use = (name: string | null, implementation: unknown, params: unknown): ActionUse => {
  const builtin = builtinOf(implementation)
  if (builtin !== null) return { name: name ?? builtin, kind: 'builtin', builtin, implementation, params }
  return { name: name ?? '(inline)', kind: name === null ? 'inline' : 'intent', builtin: null, implementation, params }
}

const builtinOf = (implementation: unknown): string | null => {
  const type = member(implementation, 'type')
  if (typeof implementation !== 'function' || typeof member(implementation, 'resolve') !== 'function') return null
  return typeof type === 'string' && type.startsWith(XSTATE) ? type.slice(XSTATE.length) : String(type)
}

/** Whether XState put it there itself, to arm or disarm the timer of an `after`. */
export const belongsToAfter = (action: unknown): boolean => {
  const id = member(action, 'type') === 'xstate.cancel' ? member(action, 'sendId') : member(member(action, 'event'), 'type')
  return typeof action === 'function' && typeof id === 'string' && id.startsWith('xstate.after.')
}
