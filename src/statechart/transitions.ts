import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

import { member } from './member.ts'

export type TransitionKind = 'event' | 'after' | 'always' | 'done'

/** One transition as the chart's author wrote it, its targets resolved to state ids. */
export interface ChartTransition {
  readonly kind: TransitionKind
  /** The event type, `after <delay>`, `always` or `done`. */
  readonly label: string
  /** Its position among the transitions of its state for the same event: XState takes the first whose guard passes. */
  readonly index: number
  /** Empty: the transition only acts and leaves no state. */
  readonly targets: readonly string[]
  readonly reenter: boolean
  readonly guard: unknown
  readonly actions: readonly unknown[]
  readonly description: string | null
  /** XState's own object, which its microstep inspection names when the transition is taken. */
  readonly origin: object
}

const AFTER = 'xstate.after.'
const DONE_STATE = 'xstate.done.state.'

/** The states in document order, each before its children. */
export const stateNodes = (machine: AnyStateMachine): readonly AnyStateNode[] => withChildren(machine.root)

const withChildren = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(withChildren)]

/** The transitions of one state: those of events and delays in the order written, then `always`. */
export const transitionsOf = (node: AnyStateNode): readonly ChartTransition[] => [
  ...[...node.transitions].flatMap(([eventType, candidates]) =>
    candidates.map((candidate, index) => chartTransition(candidate, index, ...kindOf(eventType, candidate))),
  ),
  ...(node.always ?? []).map((candidate, index) => chartTransition(candidate, index, 'always', 'always')),
]

/** How a place in a chart is named in messages: `agent.acting on ToolCallFailed [1]`. */
export const transitionPlace = (stateId: string, transition: ChartTransition): string =>
  `${stateId} ${transition.kind === 'event' ? `on ${transition.label}` : transition.label} [${String(transition.index)}]`

const kindOf = (eventType: string, candidate: object): readonly [TransitionKind, string] => {
  if (eventType.startsWith(AFTER)) return ['after', `after ${String(member(candidate, 'delay'))}`]
  if (eventType.startsWith(DONE_STATE)) return ['done', 'done']
  return ['event', eventType]
}

const chartTransition = (origin: AnyTransitionDefinition, index: number, kind: TransitionKind, label: string): ChartTransition => ({
  kind,
  label,
  index,
  targets: (origin.target ?? []).map((target) => target.id),
  reenter: origin.reenter,
  guard: origin.guard,
  actions: origin.actions,
  description: origin.description ?? null,
  origin,
})
