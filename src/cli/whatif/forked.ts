import { AppError, isAppError } from '../../errors.ts'
import type { RecordedRunEvent, RunEvent } from '../../events/envelope.ts'
import type { RunState } from '../../fold/run-state.ts'
import type { RunView } from '../../fold/run-view.ts'
import { sha256 } from '../../hash.ts'
import { FORK_HASH } from './spent-by-forks.ts'
import type { OpenRefold } from '../../open-refold.ts'
import type { ForkOptions } from '../../runtime/forks/fork-options.ts'
import { readRun } from '../../runtime/reading/run-reader.ts'
import type { Run } from '../../runtime/run-handle.ts'
import type { Question } from './question.ts'

// Every fork of a what-if has an id that follows from its question, so that whoever goes on after a kill finds it: one that has ended is not asked
// again, one that has not goes on. It is cancelled once it has its answer, so that it waits for nobody.

export interface Forked {
  readonly fork: string
  readonly events: readonly RecordedRunEvent[]
}

export interface ForkWanted {
  readonly origin: string
  /** What is asked, beside the question that all forks have in common. */
  readonly asked: readonly (string | number)[]
  readonly options: Omit<ForkOptions, 'by' | 'note' | 'runId'>
  /** What users say once it waits for a message: of each that it has had so far, the next. */
  readonly say?: (run: Run, events: readonly RunEvent[]) => Promise<boolean>
}

const LONGEST_MS = 600_000
const REASON = 'the what-if has its answer'

const forkIdOf = ({ id, agent }: Question, { origin, asked }: Pick<ForkWanted, 'origin' | 'asked'>): string =>
  `${id}-${sha256(JSON.stringify([agent.id, origin, ...asked])).slice(0, FORK_HASH)}`

/** Rejects as forking does, and with `Closed` where it was given up or does not settle. */
export const answeredFork = async (question: Question, wanted: ForkWanted): Promise<Forked> => {
  const { refold, by, purse } = question
  const fork = forkIdOf(question, wanted)
  const before = await currentOf(refold, fork)
  const paidBefore = paidBy(before)
  try {
    if (before?.fork?.own === undefined) {
      await refold.run(wanted.origin).fork({ ...wanted.options, runId: fork, by, note: `what-if ${question.id}` })
    } else if (before.status === 'active') await refold.runtime.wake(fork)
    if (before === undefined || before.status === 'active') await bringToEnd(question, fork, wanted)
  } finally {
    purse.pay(paidBy(await currentOf(refold, fork)) - paidBefore)
  }
  return { fork, events: await eventsOf(refold, fork) }
}

const bringToEnd = async ({ refold, by, signal }: Question, fork: string, { say }: ForkWanted): Promise<void> => {
  const run = refold.run(fork)
  for (;;) {
    const view = await settled(run, signal)
    if (view.status !== 'active') return
    if (view.waitsFor === 'message' && say !== undefined && (await say(run, await eventsOf(refold, fork)))) continue
    await run.cancel({ by, reason: REASON })
    return
  }
}

const settled = async (run: Run, signal: AbortSignal): Promise<RunView> => {
  const late = AbortSignal.timeout(LONGEST_MS)
  try {
    return await run.untilSettled({ signal: AbortSignal.any([signal, late]) })
  } catch (error) {
    if (!late.aborted || signal.aborted || !isAppError(error, 'Closed')) throw error
    throw new AppError('NotPossible', `${run.id} has not settled within ${LONGEST_MS / 60_000} minutes`, { details: { runId: run.id } })
  }
}

/** Undefined where there is no such run. */
const currentOf = async ({ runtime }: OpenRefold, runId: string): Promise<RunState | undefined> => {
  try {
    return await runtime.current(runId)
  } catch (error) {
    if (isAppError(error, 'RunNotFound')) return undefined
    throw error
  }
}

const paidBy = (state: RunState | undefined): number => state?.fork?.own?.liveCostMicroUsd ?? 0

/** Rejects with `RunNotFound`, `RunDeleted`, and where one of them cannot be read here. */
export const eventsOf = async (refold: OpenRefold, runId: string): Promise<readonly RecordedRunEvent[]> => {
  const events: RecordedRunEvent[] = []
  for await (const { event } of readRun(refold, runId)) events.push(event)
  return events
}
