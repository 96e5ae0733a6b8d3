import { AppError, isAppError } from '../errors.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import type { Json } from '../json.ts'
import { present } from '../present.ts'
import { shown } from '../text.ts'
import { type ActorPool, createActorPool } from './actors/actor-pool.ts'
import { owedWorkJob, type Job, resultJob, claimJob, wakeJob, letGoJob } from './actors/jobs.ts'
import { createRunActor, type ActorParts } from './actors/run-actor.ts'
import type { Agent } from './agent.ts'
import { createJobContexts, type JobContexts } from './answers/job-context.ts'
import { type CommandOrigin, checkStart, readOptions, handedIn, checkData, checkMessage, checkRunId } from './checked-input.ts'
import { createChildRuns, type ChildRuns } from './children/child-runs.ts'
import { createGrant } from './commands/grant.ts'
import type { ForkOptions } from './forks/fork-options.ts'
import { forkRun } from './forks/fork-run.ts'
import { createOriginRecords } from './forks/read-origin-record.ts'
import { sealedStartOf } from './forks/sealed-start.ts'
import { recordedPartOf, wholeRecord } from './seal/origin-record.ts'
import { keepingStates } from './actors/keep-states.ts'
import { checkRepeatedStart } from './commands/repeated-commands.ts'
import { startDecision, type NewRun, type StartOptions } from './commands/start-run.ts'
import { lengthOf, plain, readContent, type GivenCommand } from './given-content.ts'
import { withDeadline } from './deadline.ts'
import { createEffects, type EffectCounts, type EffectTable } from './effects/effects.ts'
import { createWakeTimers } from './effects/wake-timers.ts'
import type { RunStanding } from '../fold/run-view.ts'
import type { RuntimeParts } from './runtime-parts.ts'

export interface RuntimeCounts extends EffectCounts {
  /** Folded states that are kept, of runs that wait for something too. */
  readonly runsInMemory: number
}

export interface Runtime {
  /** Rejects with `UnknownAgent`, `InvalidInput`, or what the log says. */
  start(agent: string | Agent, options?: StartOptions): Promise<RunState>
  /**
   * The state, or only where it stands after a run was cancelled whose code is not here.
   * Rejects with `NotPossible` where the charts refuse it, and `RunNotFound`; with `UnknownAgent` or `ChartChanged` where the code of the run
   * is not here, which keeps nobody from cancelling it.
   */
  command(runId: string, command: GivenCommand, origin?: CommandOrigin): Promise<RunState | RunStanding>
  /**
   * A run of its own that begins with the events of another, and in which nothing reaches the world but what is named. Rejects with `InvalidInput`,
   * `NotPossible`, `RunNotFound`, `IdempotencyKeyReused`, `UnknownAgent`, `ChartChanged`, `UnknownPrice`.
   */
  fork(runId: string, options: ForkOptions, origin?: CommandOrigin): Promise<RunState>
  /** Sees to what a run owes: due timers, calls whose owner is gone, work that nobody has begun. */
  wake(runId: string): Promise<RunState>
  /** Wakes it at a time (ms since the epoch), unless this process knows better by then. Asks no log before. */
  wakeAt(runId: string, at: number): void
  /** The state as of now, by the log. */
  current(runId: string): Promise<RunState>
  /** The state at a revision that the log holds, or a newer one. What this process has appended itself is not read again. */
  reach(runId: string, revision: number): Promise<RunState>
  /** Called with the state that this process knows, and with each newer one that it learns of, and with undefined once it ends. Returns what takes it back. */
  watch(runId: string, heard: (state: RunState | undefined) => void): () => void
  /** Whether this process performs something for the run, or reports what has come of it: it learns soon how the run goes on. */
  readonly isPerforming: (runId: string) => boolean
  readonly counts: () => RuntimeCounts
  /** Whether the code of any tool call has not returned, whoever still waits for it: also after closing. */
  readonly isAtWork: () => boolean
  /** Everything ends at once, as if the process had: nothing more is recorded, and every command rejects with `why`. */
  abandon(why: AppError): void
  /**
   * Finishes what is under way, for `graceMs` at most, and begins nothing new. What is left is let go, if the log takes that soon, so that
   * another process takes it over at once; `once` calls, and all where the log is away, when their lease has passed.
   */
  close(graceMs: number): Promise<void>
}

export interface RuntimeOptions {
  /**
   * False where this process only accepts commands: it records them and all that follows without an effect, claims no work, arms no timer and
   * begins no child run. Workers find what is owed through their sweepers.
   */
  readonly performs: boolean
}

export const createRuntime = (parts: RuntimeParts, { performs }: RuntimeOptions = { performs: true }): Runtime => {
  const stopped = new AbortController()
  const end = (why?: AppError): void => {
    stopped.abort(why)
    contexts.shut()
    timers.stop()
    effects.abandon()
  }
  const newest = createNewestSeen()

  const stored = (agent: Agent, state: RunState, before: RunState | undefined): void => {
    if (stopped.signal.aborted || !newest.admits(state)) return
    children.stored(state, before)
    if (!performs) return
    if (!children.holds(state)) effects.reconcile(agent, state)
    contexts.releaseBut(state.runId, (place) => mayBegin(state, place) || effects.isUnderWay(state.runId, place))
    timers.arm(state)
  }
  const ofActors: ActorParts = {
    parts,
    record: recordReader(parts),
    context: (agent, runId, record) => contexts.open(agent, runId, record),
    stored: keepingStates(parts, stored),
    goOn: (runId) => void seeTo(runId),
    store: promptStore(parts),
    signal: stopped.signal,
  }
  const actors = createActorPool((runId) => createRunActor(ofActors, runId), { mostIdle: parts.idleRunsInMemory ?? IDLE_RUNS_IN_MEMORY })
  const { submit, hold } = actors
  /** To what a run owes and could not be answered before. */
  const seeTo = (runId: string): Promise<unknown> => submit(runId, owedWorkJob).catch(() => undefined)
  const contexts = createJobContexts(parts, { hold, wake: seeTo })
  if (!performs) contexts.shut()
  const effects = createEffects(parts, {
    hold,
    releaseSlot: contexts.release,
    report: (runId, owed, fact) => submit(runId, resultJob(runId, { owed, fact })),
    claimAgain: (runId, owed) => submit(runId, claimJob(owed)),
  })
  const startRun = (run: NewRun): Promise<RunState> => submit(run.runId, startJob(run))
  const children = createChildRuns({ parts, start: startRun, current: actors.read, submit, performs, signal: stopped.signal })
  const wake = (runId: string): Promise<RunState> => wakeOne(parts, runId, { children, read: actors.read, submit })
  const timers = createWakeTimers(parts, wake)
  const grant = createGrant(ofActors, { submit, children, wake, current: actors.read })

  return {
    start: (name, given = {}) => whileOpen(stopped.signal, () => startOnce(parts, startRun, { name, given })),
    command: (runId, command, origin = {}) => whileOpen(stopped.signal, () => grant(runId, command, origin)),
    fork: (runId, options, origin) => whileOpen(stopped.signal, () => forkRun({ ...ofActors, submit }, runId, options, origin)),
    wake,
    wakeAt: (runId, at) => timers.armAt(runId, at),
    current: actors.read,
    reach: actors.reach,
    ...forWhoWaits(actors, effects, stopped.signal),
    counts: () => ({ runsInMemory: actors.size(), ...effects.counts() }),
    isAtWork: effects.isAtWork,
    abandon: end,
    async close(graceMs) {
      if (!stopped.signal.aborted) await finish(parts, { contexts, effects, submit }, graceMs)
      end()
    },
  }
}

const forWhoWaits = (
  { watch }: ActorPool,
  { isPerforming }: EffectTable,
  stopped: AbortSignal,
): Pick<Runtime, 'watch' | 'isPerforming'> => ({
  isPerforming,
  watch(runId, heard) {
    const takeBack = watch(runId, heard)
    const end = (): void => {
      heard(undefined)
    }
    stopped.addEventListener('abort', end)
    return () => {
      takeBack()
      stopped.removeEventListener('abort', end)
    }
  },
})

const recordReader = (parts: RuntimeParts): ActorParts['record'] => {
  const records = createOriginRecords(parts)
  return (state, { recorded }) => {
    const part = recordedPartOf(state) ?? recorded
    return part && records.of(part)
  }
}

interface Waking {
  readonly children: Pick<ChildRuns, 'checkWanted'>
  readonly read: (runId: string) => Promise<RunState>
  readonly submit: (runId: string, job: Job) => Promise<RunState>
}

/** Another process may have done it already: what is known here is only a beginning. */
const wakeOne = async (parts: RuntimeParts, runId: string, { children, read, submit }: Waking): Promise<RunState> => {
  await children.checkWanted(await read(runId))
  return submit(runId, wakeJob(parts, runId))
}

const NOTHING_SAID = { parts: undefined, bytes: [] } as const

interface NamedStart {
  readonly name: string | Agent
  readonly given: StartOptions
}

const startOnce = async (
  parts: RuntimeParts,
  begin: (run: NewRun) => Promise<RunState>,
  { name, given }: NamedStart,
): Promise<RunState> => {
  if (typeof name !== 'string' && (typeof name !== 'object' || (name as Agent | null) === null))
    throw new AppError('InvalidInput', `Expected an agent or its name, found ${shown(name)}`)
  readOptions(given, 'the options of a start as an object')
  const { message: asked, ...others } = { ...given }
  if (typeof asked === 'string') checkMessage(asked)
  const { parts: said, bytes } = asked === undefined ? NOTHING_SAID : readContent(asked)
  const message = said === undefined ? undefined : plain(said)
  const options = handedIn(others) as StartOptions<Json, Json, Json>
  checkStart(options)
  checkData(message, options.data)
  const runId = options.runId ?? parts.ids.uuid()
  checkRunId(runId)
  let isKnown = false
  const found = (): void => {
    isKnown = true
  }
  const agent = typeof name === 'string' ? parts.agents.newest(name) : parts.agents.exactly(name)
  const { data, tags, metadata, input, context } = options
  const sealed = await sealedStartOf(parts, agent, options)
  const state = await begin({ agent, runId, options, message, bytes, given: { input, context }, child: undefined, sealed, found })
  if (isKnown)
    await checkRepeatedStart(parts, runId, { agent: agent.name, message, data, tags, metadata, input, context, sealed: options.sealed })
  return state
}

/** What is claimed and held back begins when its parent has heard of it. Anything else that is not under way never will. */
const mayBegin = ({ broken, owed }: RunState, { key, attempt }: Pick<Owed, 'key' | 'attempt'>): boolean => {
  const claim = owed.get(key)
  return broken === undefined && claim?.status === 'claimed' && claim.attempt === attempt
}

const IDLE_RUNS_IN_MEMORY = 256

const LET_GO_WITHIN_MS = 2_000

interface Unfinished {
  readonly contexts: JobContexts
  readonly effects: EffectTable
  readonly submit: (runId: string, job: Job) => Promise<RunState>
}

const finish = async ({ clock }: RuntimeParts, { contexts, effects, submit }: Unfinished, graceMs: number): Promise<void> => {
  contexts.shut()
  await effects.drain(graceMs)
  const deadline = { timeoutMs: LET_GO_WITHIN_MS, outer: new AbortController().signal, late: () => undefined }
  const all = effects.performing().map((runId) => withDeadline(clock, deadline, () => submit(runId, letGoJob)))
  await Promise.allSettled(all)
}

/** Rejects with why it is open no more. */
const whileOpen = async <Result>({ aborted, reason }: AbortSignal, work: () => Promise<Result>): Promise<Result> => {
  if (aborted) throw isAppError(reason) ? reason : closedInstance()
  return work()
}

const closedInstance = (): AppError => new AppError('Closed', 'Expected an open instance, found one that was closed')

/** Prompts are content-addressed: each is written once, before the first event that names it. */
const promptStore = ({ blobs }: RuntimeParts): ActorParts['store'] => {
  const stored = new Set<string>()
  const put = async ({ promptHash }: Agent, contents: readonly (string | Uint8Array)[]): Promise<void> => {
    for (const content of contents) await blobs.put(content)
    stored.add(promptHash)
  }
  return (agent, contents) => {
    if (!stored.has(agent.promptHash)) return put(agent, [agent.promptText, ...contents])
    return contents.length === 0 ? undefined : put(agent, contents)
  }
}

const startJob = (run: NewRun): Job => ({
  newRun: {
    agent: run.agent,
    correlationId: run.child?.correlationId ?? run.runId,
    hasNewId: run.options.runId === undefined && run.child === undefined,
    ofRestored: run.child?.ofRestored === true,
  },
  bytes: run.bytes,
  length: JSON.stringify(run.options).length + lengthOf(run.bytes),
  ...present({ recorded: wholeRecord(run.sealed) }),
  decide: (state) => startDecision(run, state),
})

/** Against acting on the past: what was performed, armed or told by a newer state must not be so again by an older one. */
export interface NewestSeen {
  /** Whether the state is no older than any that was asked about. */
  admits(state: RunState): boolean
}

/** Runs are remembered beyond their time in memory: a log that lags behind what it acknowledged does so for seconds. */
const MOST_RUNS = 16_384
/** So many at once, since finding the first of a map that much was taken from costs a pass over what is gone. */
const FORGOTTEN_RUNS = 1_024

const forgetOldest = (revisions: Map<string, number>, most: number): void => {
  let left = most
  for (const runId of revisions.keys()) {
    if (left === 0) return
    revisions.delete(runId)
    left -= 1
  }
}

const createNewestSeen = (mostRuns = MOST_RUNS): NewestSeen => {
  // In order of use.
  const revisions = new Map<string, number>()
  return {
    admits({ runId, revision }) {
      const newest = revisions.get(runId) ?? -1
      revisions.delete(runId)
      revisions.set(runId, Math.max(newest, revision))
      if (revisions.size > mostRuns) forgetOldest(revisions, FORGOTTEN_RUNS)
      return revision >= newest
    },
  }
}
