import { AppError, messageOf } from '../../errors.ts'
import type { RunFact } from '../../events/run-events.ts'
import type { Owed, RunState, Timer } from '../../fold/run-state.ts'
import { lookUpFirst } from '../answers/answer-tool-call.ts'
import { answerOwed } from '../answers/answers.ts'
import type { JobContextWithSlots, JobContext } from '../answers/job-context.ts'
import { leftToPerson } from '../answers/left-to-person.ts'
import { holdingGrant } from '../answers/changed-input.ts'
import { isCutShort, sealedAnswer, sealedDecision } from '../seal/sealed.ts'
import { codeFailed, projectionFailed } from '../code/code-errors.ts'
import type { Notice } from '../notices.ts'
import type { Known } from '../reading/fold-run.ts'
import type { RestoreMark, RuntimeParts } from '../runtime-parts.ts'
import { createBatch, type Batch } from './batch.ts'
import type { Job, JobDecision } from './jobs.ts'

// What follows where code of the agent throws:
//   - at what somebody asks for: it is refused, and the run stands where it stood;
//   - at what the run would do next: that does not begin, and all before it is recorded;
//   - at what the world has done: a projection is kept out, the result is recorded, and nothing else begins; a chart that cannot take it in
//     ends the run, so that the effect is not performed again and again for nothing. Whoever has repaired it reopens the run.

export interface FoldedJob {
  readonly runId: string
  readonly job: Job
  readonly context: JobContextWithSlots
  readonly known: Known | undefined
  readonly restore: RestoreMark | undefined
}

export interface Folded {
  readonly batch: Batch
  /** Why the run does not go on from here, though the batch is to be stored. */
  readonly stopped?: AppError
  readonly notices?: readonly Notice[]
}

/** The events of a job and of all that it leads to at once. */
export const foldJob = (parts: RuntimeParts, folded: FoldedJob): Folded => {
  const { runId, job, known } = folded
  const decision = decided(folded)
  if ('refuse' in decision) throw decision.refuse
  refuseOnBroken(runId, known, decision)
  if (known !== undefined && isCutShort(known.state) && decision.facts[0]?.type !== 'RunForked') return inCutShort(parts, folded, decision)
  const batch = newBatch(parts, folded)
  try {
    pushAll(batch, decision)
    markRestored(folded, batch)
    const all = answered(folded, batch)
    return decision.notices === undefined ? all : { ...all, notices: decision.notices }
  } catch (error) {
    const hasHappened = known !== undefined && decision.anyway === true && job.insistent === true
    if (!hasHappened) throw codeFailed(runId, error)
    return { batch: ended(parts, folded, error) }
  }
}

type Decided = Exclude<JobDecision, { readonly refuse: AppError }>

const refuseOnBroken = (runId: string, known: Known | undefined, { facts, anyway = false }: Decided): void => {
  const broken = known?.state.broken
  if (broken !== undefined && facts.length > 0 && !anyway) throw projectionFailed(runId, broken)
}

/** A fork whose copies are not complete can be given up, and nothing else. */
const inCutShort = (parts: RuntimeParts, folded: FoldedJob, decision: Decided): Folded => {
  if (decision.facts.length === 0 || decision.facts.some(({ type }) => type !== 'RunCancelled'))
    throw new AppError('NotPossible', `${folded.runId} is a fork whose copies were cut short: ask for the same fork again, or cancel it`, {
      details: { runId: folded.runId },
    })
  const batch = newBatch(parts, folded)
  pushAll(batch, decision)
  return { batch }
}

const pushAll = (batch: Batch, { facts, anyway = false, causationId, origin }: Decided): void => {
  for (const fact of facts) {
    if (anyway) batch.pushAnyway(fact, causationId, origin)
    else batch.push(fact, causationId, origin)
  }
}

/** What a job asks for, as far as the chart would take it: a guard that throws says nothing. */
const decided = ({ runId, job, context, known }: FoldedJob): JobDecision => {
  try {
    return job.decide(known?.state, context)
  } catch (error) {
    throw codeFailed(runId, error)
  }
}

const newBatch = (parts: RuntimeParts, { runId, job, context, known }: FoldedJob): Batch => {
  const before = known?.state
  return createBatch(parts, { agent: context.agent, runId, before, correlationId: (before ?? job.newRun)?.correlationId ?? runId })
}

/** With all that follows. A run that a projection has stopped begins nothing. */
const answered = ({ runId, context, known }: FoldedJob, batch: Batch): Folded => {
  const broken = batch.state()?.broken
  if (broken !== undefined) {
    scheduleTimers(batch)
    return { batch, stopped: projectionFailed(runId, broken) }
  }
  const problem = answerAll(context, batch)
  // A start that cannot go on is none.
  if (problem !== undefined && known === undefined) throw problem.thrown
  return problem === undefined ? { batch } : { batch, stopped: codeFailed(runId, problem.thrown) }
}

/** The chart cannot take in what has happened. */
const ended = (parts: RuntimeParts, folded: FoldedJob, error: unknown): Batch => {
  const reason = messageOf(error)
  parts.notify({ type: 'runBroken', runId: folded.runId, message: reason })
  folded.context.releaseAll()
  const last = newBatch(parts, folded)
  last.pushAnyway({ type: 'RunFailed', data: { reason, by: 'refold' } }, undefined)
  return last
}

/** More answers in one append than this is a chart that asks in circles. */
const MOST_ANSWERS = 1_000

/**
 * Answers owed work until all that is left has to wait, or the append is full. Every answer rides in the same append as what asked for it.
 * Returns what kept it from the next answer, where code of the agent throws at it: what came before is in the batch. Throws where the
 * chart asks in circles.
 */
const answerAll = (context: JobContextWithSlots, batch: Batch): { readonly thrown: unknown } | undefined => {
  const next = answersInTurn(context)
  for (let answers = 0; answers < MOST_ANSWERS; answers++) {
    const state = batch.state()
    if (state?.status !== 'active' || batch.isFull()) return undefined
    const held = context.held()
    try {
      const answer = next(state)
      if (answer === undefined) return undefined
      batch.push(answer.fact, answer.causationId)
    } catch (thrown) {
      context.releaseBeyond(held)
      return { thrown }
    }
  }
  throw new Error(`the chart of ${context.agent.id} asked for more than ${MOST_ANSWERS} things in one step`)
}

/** All that is done for a run that is stopped: when it is due shows to whoever wakes it once it can go on. */
const scheduleTimers = (batch: Batch): void => {
  const state = batch.state()
  if (state?.status !== 'active') return
  for (const timer of state.timers.values()) if (timer.dueAt === undefined) batch.pushAnyway(scheduled(timer), state.lastEventId)
}

/** A chart may wait for any part of a millisecond; a recorded time is a whole one. */
const scheduled = ({ timerId, askedAt, delayMs }: Timer): RunFact => ({
  type: 'TimerScheduled',
  data: { timerId, dueAt: Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(askedAt + delayMs)) },
})

interface Answer {
  readonly fact: RunFact
  readonly causationId: string
}

/**
 * The next answer of each state. What is owed is gone through in rounds, so that an answer costs itself and not all that is owed; what an
 * answer makes wanted again has its turn in the next round.
 */
const answersInTurn = (context: JobContext): ((state: RunState) => Answer | undefined) => {
  const postponed = new Set<string>()
  let timers: RunState['timers'] | undefined
  let round: Iterator<string> | undefined
  let isIdle = true

  const ofTimers = (state: RunState): Answer | undefined => {
    if (state.timers === timers) return undefined
    for (const timer of state.timers.values())
      if (timer.dueAt === undefined) return { fact: scheduled(timer), causationId: state.lastEventId }
    timers = state.timers
    return undefined
  }

  const ofOwed = (state: RunState, key: string): Answer | undefined => {
    const owed = state.owed.get(key)
    if (owed?.status === 'claimed' && owed.lookUpFirst === true) return { fact: lookUpFirst(owed), causationId: owed.eventId }
    const sealed = owed === undefined ? undefined : sealedAnswer(context, state, owed)
    if (sealed !== undefined && owed !== undefined) return { fact: sealed, causationId: owed.eventId }
    if (owed?.status !== 'wanted' || postponed.has(askedFor(owed))) return undefined
    const fact = answerOwed(context, state, owed)
    if (fact === undefined) postponed.add(askedFor(owed))
    return fact === undefined ? undefined : { fact, causationId: owed.eventId }
  }

  /** People take longer than all else. */
  const decidedBefore = (state: RunState): Answer | undefined => {
    const fact = sealedDecision(context, state, (granted) => holdingGrant(context.agent, state, granted))
    return fact && { fact, causationId: state.lastEventId }
  }

  return (state) => {
    const left = leftToPerson(context, state)
    if (left !== undefined) return left
    const timer = ofTimers(state)
    if (timer !== undefined) return timer
    for (;;) {
      if (round === undefined) {
        round = state.owed.keys()
        isIdle = true
      }
      for (let key = round.next(); key.done !== true; key = round.next()) {
        const answer = ofOwed(state, key.value)
        if (answer === undefined) continue
        isIdle = false
        return answer
      }
      round = undefined
      if (isIdle) return decidedBefore(state)
    }
  }
}

const askedFor = ({ intent, key, attempt }: Owed): string => `${intent}:${key}:${attempt}`

/** Before anything of the run is answered, it is recorded that it goes on from a copy. */
const markRestored = ({ restore, runId, job, known }: FoldedJob, batch: Batch): void => {
  const state = batch.state()
  if (restore === undefined || state?.status !== 'active' || state.restored?.restoreId === restore.id) return
  const restoreId = restore.id
  if (known !== undefined) {
    if ((known.position ?? restore.position) < restore.position) batch.pushAnyway({ type: 'RunRestored', data: { restoreId } }, undefined)
  } else if (restore.lostRuns.has(runId)) {
    batch.pushAnyway({ type: 'RunRestored', data: { restoreId, lost: true } }, undefined)
  } else if (job.newRun?.ofRestored === true) {
    batch.pushAnyway({ type: 'RunRestored', data: { restoreId } }, undefined)
  }
}
