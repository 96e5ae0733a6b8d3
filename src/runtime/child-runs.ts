import { messageOf } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import { accepts } from '../fold/accepts.ts'
import type { Owed, RunState } from '../fold/run-state.ts'
import { canonicalJson, type Json } from '../json.ts'
import { present } from '../present.ts'
import type { Job } from './run-actor.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import type { NewRun } from './start-run.ts'

/** Runs that runs ask for. Both ends may be repeated after a crash: a start finds its run, a report its answer. */
export interface ChildRuns {
  /** Begins what a run waits for and nobody has begun. */
  begin(parent: RunState): void
  /** Tells the run that asked what has become of it. */
  report(child: RunState): void
}

export interface ChildRunParts {
  readonly parts: RuntimeParts
  readonly start: (run: NewRun) => Promise<RunState>
  readonly submit: (runId: string, job: Job) => Promise<RunState>
}

export const createChildRuns = ({ parts, start, submit }: ChildRunParts): ChildRuns => {
  const beginning = new Set<string>()

  const tell = async (parent: { readonly runId: string }, fact: RunFact, causationId?: string): Promise<void> => {
    const decide: Job['decide'] = (state, desk) => ({
      facts: state !== undefined && accepts(state, fact, desk.at) ? [fact] : [],
      ...(causationId === undefined ? {} : { causationId }),
    })
    await submit(parent.runId, { insistent: true, decide }).catch((error: unknown) => {
      parts.notify({ type: 'runBroken', runId: parent.runId, message: messageOf(error) })
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

  const beginOne = async (parent: RunState, owed: Owed): Promise<void> => {
    const runId = childRunId(parent.runId, owed.key)
    if (beginning.has(runId)) return
    beginning.add(runId)
    try {
      await tellParent(await start(newChild(parts, parent, owed)))
    } catch (error) {
      await tell(parent, { type: 'ChildRunFailed', data: { callId: owed.key, childRunId: runId, reason: messageOf(error) } })
    } finally {
      beginning.delete(runId)
    }
  }

  return {
    begin: (parent) => {
      for (const owed of parent.owed.values()) if (owed.intent === 'startChildRun' && owed.status === 'parked') void beginOne(parent, owed)
    },
    report: (child) => void tellParent(child),
  }
}

const childRunId = (parentRunId: string, callId: string): string => `${parentRunId}.${callId}`

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
