import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition } from 'xstate'

import { isAppError, messageOf } from '../errors.ts'
import { canonicalJson } from '../json.ts'
import { type ChartProblem, chartProblem } from './chart-problem.ts'
import { isKnownAction } from './check-structure.ts'
import { contextKeyProblems, firstDifference, sharedObjects } from './context-walk.ts'
import { member } from './member.ts'

const MAX_MICROSTEPS = 1_000

interface Start {
  readonly snapshot: AnyMachineSnapshot
  readonly actions: readonly { readonly type: string; readonly params: unknown }[]
}

/** What shows when the chart is started twice with one input. Nothing is executed but guards, assigns, delays and params. */
export const startProblems = (machine: AnyStateMachine, intents: ReadonlySet<string>, probeInput: unknown): readonly ChartProblem[] => {
  const first = start(machine, probeInput)
  const failure = failureOf(machine, first)
  if (failure !== null) return [failure]
  const problems = [...actorProblems(machine, first), ...actionProblems(machine, intents, first), ...jsonProblems(machine, first)]
  if (problems.length > 0) return problems
  const second = start(machine, probeInput)
  return [...contextKeyProblems(first.snapshot.context), ...sharingProblems(first, second), ...chanceProblems(machine, first, second)]
}

const start = (machine: AnyStateMachine, probeInput: unknown): Start => {
  const bounded = machine.provide({})
  bounded.options = { ...bounded.options, maxIterations: MAX_MICROSTEPS }
  // A copy, as a run gets from the log: two runs share no part of their inputs.
  const input: unknown = probeInput === undefined ? undefined : JSON.parse(canonicalJson(probeInput))
  const [snapshot, actions] = initialTransition(bounded, input)
  return { snapshot: snapshot as AnyMachineSnapshot, actions: actions.map(({ type, params }) => ({ type, params })) }
}

const failureOf = (machine: AnyStateMachine, { snapshot }: Start): ChartProblem | null => {
  if (snapshot.status !== 'error') return null
  const message = messageOf(snapshot.error)
  return message.startsWith('Infinite loop')
    ? chartProblem('H16', `${machine.id} start`, `no rest after ${String(MAX_MICROSTEPS)} microsteps`)
    : chartProblem('H5', `${machine.id} start`, `it throws "${message}"; give a probeInput if the chart needs an input`)
}

const actorProblems = (machine: AnyStateMachine, { snapshot }: Start): readonly ChartProblem[] =>
  Object.keys(snapshot.children as object).map((child) => chartProblem('H3', `${machine.id} start`, `an actor "${child}"`))

/** What an `enqueueActions` really asked for: its text may have hidden it. */
const actionProblems = (machine: AnyStateMachine, intents: ReadonlySet<string>, { actions }: Start): readonly ChartProblem[] =>
  actions.flatMap(({ type, params }) => {
    const at = `${machine.id} start`
    if (type === 'xstate.raise') {
      const timerWithoutId = member(params, 'delay') !== undefined && typeof member(params, 'id') !== 'string'
      return timerWithoutId ? [chartProblem('timer', at, 'raise with a delay and no id')] : []
    }
    if (type === 'xstate.cancel' || isKnownAction(machine, intents, type)) return []
    return [type.startsWith('xstate.') ? chartProblem('H3', at, type.slice('xstate.'.length)) : chartProblem('intent', at, `"${type}"`)]
  })

const jsonProblems = (machine: AnyStateMachine, { snapshot, actions }: Start): readonly ChartProblem[] =>
  [
    { at: 'context', value: snapshot.context as unknown },
    ...actions.map(({ type, params }) => ({ at: `${machine.id} start, params of ${type}`, value: params ?? null })),
  ].flatMap(({ at, value }) => {
    try {
      canonicalJson(value)
      return []
    } catch (thrown) {
      if (!isAppError(thrown, 'InvalidInput')) throw thrown
      return [chartProblem('H6', at + String(thrown.details.path).slice(1), String(thrown.details.found))]
    }
  })

const sharingProblems = (first: Start, second: Start): readonly ChartProblem[] =>
  sharedObjects('context', first.snapshot.context, second.snapshot.context).map((at) => chartProblem('H10', at, 'one object for all runs'))

const chanceProblems = (machine: AnyStateMachine, first: Start, second: Start): readonly ChartProblem[] => {
  const differences = [
    firstDifference('context', first.snapshot.context, second.snapshot.context),
    firstDifference(`${machine.id} state`, first.snapshot.value, second.snapshot.value),
    firstDifference(`${machine.id} start, actions`, first.actions, second.actions),
  ]
  return differences.flatMap((at) => (at === null ? [] : [chartProblem('H4', at, 'another value in a second start with the same input')]))
}
