import type { RunFact } from '../events/run-events.ts'
import type { Owed, RunState, Timer } from '../fold/run-state.ts'
import { lookUpFirst } from './after-restore.ts'
import { answerOwed } from './answer-owed.ts'
import type { Batch } from './batch.ts'
import type { Desk, DeskWithSlots } from './desk.ts'

/** More answers in one append than this is a chart that asks in circles. */
const MOST_ANSWERS = 1_000

/**
 * Answers owed work until all that is left has to wait, or the append is full. Every answer rides in the same append as what asked for it.
 * Returns what kept it from the next answer, where code of the agent throws at it: what came before is in the batch. Throws where the
 * chart asks in circles.
 */
export const answerAll = (desk: DeskWithSlots, batch: Batch): { readonly thrown: unknown } | undefined => {
  const next = answersInTurn(desk)
  for (let answers = 0; answers < MOST_ANSWERS; answers++) {
    const state = batch.state()
    if (state?.status !== 'active' || batch.isFull()) return undefined
    const held = desk.held()
    try {
      const answer = next(state)
      if (answer === undefined) return undefined
      batch.push(answer.fact, answer.causationId)
    } catch (thrown) {
      desk.releaseBeyond(held)
      return { thrown }
    }
  }
  throw new Error(`the chart of ${desk.agent.id} asked for more than ${MOST_ANSWERS} things in one step`)
}

/** All that is done for a run that is stopped: when it is due shows to whoever wakes it once it can go on. */
export const scheduleTimers = (batch: Batch): void => {
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
const answersInTurn = (desk: Desk): ((state: RunState) => Answer | undefined) => {
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
    if (owed?.status !== 'wanted' || postponed.has(askedFor(owed))) return undefined
    const fact = answerOwed(desk, state, owed)
    if (fact === undefined) postponed.add(askedFor(owed))
    return fact === undefined ? undefined : { fact, causationId: owed.eventId }
  }

  return (state) => {
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
      if (isIdle) return undefined
    }
  }
}

const askedFor = ({ intent, key, attempt }: Owed): string => `${intent}:${key}:${attempt}`
