import type { AnyStateMachine, AnyStateNode } from 'xstate'

import { actionUse } from './action.ts'
import { type ChartProblem, chartProblem } from './chart-problem.ts'
import { type ChartTransition, stateNodes, transitionPlace, transitionsOf } from './transitions.ts'

/** Loops of `always` that no guard can end, wherever in the chart they lie. Those that a guard could end only a run can show. */
export const loopProblems = (machine: AnyStateMachine): readonly ChartProblem[] => {
  const reported = new Set<string>()
  return stateNodes(machine).flatMap((node) => {
    const loop = loopFrom(machine, node)
    const [first] = loop
    if (first === undefined || loop.some((step) => reported.has(step.at))) return []
    for (const step of loop) reported.add(step.at)
    return [chartProblem('H16', first.at, `an endless loop ${loop.map((step) => step.leaf).join(' -> ')} -> ${first.leaf}`)]
  })
}

interface Step {
  readonly leaf: string
  readonly at: string
  readonly next: string
}

const loopFrom = (machine: AnyStateMachine, start: AnyStateNode): readonly Step[] => {
  const steps: Step[] = []
  let leaf = leafOf(start)
  while (leaf !== null) {
    const { id } = leaf
    const known = steps.findIndex((step) => step.leaf === id)
    if (known !== -1) return steps.slice(known)
    const step = certainStep(machine, leaf)
    if (step === null) return []
    steps.push(step)
    leaf = leafOf(machine.getStateNodeById(`#${step.next}`))
  }
  return []
}

/** Where entering a state leads, as long as that is one atomic state. */
const leafOf = (node: AnyStateNode): AnyStateNode | null => {
  if (node.type === 'atomic') return node
  const initial = node.type === 'compound' ? node.initial.target[0] : undefined
  return initial === undefined ? null : leafOf(initial as AnyStateNode)
}

const certainStep = (machine: AnyStateMachine, leaf: AnyStateNode): Step | null => {
  for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent as AnyStateNode | undefined) {
    const [first] = transitionsOf(node).filter((transition) => transition.kind === 'always')
    if (first !== undefined) return stepOf(machine, leaf, node, first)
  }
  return null
}

const stepOf = (machine: AnyStateMachine, leaf: AnyStateNode, node: AnyStateNode, first: ChartTransition): Step | null => {
  const [next, ...others] = first.targets
  if (first.guard !== undefined || others.length > 0) return null
  // Without target it is taken again only when it has changed the context.
  if (next === undefined && !first.actions.some((action) => actionUse(machine, action).builtin === 'assign')) return null
  return { leaf: leaf.id, at: transitionPlace(node.id, first), next: next ?? leaf.id }
}
