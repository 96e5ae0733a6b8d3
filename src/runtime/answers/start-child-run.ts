import { messageOf } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import { childLimits, childRunId, reachedWith } from '../../fold/child-report.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import type { Json } from '../../json.ts'
import { chartGraph } from '../../statechart/graph.ts'
import { checkRunId } from '../checked-input.ts'
import type { JobContext } from './job-context.ts'

/** What a chart asks for, or why it cannot be had: a chart that starts itself, or without end, comes to a limit. */
export const startChildRun = (context: JobContext, state: RunState, owed: Owed): RunFact => {
  const call = { callId: owed.key, childRunId: childRunId(state.runId, owed) }
  const reason = refusal(state, call.childRunId)
  if (reason !== undefined) return { type: 'ChildRunFailed', data: { ...call, reason } }
  return {
    type: 'ChildRunRequested',
    data: {
      ...call,
      agent: String(owed.params.agent),
      input: (owed.params.input ?? null) as Json,
      childRuns: mayBegin(context, String(owed.params.agent)) ? share(state) : 0,
    },
  }
}

/** Whether runs of this agent ask for runs themselves. */
const mayBegin = ({ agents }: JobContext, name: string): boolean =>
  agents.all().some((agent) => agent.name === name && JSON.stringify(chartGraph(agent.program.run.machine)).includes('startChildRun'))

/** An equal part of what is left for each that is asked for now, and one for later. */
const share = ({ budget, owed }: RunState): number => {
  const most = childLimits(budget.limits).childRuns ?? Number.MAX_SAFE_INTEGER
  const wanted = [...owed.values()].filter(({ intent, status }) => intent === 'startChildRun' && status === 'wanted').length
  return Math.max(0, Math.floor((most - budget.childRuns) / (wanted + 1)) - 1)
}

/** 0 of the topmost run. Who began before depths were recorded was begun by one. */
export const depthOf = ({ started: { parent } }: RunState): number => (parent === undefined ? 0 : (parent.depth ?? 1))

const refusal = (state: RunState, runId: string): string | undefined => {
  const { childDepth, openChildRuns, childRuns } = childLimits(state.budget.limits)
  const depth = depthOf(state) + 1
  const open = [...state.owed.values()].filter(({ intent, status }) => intent === 'startChildRun' && status === 'parked').length
  if (childDepth !== null && depth > childDepth) return `limit: child depth: ${depth} of ${childDepth}`
  if (openChildRuns !== null && open >= openChildRuns) return `limit: open child runs: ${open} of ${openChildRuns}`
  if (childRuns !== null && state.budget.childRuns >= childRuns) return `limit: child runs: ${state.budget.childRuns} of ${childRuns}`
  return limitReached(state) ?? idProblem(runId)
}

const limitReached = ({ budget }: RunState): string | undefined => {
  const reached = reachedWith(budget)
  return reached === undefined ? undefined : `limit: ${reached}`
}

const idProblem = (runId: string): string | undefined => {
  try {
    checkRunId(runId)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
