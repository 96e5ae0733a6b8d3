import { messageOf } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import { accepts } from '../fold/accepts.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import { canonicalJson, type Json } from '../json.ts'
import { present } from '../present.ts'
import type { Job } from './job.ts'
import { insistently, isOutage } from './retry-pause.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import type { NewRun } from './start-run.ts'
import { childRunId, createUnwantedChildren, currentOrGone } from './unwanted-children.ts'

/** Runs that runs ask for. Both ends may be repeated after a crash: a start finds its run, a report its answer. */
export interface ChildRuns {
  /** Begins what the run waits for, ends what it no longer waits for, and tells the run that asked for it what has become of it. */
  settled(state: RunState, before: RunState | undefined): void
  /** Cancels a run that nobody waits for any more. Rejects with what the log says. */
  checkWanted(child: RunState): Promise<void>
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
  const beginning = new Set<string>()
  const unwanted = createUnwantedChildren({ parts, current, submit })

  const tell = async (parent: { readonly runId: string }, fact: RunFact, causationId?: string): Promise<void> => {
    const decide: Job['decide'] = (state, desk) => ({
      facts: state !== undefined && accepts(state, fact, desk.at) ? [fact] : [],
      anyway: true,
      ...(causationId === undefined ? {} : { causationId }),
    })
    await submit(parent.runId, { insistent: true, decide }).catch((error: unknown) => {
      if (!isOutage(error)) parts.notify({ type: 'runBroken', runId: parent.runId, message: messageOf(error) })
    })
  }

  const tellParent = async (child: RunState): Promise<void> => {
    const { parent } = child.started
    if (parent === undefined || child.status === 'active') return
    const call = { callId: parent.callId, childRunId: child.runId }
    const fact: RunFact =
      child.status === 'completed'
        ? { type: 'ChildRunSucceeded', data: { ...call, output: child.output ?? null } }
        : { type: 'ChildRunFailed', data: { ...call, reason: child.reason ?? child.status } }
    await tell(parent, fact, child.lastEventId)
  }

  /** The child, begun now or before; undefined where nobody waits for it any more. */
  const begun = (parentRunId: string, owed: Owed): Promise<RunState | undefined> => {
    const runId = childRunId(parentRunId, owed.key)
    const child = { runId, started: { parent: { runId: parentRunId, callId: owed.key } } }
    return insistently(parts, { runId, signal }, async () => {
      const parent = await unwanted.parentOf(child)
      if (parent === undefined) return undefined
      // What this process remembers of it may be older than what others have made of it.
      await currentOrGone(current, runId)
      const state = await start(newChild(parts, parent, owed))
      return (await unwanted.parentOf(child)) === undefined ? undefined : state
    })
  }

  const beginOne = async (parent: RunState, owed: Owed): Promise<void> => {
    const runId = childRunId(parent.runId, owed.key)
    if (beginning.has(runId)) return
    beginning.add(runId)
    try {
      const child = await begun(parent.runId, owed)
      if (child !== undefined) await tellParent(child)
    } catch (error) {
      // A later look finds what was not begun for want of the log.
      if (!isOutage(error))
        await tell(parent, { type: 'ChildRunFailed', data: { callId: owed.key, childRunId: runId, reason: messageOf(error) } })
    } finally {
      beginning.delete(runId)
    }
  }

  return {
    settled(state, before) {
      unwanted.release(state, before)
      if (!performs) return
      for (const owed of state.owed.values()) if (isToBegin(state, owed)) void beginOne(state, owed)
      if (before?.status === 'active') void tellParent(state)
    },
    async checkWanted(child) {
      if (child.status === 'active') await unwanted.parentOf(child)
    },
  }
}

const isToBegin = ({ broken }: RunState, { intent, status }: Owed): boolean =>
  broken === undefined && intent === 'startChildRun' && status === 'parked'

const newChild = ({ agents }: RuntimeParts, parent: RunState, owed: Owed): NewRun => {
  const input = (owed.params.input ?? null) as Json
  const agent = agents.newest(String(owed.params.agent))
  const asked = agent.conversational ? { message: typeof input === 'string' ? input : canonicalJson(input) } : { input }
  return {
    agent,
    runId: childRunId(parent.runId, owed.key),
    options: { ...asked, ...present({ tenant: parent.started.tenant }) },
    child: { parent: { runId: parent.runId, callId: owed.key }, correlationId: parent.correlationId },
  }
}
