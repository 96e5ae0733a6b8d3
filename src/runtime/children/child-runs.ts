import { messageOf } from '../../errors.ts'
import type { Limits } from '../../events/limits.ts'
import type { RunFact } from '../../events/run-events.ts'
import { accepts } from '../../fold/accepts.ts'
import { childLimits, childReport, childRunId, saysMore, type EndedRun } from '../../fold/child-report.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import { canonicalJson, type Json } from '../../json.ts'
import { present } from '../../present.ts'
import type { Budget } from '../../projections/budget.ts'
import type { Job } from '../actors/jobs.ts'
import { depthOf } from '../answers/start-child-run.ts'
import { isWithoutCode } from '../code/code-errors.ts'
import type { NewRun } from '../commands/start-run.ts'
import { readEnd } from '../reading/unfolded-run.ts'
import { insistently, isOutage } from '../retry-pause.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { createUnwantedChildren, currentOrGone, isGone } from './unwanted-children.ts'

/** Runs that runs ask for. Both ends may be repeated after a crash: a start finds its run, a report its answer. */
export interface ChildRuns {
  /** Begins what the run waits for, ends what it no longer waits for, and tells the run that asked for it what has become of it. */
  stored(state: RunState, before: RunState | undefined): void
  /** Whether its parent has not heard yet what it has spent, and might have nothing left for what it would do next. */
  holds(state: RunState): boolean
  /** Cancels a run that nobody waits for any more. Rejects with what the log says. */
  checkWanted(child: RunState): Promise<void>
  /** Rejects with `NotPossible` where nobody waits for this run any more that another has asked for. */
  readonly checkWaitedFor: (child: RunState) => Promise<void>
}

export interface ChildRunParts {
  readonly parts: RuntimeParts
  readonly start: (run: NewRun) => Promise<RunState>
  readonly current: (runId: string) => Promise<RunState>
  readonly submit: (runId: string, job: Job) => Promise<RunState>
  /** Whether this process begins runs and reports for them. Ending one is no work: every process does it. */
  readonly performs: boolean
  /** Ends what is tried again. */
  readonly signal: AbortSignal
}

export const createChildRuns = ({ parts, start, current, submit, performs, signal }: ChildRunParts): ChildRuns => {
  const starting = new Set<string>()
  const unwanted = createUnwantedChildren({ parts, current, submit })
  const tell = async (runId: string, decide: Job['decide']): Promise<void> => {
    await submit(runId, { insistent: true, decide }).catch((error: unknown) => {
      // A parent that is gone need not be told.
      if (!isOutage(error) && !isGone(error)) parts.notify({ type: 'runBroken', runId, message: messageOf(error) })
    })
  }
  const reports = childReporter(tell)
  /** What it has claimed meanwhile begins behind what its parent has decided. */
  const report = async (child: RunState): Promise<void> => {
    await reports.tell(child)
    if (child.status === 'active') await tell(child.runId, () => ({ facts: [] }))
  }

  const fail = (parent: RunState, owed: Owed, reason: string): Promise<void> => tell(parent.runId, failing(parent, owed, reason))

  /** The child, begun now or before; undefined where nobody waits for it any more, or where it has nothing to say. */
  const started = (parentRunId: string, owed: Owed): Promise<RunState | undefined> => {
    const runId = childRunId(parentRunId, owed)
    const child = { runId, started: { parent: { runId: parentRunId, callId: owed.key } } }
    return insistently(parts, { runId, signal }, async () => {
      const parent = await unwanted.parentOf(child)
      if (parent === undefined) return undefined
      // What this process remembers of it may be older than what others have made of it.
      await currentOrGone(current, runId)
      const state = await start(newChild(parts, parent, owed))
      const now = await unwanted.parentOf(child)
      return now === undefined || childReport(now, state) === undefined ? undefined : state
    })
  }

  const startOne = async (parent: RunState, owed: Owed): Promise<void> => {
    const runId = childRunId(parent.runId, owed)
    if (starting.has(runId)) return
    starting.add(runId)
    try {
      const child = await started(parent.runId, owed)
      // It may have gone on, and said so, since it was begun.
      const now = child && (await currentOrGone(current, runId))
      if (now !== undefined) await report(now)
    } catch (error) {
      // A later look finds what was not begun for want of the log. What has begun with code that is not here may still succeed elsewhere.
      if (isOutage(error)) return
      if (isWithoutCode(error) && error.details.runId === runId) await reportEnd(parts, reports, runId)
      else await fail(parent, owed, messageOf(error))
    } finally {
      starting.delete(runId)
    }
  }

  return {
    stored(state, before) {
      // A fork has started no run, and what its copies name is its origin's.
      if (state.fork !== undefined) return
      unwanted.release(state, before)
      if (!performs) return
      // What was asked for before is looked at again where nothing has happened: a sweep, which may know of a process that died.
      const isSweep = state === before || state.restored !== before?.restored
      const isNew = ({ key }: Owed): boolean => isSweep || !isAsked(before?.owed.get(key))
      for (const owed of state.owed.values()) if (state.broken === undefined && isAsked(owed) && isNew(owed)) void startOne(state, owed)
      if (hasNews(state, before)) void report(state)
    },
    holds: ({ runId, status }) => status === 'active' && reports.isUnderWay(runId),
    checkWaitedFor: unwanted.checkWaitedFor,
    async checkWanted(child) {
      if (child.status === 'active') await unwanted.parentOf(child)
    },
  }
}

/** A run that nobody has asked for tells nobody. */
const hasNews = (state: RunState, before: RunState | undefined): boolean =>
  state.started.parent !== undefined && before?.status === 'active' && saysMore(before, state)

const failing = (parent: RunState, owed: Owed, reason: string): Job['decide'] => {
  const fact: RunFact = { type: 'ChildRunFailed', data: { callId: owed.key, childRunId: childRunId(parent.runId, owed), reason } }
  return (state, { at }) => ({ facts: state !== undefined && accepts(state, fact, at) ? [fact] : [], anyway: true })
}

/** What has become of a child that is over shows without its code. */
const reportEnd = async (parts: RuntimeParts, reports: ChildReporter, runId: string): Promise<void> => {
  const child = await readEnd(parts, runId).catch(() => undefined)
  if (child !== undefined) await reports.tell(child)
}

const isAsked = (owed: Owed | undefined): boolean => owed?.intent === 'startChildRun' && owed.status === 'parked'

const newChild = ({ agents }: RuntimeParts, parent: RunState, owed: Owed): NewRun => {
  const input = (owed.params.input ?? null) as Json
  const agent = agents.newest(String(owed.params.agent))
  return {
    agent,
    runId: childRunId(parent.runId, owed),
    message: agent.conversational ? textOf(input) : undefined,
    bytes: [],
    options: present({
      tenant: parent.started.tenant,
      tags: parent.started.tags,
      metadata: parent.started.metadata,
    }),
    given: { input: agent.conversational ? undefined : input, context: parent.started.context },
    child: {
      parent: { runId: parent.runId, callId: owed.key, depth: depthOf(parent) + 1 },
      correlationId: parent.correlationId,
      ofRestored: parent.restored !== undefined,
      limits: withinParent(agent.settings.limits, parent.budget, owed.key),
    },
  }
}

const textOf = (input: Json): string => (typeof input === 'string' ? input : canonicalJson(input))

const withinParent = (own: Limits, { tokens, costMicroUsd, children, limits }: Budget, callId: string): Limits => {
  const asked = childLimits(own)
  const left = childLimits(limits)
  return {
    ...own,
    tokens: lesser(own.tokens, rest(limits?.tokens, tokens, 1)),
    costMicroUsd: lesser(own.costMicroUsd, rest(limits?.costMicroUsd, costMicroUsd, 0)),
    childDepth: lesser(asked.childDepth, left.childDepth),
    childRuns: lesser(asked.childRuns, children.get(callId)?.granted ?? 0),
  }
}

/** null is no limit. */
const rest = (limit: number | null | undefined, used: number, least: number): number | null =>
  limit === null || limit === undefined ? null : Math.max(least, limit - used)

const lesser = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other)

export interface ChildReporter {
  tell(child: RunState | EndedRun): Promise<void>
  isUnderWay(childRunId: string): boolean
}

/** What is over has no later state. */
const isOlder = (child: RunState | EndedRun, known: RunState | EndedRun): boolean =>
  'revision' in child && (!('revision' in known) || child.revision < known.revision)

/**
 * Tells runs what became of those that they asked for. One report of a child at a time, and always of its newest state:
 * a log that is away for long leaves no queue behind.
 */
const childReporter = (tell: (runId: string, decide: Job['decide']) => Promise<void>): ChildReporter => {
  /** The newest state of each child whose report is under way. */
  const newest = new Map<string, RunState | EndedRun>()

  const tellParent = (child: RunState | EndedRun, parentRunId: string): Promise<void> =>
    tell(parentRunId, (state) => {
      const fact = state === undefined ? undefined : childReport(state, child)
      return { facts: fact === undefined ? [] : [fact], causationId: child.lastEventId, anyway: true }
    })

  const report = async (child: RunState | EndedRun): Promise<void> => {
    const parentRunId = child.started.parent?.runId
    if (parentRunId === undefined) return
    const known = newest.get(child.runId)
    if (known !== undefined && isOlder(child, known)) return
    newest.set(child.runId, child)
    if (known !== undefined) return
    let told: RunState | EndedRun | undefined
    for (let next = newest.get(child.runId); next !== undefined && next !== told; next = newest.get(child.runId)) {
      await tellParent(next, parentRunId)
      told = next
    }
    newest.delete(child.runId)
  }

  return { tell: report, isUnderWay: (runId) => newest.has(runId) }
}
