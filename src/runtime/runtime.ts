import { AppError } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import { accepts } from '../fold/accepts.ts'
import { decide, type Command } from '../fold/decide.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import { createActorPool } from './actor-pool.ts'
import type { Agent } from './agent.ts'
import type { WishOrigin } from './batch.ts'
import { createChildRuns } from './child-runs.ts'
import { withDeadline } from './deadline.ts'
import { createDesks, type Desk } from './desk.ts'
import { createEffects, type EffectCounts } from './effects.ts'
import { createRunActor, type Job } from './run-actor.ts'
import { notFound } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { checkMessage, checkRunId, startDecision, type NewRun, type StartOptions } from './start-run.ts'
import { claimAgain, isAbandoned, letGo, takeOver } from './takeover.ts'
import { createWakeTimers } from './wake-timers.ts'

export interface RuntimeCounts extends EffectCounts {
  /** Folded states that are kept, of runs that wait for something too. */
  readonly runsInMemory: number
}

export interface Runtime {
  /** Rejects with `UnknownAgent`, `InvalidInput`, or what the log says. */
  start(agent: string, options?: StartOptions): Promise<RunState>
  /** Rejects with `NotPossible` where the charts refuse it, and `RunNotFound`. */
  command(runId: string, command: Command, wish?: WishOrigin): Promise<RunState>
  /** Sees to what a run owes: due timers, calls whose owner is gone, work that nobody has begun. */
  wake(runId: string): Promise<RunState>
  /** The state as of now, by the log. */
  current(runId: string): Promise<RunState>
  readonly counts: () => RuntimeCounts
  /**
   * Finishes what is under way, for `graceMs` at most, and begins nothing new. What is left is let go, if the log takes that soon, so that
   * another process takes it over at once; `once` calls, and all where the log is away, when their lease has passed.
   */
  close(graceMs: number): Promise<void>
}

export interface RuntimeOptions {
  /**
   * False where this process only accepts wishes: it records them and all that follows without an effect, claims no work, arms no timer and
   * begins no child run. Workers find what is owed through their sweepers.
   */
  readonly performs: boolean
}

export const createRuntime = (parts: RuntimeParts, { performs }: RuntimeOptions = { performs: true }): Runtime => {
  const desks = createDesks(parts)
  const store = promptStore(parts)
  let closed = false
  if (!performs) desks.shut()

  const effects = createEffects(parts, {
    releaseSlot: desks.release,
    report: (runId, owed, fact) => submit(runId, resultJob(parts, runId, { owed, fact })),
    claimAgain: (runId, owed) => submit(runId, claimJob(owed)),
  })
  const settled = (agent: Agent, state: RunState, before: RunState | undefined): void => {
    if (closed) return
    children.settled(state, before)
    if (performs) {
      effects.reconcile(agent, state)
      timers.arm(state)
    }
    actors.forgetIdle()
  }
  const actors = createActorPool(
    (runId) => createRunActor({ parts, desk: desks.open, settled, store }, runId),
    (runId) => effects.underWay(runId) > 0,
  )
  const submit = (runId: string, job: Job): Promise<RunState> => actors.of(runId).submit(job)
  const begin = async (run: NewRun): Promise<RunState> => submit(run.runId, startJob(run))
  const current = (runId: string): Promise<RunState> => actors.of(runId).refresh()
  const children = createChildRuns({ parts, start: begin, current, submit, performs })
  const wake = async (runId: string): Promise<RunState> => {
    // Another process may have done it already: what is known here is only a beginning.
    await children.checkWanted(await current(runId))
    return submit(runId, wakeJob(parts, runId))
  }
  const timers = createWakeTimers(parts, wake)

  return {
    async start(name, options = {}) {
      if (closed) throw closedInstance()
      const runId = options.runId ?? parts.ids.uuid()
      checkRunId(runId)
      checkMessage(options.message)
      return begin({ agent: parts.agents.newest(name), runId, options, child: undefined })
    },
    async command(runId, command, wish = {}) {
      if (closed) throw closedInstance()
      if (command.type === 'sendMessage') checkMessage(command.text)
      return submit(runId, commandJob(runId, command, wish))
    },
    wake,
    current,
    counts: () => ({ runsInMemory: actors.size(), ...effects.counts() }),
    async close(graceMs) {
      desks.shut()
      await effects.drain(graceMs)
      await letGoOf(parts, effects.performing(), submit)
      closed = true
      timers.stop()
      effects.abandon()
    },
  }
}

const LET_GO_WITHIN_MS = 2_000

const letGoOf = async (
  { clock }: RuntimeParts,
  runIds: readonly string[],
  submit: (runId: string, job: Job) => Promise<RunState>,
): Promise<void> => {
  const deadline = { timeoutMs: LET_GO_WITHIN_MS, outer: new AbortController().signal, late: () => undefined }
  const all = runIds.map((runId) => withDeadline(clock, deadline, () => submit(runId, letGoJob)))
  await Promise.allSettled(all)
}

const letGoJob: Job = {
  decide: (state, desk) =>
    state === undefined ? { facts: [] } : { facts: [...state.owed.values()].flatMap((owed) => letGo(desk, state, owed) ?? []) },
}

const closedInstance = (): AppError => new AppError('Closed', 'Expected an open instance, found one that was closed')

/** Prompts are content-addressed: each is written once, before the first event that names it. */
const promptStore = ({ blobs }: RuntimeParts): ((agent: Agent, texts: readonly string[]) => Promise<void>) => {
  const stored = new Set<string>()
  return async (agent, texts) => {
    for (const text of stored.has(agent.promptHash) ? texts : [agent.promptText, ...texts]) await blobs.put(text)
    stored.add(agent.promptHash)
  }
}

const startJob = (run: NewRun): Job => ({
  newRun: { agent: run.agent, correlationId: run.child?.correlationId ?? run.runId },
  decide: (state) => startDecision(run, state),
})

const resultJob = (parts: RuntimeParts, runId: string, { owed, fact }: { readonly owed: Owed; readonly fact: RunFact }): Job => ({
  insistent: true,
  decide: (state, desk) => {
    if (state !== undefined && accepts(state, fact, desk.at)) return { facts: [fact], causationId: owed.eventId }
    parts.notify({ type: 'resultDropped', runId, callId: owed.key, result: fact.type })
    return { facts: [] }
  },
})

const commandJob = (runId: string, command: Command, wish: WishOrigin): Job => ({
  decide: (state, desk) => {
    if (state === undefined) return { refuse: notFound(runId) }
    const decision = decide(state, command, desk.at, wish.commandId)
    if (!decision.ok) return { refuse: new AppError('NotPossible', decision.reason, { details: { runId, command: command.type } }) }
    return { facts: decision.facts, wish: 'by' in command ? { ...wish, actor: command.by } : wish }
  },
})

const wakeJob = (parts: RuntimeParts, runId: string): Job => ({
  decide: (state, desk) => (state === undefined ? { refuse: notFound(runId) } : { facts: overdue(parts, desk, state) }),
})

const claimJob = (owed: Owed): Job => ({
  insistent: true,
  decide: (state, desk) => {
    const now = state?.owed.get(owed.key)
    const isOurs = now?.status === 'claimed' && now.owner === desk.owner && now.attempt === owed.attempt
    const fact = state !== undefined && isOurs ? claimAgain(desk, state, now) : undefined
    return { facts: fact === undefined ? [] : [fact], causationId: owed.eventId }
  },
})

/**
 * One due timer, since it may take others back; otherwise every call whose owner is gone, in a paused run too:
 * a pause lets nothing new begin, and what had begun comes to its end.
 */
const overdue = (parts: RuntimeParts, desk: Desk, state: RunState): RunFact[] => {
  for (const { timerId, dueAt } of state.timers.values()) {
    if (dueAt !== undefined && dueAt <= desk.at) return [{ type: 'TimerFired', data: { timerId } }]
  }
  return [...state.owed.values()].flatMap((owed) => (isAbandoned(owed, desk, parts.ownerIsGone) ? (takeOver(desk, state, owed) ?? []) : []))
}
