import type { DataOf, RunFact } from '../../events/run-events.ts'
import { TAKEN_OVER, takenOverReason } from '../../events/taken-over.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import type { CallModelParams } from '../../machines/intents.ts'
import { estimatedUsage } from '../../models/estimated-usage.ts'
import { present } from '../../present.ts'
import type { JobContext } from './job-context.ts'
import { modelRequest, settingsOf } from './model-request.ts'

interface Answer {
  readonly fact: RunFact
  readonly causationId: string
}

type Known = Pick<JobContext, 'agent' | 'costOf'>

/**
 * What follows where a person has taken the run over: an open model call has failed, whoever performs it, and the pause before the next one is
 * over. So the chart of the runtime escalates, by a way that it has, in the same append as what led there. Undefined where nothing is left.
 */
export const leftToPerson = (context: Known, state: RunState): Answer | undefined => {
  const { takenOver, owed, timers, lastEventId } = state
  if (takenOver === undefined) return undefined
  for (const each of owed.values())
    if (each.intent === 'callModel') return { fact: givenUp(context, state, each, takenOver.by), causationId: each.eventId }
  // Its only timer is the pause between two attempts. What else a chart waits for, it waits for.
  const pause = context.agent.conversational
    ? [...timers.values()].find(({ chart, dueAt }) => chart === '' && dueAt !== undefined)
    : undefined
  return pause && { fact: { type: 'TimerFired', data: { timerId: pause.timerId } }, causationId: lastEventId }
}

const givenUp = (context: Known, state: RunState, owed: Owed, by: string): RunFact => ({
  type: 'ModelCallFailed',
  data: {
    callId: owed.key,
    attempt: owed.attempt,
    class: TAKEN_OVER,
    message: takenOverReason(by),
    next: 'escalate',
    durationMs: 0,
    ...(owed.status === 'claimed' && mayHaveCost(context, state, owed)),
  },
})

/** Nobody will say what it was: all of its prompt, and all that it was allowed to write. */
const mayHaveCost = ({ agent, costOf }: Known, state: RunState, owed: Owed): Pick<DataOf<'ModelCallFailed'>, 'usage' | 'costMicroUsd'> => {
  const { model: index = 0 } = owed.params as CallModelParams
  const model = state.started.settings.models[index] ?? ''
  const usage = {
    ...estimatedUsage(modelRequest(agent, state, owed, model), []),
    outputTokens: settingsOf(agent, owed).maxOutputTokens ?? 0,
  }
  return { usage, ...present({ costMicroUsd: costOf(model, usage) }) }
}
