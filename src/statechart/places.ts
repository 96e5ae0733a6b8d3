import type { AnyStateMachine, AnyStateNode } from 'xstate'

import { type ActionUse, actionUse, belongsToAfter } from './action.ts'
import { type GuardUse, guardUses } from './guard.ts'
import { type ChartTransition, stateNodes, transitionPlace, transitionsOf } from './transitions.ts'

export interface Placed<Use> {
  readonly at: string
  readonly use: Use
}

/** Every action of a chart with its place; not those that XState adds for the timers of `after`. */
export const placedActions = (machine: AnyStateMachine): readonly Placed<ActionUse>[] =>
  stateNodes(machine).flatMap((node) =>
    [
      { at: `${node.id} entry`, actions: node.entry },
      { at: `${node.id} exit`, actions: node.exit },
      { at: `${node.id} initial`, actions: node.initial.actions },
      ...transitionsOf(node).map((transition) => ({ at: transitionPlace(node.id, transition), actions: transition.actions })),
    ].flatMap(({ at, actions }) =>
      actions.filter((action) => !belongsToAfter(action)).map((action) => ({ at, use: actionUse(machine, action) })),
    ),
  )

/** Every single condition of the guards of a chart with its place. */
export const placedGuards = (machine: AnyStateMachine): readonly Placed<GuardUse>[] =>
  stateNodes(machine).flatMap((node) =>
    authored(node).flatMap((transition) =>
      guardUses(machine, transition.guard).map((use) => ({ at: transitionPlace(node.id, transition), use })),
    ),
  )

/** XState guards the transitions of a `route` by a function of its own. */
const authored = (node: AnyStateNode): readonly ChartTransition[] => transitionsOf(node).filter(({ label }) => label !== 'xstate.route')
