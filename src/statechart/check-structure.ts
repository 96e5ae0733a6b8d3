import type { AnyStateMachine, AnyStateNode } from 'xstate'

import type { ActionUse } from './action.ts'
import { type ChartProblem, chartProblem } from './chart-problem.ts'
import { enqueuedNames } from './function-text.ts'
import { member, ownMember } from './member.ts'
import { placedActions, placedGuards } from './places.ts'
import { stateNodes, transitionPlace, transitionsOf } from './transitions.ts'

/** XState's actions that are pure and leave a trace which the fold understands. */
const FOLDED_BUILTINS: readonly string[] = ['assign', 'raise', 'cancel', 'enqueueActions']

/** What can be seen in the chart as it is written, without running any of it. */
export const structureProblems = (machine: AnyStateMachine, intents: ReadonlySet<string>): readonly ChartProblem[] => [
  ...identityProblems(machine),
  ...stateNodes(machine).flatMap((node) => [...actorProblems(node), ...eventProblems(node), ...delayProblems(machine, node)]),
  ...placedActions(machine).flatMap(({ at, use }) => actionProblems(machine, intents, at, use)),
  ...placedGuards(machine).flatMap(({ at, use }) => {
    if (use.kind === 'inline') return [chartProblem('inline', at, 'a bare function as guard')]
    return use.kind === 'missing' ? [chartProblem('missing', at, `guard "${use.name}"`)] : []
  }),
]

/** Whether a runtime may be asked for it: XState performs the named built-ins itself. */
export const isKnownAction = (machine: AnyStateMachine, intents: ReadonlySet<string>, name: string): boolean =>
  intents.has(name) ||
  FOLDED_BUILTINS.some((builtin) => member(ownMember(machine.implementations.actions, name), 'type') === `xstate.${builtin}`)

const identityProblems = (machine: AnyStateMachine): readonly ChartProblem[] =>
  typeof machine.config.id === 'string' && machine.config.id !== '' ? [] : [chartProblem('id', 'the chart', 'no id')]

const actorProblems = (node: AnyStateNode): readonly ChartProblem[] =>
  node.invoke.map((invoked) => chartProblem('H3', node.id, `invoke of "${String(member(invoked, 'src'))}"`))

const eventProblems = (node: AnyStateNode): readonly ChartProblem[] => {
  const handled = Object.keys(node.config.on ?? {})
  return [
    ...handled.filter((type) => type === '*').map((type) => chartProblem('H13', `${node.id} on ${type}`, 'a handler of every event')),
    ...handled.filter(isXStateEvent).map((type) => chartProblem('H8', `${node.id} on ${type}`, `a handler of "${type}"`)),
    ...(member(node.config, 'route') === undefined ? [] : [chartProblem('H8', node.id, 'a route, which obeys the event "xstate.route"')]),
  ]
}

const isXStateEvent = (type: unknown): boolean => typeof type === 'string' && type.startsWith('xstate.')

const delayProblems = (machine: AnyStateMachine, node: AnyStateNode): readonly ChartProblem[] =>
  transitionsOf(node).flatMap((transition) =>
    namedDelayProblems(machine, transitionPlace(node.id, transition), member(transition.origin, 'delay')),
  )

const namedDelayProblems = (machine: AnyStateMachine, at: string, delay: unknown): readonly ChartProblem[] =>
  typeof delay === 'string' && ownMember(machine.implementations.delays, delay) === undefined
    ? [chartProblem('missing', at, `delay "${delay}"`)]
    : []

const actionProblems = (machine: AnyStateMachine, intents: ReadonlySet<string>, at: string, use: ActionUse): readonly ChartProblem[] => {
  if (use.kind === 'inline') return [chartProblem('inline', at, 'a bare function as action')]
  if (use.kind === 'intent') return intents.has(use.name) ? [] : [chartProblem('intent', at, `"${use.name}"`)]
  if (!FOLDED_BUILTINS.includes(use.builtin ?? '')) return [chartProblem('H3', at, named(use))]
  if (use.builtin === 'raise') return raiseProblems(machine, at, use)
  return enqueuedNames(member(use.implementation, 'collect'))
    .filter((name) => !isKnownAction(machine, intents, name))
    .map((name) => chartProblem('intent', at, `"${name}" in ${named(use)}`))
}

const named = ({ name, builtin }: ActionUse): string => (name === builtin ? name : `${builtin ?? ''} as "${name}"`)

const raiseProblems = (machine: AnyStateMachine, at: string, use: ActionUse): readonly ChartProblem[] => {
  const { implementation } = use
  const delay = member(implementation, 'delay')
  const type = member(member(implementation, 'event'), 'type')
  return [
    ...(isXStateEvent(type) ? [chartProblem('H8', at, `${named(use)} of "${String(type)}"`)] : []),
    ...(typeof delay === 'function' ? [chartProblem('delay', at, `${named(use)} with a function as delay`)] : []),
    ...(delay === undefined ? [] : timerProblems(at, use)),
    ...namedDelayProblems(machine, at, delay),
  ]
}

const timerProblems = (at: string, use: ActionUse): readonly ChartProblem[] => {
  const id = member(use.implementation, 'id')
  if (typeof id === 'string') return []
  return [chartProblem('timer', at, `${named(use)} with ${typeof id === 'function' ? 'a function as id' : 'a delay and no id'}`)]
}
