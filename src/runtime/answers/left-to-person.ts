import type { RunFact } from '../../events/run-events.ts'
import { TAKEN_OVER, takenOverReason } from '../../events/taken-over.ts'
import type { RunState } from '../../fold/run-state.ts'
import type { Agent } from '../agent.ts'

interface Answer {
  readonly fact: RunFact
  readonly causationId: string
}

/**
 * What follows where a person has taken the run over: an open model call has failed, whoever performs it, and the pause before the next one is
 * over. So the chart of the runtime escalates, by a way that it has, in the same append as what led there. Undefined where nothing is left.
 */
export const leftToPerson = ({ conversational }: Pick<Agent, 'conversational'>, state: RunState): Answer | undefined => {
  const { takenOver, owed, timers, lastEventId } = state
  if (takenOver === undefined) return undefined
  for (const { intent, key: callId, attempt, eventId } of owed.values())
    if (intent === 'callModel') return { fact: notCalled({ callId, attempt }, takenOver.by), causationId: eventId }
  // Its only timer is the pause between two attempts. What else a chart waits for, it waits for.
  const pause = conversational ? [...timers.values()].find(({ chart, dueAt }) => chart === '' && dueAt !== undefined) : undefined
  return pause && { fact: { type: 'TimerFired', data: { timerId: pause.timerId } }, causationId: lastEventId }
}

const notCalled = (call: { readonly callId: string; readonly attempt: number }, by: string): RunFact => ({
  type: 'ModelCallFailed',
  data: { ...call, class: TAKEN_OVER, message: takenOverReason(by), next: 'escalate', durationMs: 0 },
})
