import type { Clock } from '../../clock.ts'
import { AppError, isAppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { RunView } from '../../fold/run-view.ts'
import { present } from '../../present.ts'
import type { StartOptions } from '../../runtime/commands/start-run.ts'
import type { RefoldCore } from '../../runtime/refold.ts'
import type { Run } from '../../runtime/run-handle.ts'
import type { SealedStartOptions } from '../../runtime/seal-options.ts'
import { BY } from './case-result.ts'
import { planNote, tagsOf, type EvalJob, type EvalPlan } from './eval-plan.ts'
import { saidAgain } from './said-again.ts'

/** What an eval works with. */
export interface EvalParts {
  readonly refold: Pick<RefoldCore, 'start' | 'run' | 'runtime'>
  readonly clock: Pick<Clock, 'setTimer' | 'now'>
  /** All events of a run; undefined where there is no such run. */
  readonly read: (runId: string) => Promise<readonly RecordedRunEvent[] | undefined>
  /** Nothing more begins once it is aborted. */
  readonly signal: AbortSignal
}

export interface CaseLimits {
  /** What the run may spend on models, in millionths of a US dollar. */
  readonly costMicroUsd?: number
  /** After that it is given up. */
  readonly timeoutMs: number
}

/** Brings a run of a case to its end, from wherever it stands: true. Rejects with `Closed` at the signal, and then it goes on another time. */
export const runCase = async (parts: EvalParts, plan: EvalPlan, job: EvalJob, limits: CaseLimits): Promise<true> => {
  const before = await parts.read(job.runId)
  const run = before === undefined ? await begin(parts, plan, job, limits) : parts.refold.run(job.runId)
  const deadline = withinTime(parts, limits.timeoutMs)
  const stopWaking = before === undefined ? () => undefined : wakeAgain(parts, job.runId)
  try {
    await converse(parts, { run, job, heard: saidIn(before, job) }, deadline.signal)
  } catch (error) {
    if (!deadline.isOver() || !isAppError(error, 'Closed')) throw error
    await run.cancel({ by: BY, reason: `it was not over after ${limits.timeoutMs / 1000} s` })
  } finally {
    stopWaking()
    deadline.clear()
  }
  return true
}

const begin = async (parts: EvalParts, plan: EvalPlan, job: EvalJob, limits: CaseLimits): Promise<Run> => {
  const { messages, input, context, data } = job.case.input
  const last = messages.at(-1)
  const message = last?.role === 'user' ? await saidAgain(parts, job.case, last.parts) : undefined
  const options: StartOptions = {
    runId: job.runId,
    ...present({ message, input, context, data: message && data }),
    tags: tagsOf(plan, job),
    metadata: { eval: planNote(plan) },
    sealed: await sealFor(parts, plan, job, limits),
    actor: BY,
  }
  return parts.refold.start(job.agent, options)
}

const sealFor = async (
  { read }: EvalParts,
  plan: EvalPlan,
  { case: { id, source }, agent }: EvalJob,
  { costMicroUsd }: CaseLimits,
): Promise<SealedStartOptions> => {
  const { definition, model } = plan
  const isRecorded = model === 'recorded'
  const isThere = (await read(source.runId)) !== undefined
  if (isRecorded && !isThere)
    throw new AppError('RunNotFound', `Expected the run ${source.runId} in this log, whose answers case ${id} is to be given, found none`)
  const known = new Set(agent.tools.keys())
  const simulate = definition.simulate && Object.fromEntries(Object.entries(definition.simulate).filter(([name]) => known.has(name)))
  return present({
    ...(definition.effects === 'real' ? { real: [...known] } : { reads: true }),
    simulate,
    samples: definition.samples,
    modelCalls: isRecorded ? 0 : null,
    costUsd: isRecorded || costMicroUsd === undefined ? undefined : costMicroUsd / 1_000_000,
    record: isThere ? source.runId : undefined,
    model: isRecorded ? undefined : model,
  })
}

/** How many messages of the user the run has heard by now, the first of the case among them. */
const saidIn = (events: readonly RecordedRunEvent[] | undefined, { case: { input } }: EvalJob): number =>
  events === undefined ? Math.min(1, input.messages.length) : events.filter(({ type }) => type === 'MessageReceived').length

interface Conversation {
  readonly run: Run
  readonly job: EvalJob
  /** So many messages of the user. */
  readonly heard: number
}

const converse = async (parts: EvalParts, { run, job, heard }: Conversation, signal: AbortSignal): Promise<void> => {
  const { followUps = [], messages } = job.case.input
  let said = heard - Math.min(1, messages.length)
  for (;;) {
    const view = await run.untilSettled({ signal })
    const next = followUps[said]
    if (view.status !== 'active') return
    if (view.waitsFor !== 'message' || next === undefined) return end(run, view)
    const message = await saidAgain(parts, job.case, next.parts)
    await run.send({ message, ...present({ data: next.data }), commandId: `eval-follow-up-${said}` })
    said += 1
  }
}

/** Nobody is there to go on with it. */
const end = async (run: Run, view: RunView): Promise<void> => {
  if (view.waitsFor === 'approval') {
    const asked = view.approvals.map(({ callId }) => view.toolCalls.find((call) => call.callId === callId)?.tool ?? callId)
    return run.cancel({ by: BY, reason: `it waits for a decision on ${asked.join(', ')}, and nobody is there to decide` })
  }
  try {
    await run.complete({ by: BY })
  } catch (error) {
    if (!isAppError(error, 'NotPossible')) throw error
    await run.cancel({ by: BY, reason: `it waits at ${view.state}, and nobody is there to go on` })
  }
}

const WAKE_EVERY_MS = 2_000

/** What a process has left behind that is gone is taken over once its lease has ended. */
const wakeAgain = ({ refold, clock }: EvalParts, runId: string): (() => void) => {
  let takeBack = (): void => undefined
  const wake = (): void => {
    takeBack = clock.setTimer(WAKE_EVERY_MS, wake)
    refold.runtime.wake(runId).catch(() => undefined)
  }
  wake()
  return () => {
    takeBack()
  }
}

const withinTime = ({ clock, signal: outer }: EvalParts, timeoutMs: number) => {
  const late = new AbortController()
  const takeBack = clock.setTimer(timeoutMs, () => {
    late.abort()
  })
  return { signal: AbortSignal.any([outer, late.signal]), isOver: () => late.signal.aborted && !outer.aborted, clear: takeBack }
}
