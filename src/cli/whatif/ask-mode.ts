import { setTimeout as pause } from 'node:timers/promises'
import { courseDifference, courseOf } from '../../evals/whatif/course.ts'
import type { Difference } from '../../evals/whatif/tally.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { present } from '../../present.ts'
import type { Found, NamedRun } from '../../evals/whatif/report.ts'
import { nothingFound } from './nothing-found.ts'
import { answeredFork, eventsOf, type Forked } from './forked.ts'
import type { Question } from './question.ts'

type Answer = Extract<RecordedRunEvent, { type: 'ModelCallSucceeded' }>

interface AskedCall {
  readonly runId: string
  /** Of the claim that was answered: what stands before it is the context. */
  readonly revision: number
  readonly answer: Answer
}

/** Asks the model again for each answer that a run has recorded, with all that stood before it, and compares what it says. */
export const askedAgain = async (question: Question, runId: string): Promise<Found> => {
  let found = nothingFound
  for (const call of answeredCalls(await eventsOf(question.refold, runId))) {
    if (question.purse.isEmpty()) return joined(found, { ...nothingFound, unfinished: [{ runId, why: 'the limit of money' }] })
    question.signal.throwIfAborted()
    found = joined(found, await askAgain(question, { runId, ...call }))
  }
  return found
}

const joined = (one: Found, other: Found): Found => ({
  compared: one.compared + other.compared,
  differences: [...one.differences, ...other.differences],
  prompts: [],
  cost: { of: one.cost.of + other.cost.of, recorded: one.cost.recorded + other.cost.recorded, now: one.cost.now + other.cost.now },
  unfinished: [...one.unfinished, ...other.unfinished],
})

const answeredCalls = (events: readonly RecordedRunEvent[]): readonly Omit<AskedCall, 'runId'>[] => {
  const claims = new Map<string, number>()
  return events.flatMap((event) => {
    if (event.type === 'ModelCallRequested') claims.set(event.data.callId, event.revision)
    const revision = event.type === 'ModelCallSucceeded' ? claims.get(event.data.callId) : undefined
    return event.type === 'ModelCallSucceeded' && revision !== undefined ? [{ revision, answer: event }] : []
  })
}

/** One that fails for a while is asked again, each time in a fork of its own: a fork makes one call. */
const MOST_ATTEMPTS = 3
const LONGEST_PAUSE_MS = 60_000

const askAgain = async (question: Question, call: AskedCall): Promise<Found> => {
  const [model = ''] = question.agent.settings.models
  for (let attempt = 1; ; attempt++) {
    const forked = await answeredFork(question, {
      origin: call.runId,
      asked: ['ask', call.revision, attempt],
      // What follows the answer is made up, so that no call of it is left that somebody would have to settle.
      options: { at: call.revision - 1, agentVersion: question.agent.version, model, modelCalls: 1, recorded: false, samples: true },
    })
    const result = resultIn(forked, call)
    if (result?.type === 'ModelCallSucceeded') return compared(call, forked.fork, result)
    const failed: NamedRun = {
      runId: call.runId,
      fork: forked.fork,
      why: result === undefined ? 'no answer' : `${result.data.class}: ${result.data.message}`,
    }
    if (result?.data.retryAt === undefined || attempt === MOST_ATTEMPTS || question.purse.isEmpty())
      return { ...nothingFound, unfinished: [failed] }
    await pause(Math.min(LONGEST_PAUSE_MS, Math.max(0, result.data.retryAt - Date.now())), undefined, { signal: question.signal })
  }
}

type Result = Extract<RecordedRunEvent, { type: 'ModelCallSucceeded' | 'ModelCallFailed' }>

const resultIn = ({ events }: Forked, { revision, answer }: AskedCall): Result | undefined =>
  events.find(
    (event): event is Result =>
      event.revision >= revision &&
      (event.type === 'ModelCallSucceeded' || event.type === 'ModelCallFailed') &&
      event.data.callId === answer.data.callId,
  )

const compared = ({ runId, answer }: AskedCall, fork: string, now: Answer): Found => {
  const found = courseDifference(courseOf([answer]), courseOf([now]))
  const differences: readonly Difference[] =
    found === undefined
      ? []
      : [present({ runId, revision: answer.revision, recorded: found.recorded, now: found.now, detail: found.detail, fork })]
  return {
    ...nothingFound,
    compared: 1,
    differences,
    cost: { of: 1, recorded: answer.data.costMicroUsd ?? 0, now: now.data.costMicroUsd ?? 0 },
  }
}
