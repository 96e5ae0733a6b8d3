import type { AnyStateMachine } from 'xstate'

import { type ChartProblem, chartProblem } from './chart-problem.ts'
import { actorMentions, impureMentions } from './function-text.ts'
import { member } from './member.ts'
import { placedActions, placedGuards } from './places.ts'
import { stateNodes } from './transitions.ts'

interface PlacedFunction {
  readonly at: string
  readonly subject: unknown
}

/** What the text of the chart's functions gives away: clocks, chance, actors. Best effort, see function-text.ts. */
export const functionProblems = (machine: AnyStateMachine): readonly ChartProblem[] =>
  [...implementations(machine), ...inChart(machine)].flatMap(({ at, subject }) => [
    ...impureMentions(subject).map((found) => chartProblem('H4', at, found)),
    ...actorMentions(subject).map((found) => chartProblem('H3', at, found)),
  ])

const implementations = (machine: AnyStateMachine): readonly PlacedFunction[] =>
  (['guards', 'delays', 'actions'] as const).flatMap((kind) =>
    Object.entries(machine.implementations[kind]).flatMap(([name, implementation]) =>
      functionsOf(implementation).map((subject) => ({ at: `${kind.slice(0, -1)} ${name}`, subject })),
    ),
  )

const inChart = (machine: AnyStateMachine): readonly PlacedFunction[] => [
  { at: 'context', subject: machine.config.context as unknown },
  ...stateNodes(machine).map((node) => ({ at: `${node.id} output`, subject: node.output })),
  ...placedActions(machine).flatMap(({ at, use }) => [
    { at, subject: use.params },
    ...(use.name === use.builtin ? functionsOf(use.implementation).map((subject) => ({ at, subject })) : []),
  ]),
  ...placedGuards(machine).map(({ at, use }) => ({ at, subject: use.params })),
]

/** Where the author's functions stand in a built-in action, a combined guard or a plain implementation. */
const functionsOf = (implementation: unknown): readonly unknown[] => {
  const guards = member(implementation, 'guards')
  if (Array.isArray(guards)) return (guards as readonly unknown[]).flatMap(functionsOf)
  const assignment = member(implementation, 'assignment')
  const perKey: readonly unknown[] = typeof assignment === 'object' && assignment !== null ? Object.values(assignment) : []
  const parts = ['event', 'delay', 'collect', 'sendId'].map((part) => member(implementation, part))
  return [implementation, assignment, ...perKey, ...parts]
}
