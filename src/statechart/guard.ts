import { and, not, or, stateIn, type AnyStateMachine } from 'xstate'

import { canonicalJson } from '../json.ts'
import { member, ownMember } from './member.ts'

/** A single condition of a guard, once `and`, `or` and `not` are taken apart. */
export interface GuardUse {
  readonly name: string
  /** `missing`: named, but the chart has no implementation. `inline`: a bare function in the chart itself. */
  readonly kind: 'named' | 'inline' | 'missing'
  readonly params: unknown
}

// Recognised by their `check`, for a bundler may have changed the functions' own names.
const COMBINATORS = new Map<unknown, string>([
  [member(and([]), 'check'), 'and'],
  [member(or([]), 'check'), 'or'],
  [member(not(stateIn('')), 'check'), 'not'],
])
const STATE_IN = member(stateIn(''), 'check')

const partsOf = (guard: unknown): readonly unknown[] | null => {
  const parts = member(guard, 'guards')
  return COMBINATORS.has(member(guard, 'check')) && Array.isArray(parts) ? parts : null
}

const nameOf = (guard: unknown): string => (typeof guard === 'string' ? guard : String(member(guard, 'type')))

/** How a guard is written in pictures and in the structure hash: `and(isOpen, not(isLate))`. */
export const guardName = (guard: unknown): string | null => {
  if (guard === undefined) return null
  const parts = partsOf(guard)
  if (parts !== null) return `${COMBINATORS.get(member(guard, 'check')) ?? ''}(${parts.map((part) => guardName(part) ?? '').join(', ')})`
  if (member(guard, 'check') === STATE_IN) return `in(${stateText(member(guard, 'stateValue'))})`
  if (typeof guard === 'function') return '(inline)'
  return nameOf(guard) + paramsText(member(guard, 'params'))
}

const stateText = (value: unknown): string => (typeof value === 'string' ? value : canonicalJson(value))

const paramsText = (params: unknown): string => {
  if (params === undefined) return ''
  return typeof params === 'function' ? '(…)' : `(${canonicalJson(params)})`
}

/** The single conditions of a guard as it is used in a chart, named ones followed into their implementations. */
export const guardUses = (machine: AnyStateMachine, guard: unknown): readonly GuardUse[] =>
  guard === undefined ? [] : usesOf(machine, guard, new Set())

const usesOf = (machine: AnyStateMachine, guard: unknown, seen: ReadonlySet<string>): readonly GuardUse[] => {
  const parts = partsOf(guard)
  if (parts !== null) return parts.flatMap((part) => usesOf(machine, part, seen))
  if (member(guard, 'check') === STATE_IN) return []
  if (typeof guard === 'function') return [{ name: '(inline)', kind: 'inline', params: undefined }]
  const name = nameOf(guard)
  const implementation = ownMember(machine.implementations.guards, name)
  const here: GuardUse = { name, kind: implementation === undefined ? 'missing' : 'named', params: member(guard, 'params') }
  if (implementation === undefined || seen.has(name)) return [here]
  // A bare function inside the implementation of a named guard is its definition, not an inline guard of the chart.
  return [here, ...usesOf(machine, implementation, new Set([...seen, name])).filter((use) => use.kind !== 'inline')]
}
