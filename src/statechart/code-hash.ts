import type { AnyStateMachine } from 'xstate'
import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'
import { functionSyntax } from './function-syntax.ts'
import { guardName } from './guard.ts'
import { member } from './member.ts'
import { placedActions, placedGuards, type Placed } from './places.ts'
import { stateNodes } from './transitions.ts'

/**
 * 16 hexadecimal digits that change when what a chart decides by does: the bodies of its guards, assigns, delays, params, context and
 * output functions, and the constants that stand in their place. The same for source, build and tests of one code. Blind to what a
 * function reaches outside of itself: the values of its closure, the bodies of functions that it calls.
 */
export const codeHash = (machine: AnyStateMachine): string => sha256(canonicalJson(listing(machine))).slice(0, 16)

const listing = (machine: AnyStateMachine): unknown => ({
  guards: codeOf({ ...machine.implementations.guards }),
  delays: codeOf({ ...machine.implementations.delays }),
  actions: codeOf({ ...machine.implementations.actions }),
  context: codeOf(machine.config.context as unknown),
  outputs: Object.fromEntries(stateNodes(machine).map((node) => [node.id, codeOf(node.output)])),
  asked: byPlace(placedActions(machine), ({ name, builtin, implementation, params }) => ({
    params: codeOf(params),
    inline: name === builtin ? codeOf(implementation) : null,
  })),
  conditions: byPlace(placedGuards(machine), ({ params }) => codeOf(params)),
})

const byPlace = <Use>(placed: readonly Placed<Use>[], listed: (use: Use) => unknown): unknown => {
  const places: Record<string, unknown[]> = {}
  for (const { at, use } of placed) (places[at] ??= []).push(listed(use))
  return places
}

/** What XState hangs on the functions of its own and only carries them out. */
const CARRIES_OUT: ReadonlySet<string> = new Set(['resolve', 'execute', 'check'])

const codeOf = (value: unknown): unknown => {
  if (typeof value === 'function') return isOfXState(value) ? ofXState(value) : functionSyntax(value as () => unknown)
  if (Array.isArray(value)) return value.map(codeOf)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, codeOf(part)]))
  return value === undefined ? null : [typeof value, typeof value === 'number' ? `${value}` : value]
}

const isOfXState = (value: unknown): boolean =>
  typeof member(value, 'resolve') === 'function' || typeof member(value, 'check') === 'function'

/** A built-in action or a combined guard: its name, and the author's parts of it. */
const ofXState = (value: object): unknown => ({
  kind: typeof member(value, 'check') === 'function' ? guardName(value) : member(value, 'type'),
  parts: Object.fromEntries(
    Object.entries(value).flatMap(([key, part]: [string, unknown]) => (CARRIES_OUT.has(key) ? [] : [[key, codeOf(part)]])),
  ),
})
