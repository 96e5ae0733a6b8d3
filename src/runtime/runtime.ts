import { AppError } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import { accepts } from '../fold/accepts.ts'
import { decide, type Command } from '../fold/decide.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import { nextDue } from '../fold/waiting.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson, type Json } from '../json.ts'
import type { Agent } from './agent.ts'
import type { WishOrigin } from './batch.ts'
import { createDesks } from './desk.ts'
import { createEffects } from './effects.ts'
import { createRunActor, type Job, type JobDecision, type RunActor } from './run-actor.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { isAbandoned, takeOver } from './takeover.ts'

export interface StartOptions extends WishOrigin {
  /** Chosen by the caller, so that a repeated start is one start; a fresh UUID otherwise. */
  readonly runId?: string
  readonly message?: string
  /** What a chart of your own begins with. */
  readonly input?: Json
}

interface ChildOf {
  readonly parent: { readonly runId: string; readonly callId: string }
  readonly correlationId: string
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
  /** Finishes what is under way, for `graceMs` at most, and begins nothing new. What is left, another process takes over. */
  close(graceMs: number): Promise<void>
}

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/
/** UTF-8 bytes of one message. */
const LARGEST_MESSAGE = 1024 * 1024
/** Runs that wait for nothing of this process stay so many in memory. */
const MOST_IDLE_ACTORS = 256

export const createRuntime = (parts: RuntimeParts): Runtime => {
  const actors = new Map<string, RunActor>()
  const timers = new Map<string, () => void>()
  const children = new Set<string>()
  const stored = new Set<string>()
  const desks = createDesks(parts)
  let closed = false

  const effects = createEffects(parts, {
    releaseSlot: desks.release,
    report: async (runId, owed, fact) => {
      await actorOf(runId).submit(resultJob(runId, owed, fact))
    },
  })

  const actorOf = (runId: string): RunActor => {
    const actor = actors.get(runId) ?? createRunActor(actorParts, runId)
    // The order of the map is the order of use: the oldest idle ones are forgotten first.
    actors.delete(runId)
    actors.set(runId, actor)
    return actor
  }

  const forgetIdle = (): void => {
    if (actors.size <= MOST_IDLE_ACTORS) return
    for (const [runId, actor] of actors) {
      if (actors.size <= MOST_IDLE_ACTORS) return
      if (actor.idle() && effects.underWay(runId) === 0) actors.delete(runId)
    }
  }

  const settled = (agent: Agent, state: RunState, before: RunState | undefined): void => {
    if (closed) return
    effects.reconcile(agent, state)
    armTimer(state)
    for (const owed of state.owed.values()) if (owed.intent === 'startChildRun' && owed.status === 'parked') void startChild(state, owed)
    if (state.status !== 'active' && before?.status === 'active') void reportToParent(state)
    forgetIdle()
  }

  const armTimer = (state: RunState): void => {
    timers.get(state.runId)?.()
    timers.delete(state.runId)
    const delayMs = state.status === 'active' ? untilDue(parts, state) : undefined
    if (delayMs === undefined) return
    const cancel = parts.clock.setTimer(delayMs, () => {
      timers.delete(state.runId)
      void runtime.wake(state.runId).catch(notifyBroken(state.runId))
    })
    timers.set(state.runId, cancel)
  }

  const notifyBroken =
    (runId: string) =>
    (error: unknown): void => {
      parts.notify({ type: 'runBroken', runId, message: error instanceof Error ? error.message : String(error) })
    }

  const store = async (agent: Agent, texts: readonly string[]): Promise<void> => {
    for (const text of stored.has(agent.promptHash) ? texts : [agent.promptText, ...texts]) await parts.blobs.put(text)
    stored.add(agent.promptHash)
  }

  const actorParts = { parts, desk: desks.open, settled, store }

  const resultJob = (runId: string, owed: Owed, fact: RunFact): Job => ({
    insistent: true,
    decide: (state, desk) => {
      if (state !== undefined && accepts(state, fact, desk.at)) return { facts: [fact], causationId: owed.eventId }
      parts.notify({ type: 'resultDropped', runId, callId: owed.key, result: fact.type })
      return { facts: [] }
    },
  })

  const startChild = async (parent: RunState, owed: Owed): Promise<void> => {
    const childRunId = `${parent.runId}.${owed.key}`
    if (children.has(childRunId)) return
    children.add(childRunId)
    try {
      const input = (owed.params.input ?? null) as Json
      const agent = parts.agents.newest(String(owed.params.agent))
      const begun = agent.conversational ? { message: typeof input === 'string' ? input : canonicalJson(input) } : { input }
      const child = await begin(agent, childRunId, begun, {
        parent: { runId: parent.runId, callId: owed.key },
        correlationId: parent.correlationId,
      })
      if (child.status !== 'active') await reportToParent(child)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      await actorOf(parent.runId).submit(resultJob(parent.runId, owed, { type: 'ChildRunFailed', data: { callId: owed.key, childRunId, reason } }))
    } finally {
      children.delete(childRunId)
    }
  }

  const reportToParent = async (child: RunState): Promise<void> => {
    const { parent } = child.started
    if (parent === undefined) return
    const call = { callId: parent.callId, childRunId: child.runId }
    const fact: RunFact =
      child.status === 'completed'
        ? { type: 'ChildRunSucceeded', data: { ...call, output: child.output ?? null } }
        : { type: 'ChildRunFailed', data: { ...call, reason: child.reason ?? child.status } }
    await actorOf(parent.runId)
      .submit({
        insistent: true,
        decide: (state, desk) => ({ facts: state !== undefined && accepts(state, fact, desk.at) ? [fact] : [], causationId: child.lastEventId }),
      })
      .catch(notifyBroken(parent.runId))
  }

  const begin = (agent: Agent, runId: string, options: StartOptions, child?: ChildOf): Promise<RunState> => {
    if (closed) return Promise.reject(new AppError('Closed', 'Expected an open instance, found one that was closed'))
    return actorOf(runId).submit({
      newRun: { agent, correlationId: child?.correlationId ?? runId },
      decide: (state) => startDecision(agent, runId, options, { state, child }),
    })
  }

  const runtime: Runtime = {
    async start(name, options = {}) {
      const agent = parts.agents.newest(name)
      const runId = options.runId ?? parts.ids.uuid()
      if (!RUN_ID.test(runId)) throw new AppError('InvalidInput', `Expected a run id of letters, digits, ., _ and -, found ${JSON.stringify(runId)}`)
      checkMessage(options.message)
      return begin(agent, runId, options)
    },
    async command(runId, command, wish = {}) {
      if (closed) throw new AppError('Closed', 'Expected an open instance, found one that was closed')
      if (command.type === 'sendMessage') checkMessage(command.text)
      return actorOf(runId).submit({
        decide: (state, desk) => {
          if (state === undefined) return { refuse: notFound(runId) }
          const decision = decide(state, command, desk.at, wish.commandId)
          if (!decision.ok) return { refuse: new AppError('NotPossible', decision.reason, { details: { runId, command: command.type } }) }
          return { facts: decision.facts, wish: { ...wish, ...('by' in command ? { actor: command.by } : {}) } }
        },
      })
    },
    wake: async (runId) => {
      const actor = actorOf(runId)
      // Another process may have done it already: what is known here is only a beginning.
      await actor.refresh()
      return actor.submit({ decide: (state, desk) => (state === undefined ? { refuse: notFound(runId) } : { facts: overdue(parts, desk, state) }) })
    },
    current: (runId) => actorOf(runId).refresh(),
    async close(graceMs) {
      desks.shut()
      await effects.drain(graceMs)
      closed = true
      for (const cancel of timers.values()) cancel()
      effects.abandon()
    },
  }
  return runtime
}

/** A lease that has passed and could not be taken over, for want of a place, is looked at again after this. */
const TAKEOVER_RETRY_MS = 1_000

const untilDue = ({ clock, owner }: RuntimeParts, state: RunState): number | undefined => {
  const now = clock.now()
  const { timerAt, leaseAt } = nextDue(state, owner)
  const delays = [
    ...(timerAt === undefined ? [] : [Math.max(0, timerAt - now)]),
    ...(leaseAt === undefined ? [] : [leaseAt > now ? leaseAt - now : TAKEOVER_RETRY_MS]),
  ]
  return delays.length === 0 ? undefined : Math.min(...delays)
}

const notFound = (runId: string): AppError => new AppError('RunNotFound', `Expected a run ${runId}, found none`, { details: { runId } })

const checkMessage = (message: string | undefined): void => {
  if (message === undefined) return
  const bytes = Buffer.byteLength(message)
  if (message.trim() === '') throw new AppError('InvalidInput', 'Expected a message, found an empty one')
  if (bytes > LARGEST_MESSAGE) throw new AppError('TooLarge', `Expected a message of ${LARGEST_MESSAGE} bytes at most, found ${bytes}`)
}

const startDecision = (
  agent: Agent,
  runId: string,
  { message, input, commandId, actor, traceparent }: StartOptions,
  { state, child }: { readonly state: RunState | undefined; readonly child: ChildOf | undefined },
): JobDecision => {
  if (state !== undefined) {
    if (state.started.agent === agent.name) return { facts: [] }
    return { refuse: new AppError('InvalidInput', `Expected a new run id, found ${runId}, which is a run of ${state.started.agent}`) }
  }
  const started: RunFact = {
    type: 'RunStarted',
    data: {
      agent: agent.name,
      agentVersion: agent.version,
      chartHash: agent.program.chartHash,
      settings: agent.settings,
      ...(input === undefined ? {} : { input }),
      ...(child === undefined ? {} : { parent: child.parent }),
    },
  }
  const received: RunFact[] = message === undefined ? [] : [{ type: 'MessageReceived', data: { text: message } }]
  const wish = {
    ...(commandId === undefined ? {} : { commandId }),
    ...(actor === undefined ? {} : { actor }),
    ...(traceparent === undefined ? {} : { traceparent }),
  }
  return { facts: [started, ...received], wish }
}

/** One due timer, since it may take others back; otherwise every call whose owner is gone. */
const overdue = (parts: RuntimeParts, desk: Parameters<typeof takeOver>[0], state: RunState): RunFact[] => {
  for (const { timerId, dueAt } of state.timers.values()) {
    if (dueAt !== undefined && dueAt <= desk.at) return [{ type: 'TimerFired', data: { timerId } }]
  }
  if (state.paused) return []
  return [...state.owed.values()].flatMap((owed) => (isAbandoned(owed, desk, parts.ownerIsGone) ? (takeOver(desk, state, owed) ?? []) : []))
}

/** Names one life of one process. */
export const ownerName = (host: string, pid: number, uuid: string): string => `${host}/${pid}/${sha256(uuid).slice(0, 8)}`
