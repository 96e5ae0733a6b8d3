import { AppError, isAppError } from '../../errors.ts'
import { streamOf } from '../../events/codec.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { retrace, type Retraced } from '../../fold/replay.ts'
import type { RunState } from '../../fold/run-state.ts'
import { present } from '../../present.ts'
import type { Agent } from '../agent.ts'
import { isWithoutCode, placeChanged } from '../code/code-errors.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { notFound, readEvent, readRun } from './run-reader.ts'

// Which code folds a run.
//
//   CODE1. The first event names it, and so does each move to another version, from there on.
//   CODE2. Whoever moves a run has checked that the new code explains all that happened before. So where the code of a time is not here, or was
//       changed, any that the run has moved to later stands in for it.

export type CodeParts = Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>

/** The agent that a run is on from this event on: undefined where the event says nothing of it. Throws `UnknownAgent` or `ChartChanged`. */
export const agentNamedBy = ({ agents }: Pick<CodeParts, 'agents'>, event: RecordedRunEvent): Agent | undefined =>
  event.type === 'RunStarted' || event.type === 'RunMoved' ? agents.ofRun(event.runId, event.data) : undefined

/** The agent that the first event of a run names. */
export const firstAgent = (parts: Pick<CodeParts, 'agents'>, event: RecordedRunEvent): Agent => {
  const agent = event.revision === 0 ? agentNamedBy(parts, event) : undefined
  if (agent !== undefined) return agent
  throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${event.runId}, found ${event.type}`)
}

/** The agent that a run was on at a revision, whatever it has moved to behind it. Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`. */
export const agentAt = async (parts: CodeParts, runId: string, revision = Infinity): Promise<Agent> => {
  let named: RecordedRunEvent | undefined
  for await (const { event } of readRun(parts, runId)) {
    if (named !== undefined && event.revision > revision) break
    if (named === undefined || event.type === 'RunMoved') named = event
  }
  if (named === undefined) throw notFound(runId)
  return agentNamedBy(parts, named) ?? firstAgent(parts, named)
}

export interface LaterCode {
  readonly agent: Agent
  /** Of the event by which the run has moved to it. */
  readonly revision: number
}

/** The versions that a run has moved to behind a revision, as far as this process has them. */
export async function* laterCode(parts: CodeParts, runId: string, behind: number): AsyncGenerator<LaterCode> {
  for await (const stored of parts.log.readStream(streamOf(runId), { from: behind + 1 })) {
    if (stored.type !== 'RunMoved') continue
    const agent = ifHere(parts, await readEvent(parts.blobs, stored))
    if (agent !== undefined) yield { agent, revision: stored.revision }
  }
}

const ifHere = (parts: CodeParts, event: RecordedRunEvent): Agent | undefined => {
  try {
    return agentNamedBy(parts, event)
  } catch (error) {
    if (isWithoutCode(error)) return undefined
    throw error
  }
}

/** What is known of a run: a beginning of its history, folded. */
export interface Known {
  readonly agent: Agent
  readonly state: RunState
  /** Of its first event in the log; undefined where this process has begun it. */
  readonly position?: number
}

/**
 * Folds a run event by event, from the beginning or on from what is known, each time with the code that the run was on, as far as that is here.
 * Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`, `UnexpectedEvent`.
 */
export async function* foldRun(parts: CodeParts, runId: string, from?: Known): AsyncGenerator<Known> {
  let known = from
  for await (const { event } of readRun(parts, runId, (from?.state.revision ?? -1) + 1)) {
    const position = known === undefined ? event.position : known.position
    known = { ...(await next(parts, known, event)), ...present({ position }) }
    yield known
  }
}

const next = async (parts: CodeParts, known: Known | undefined, event: RecordedRunEvent): Promise<Known> => {
  try {
    const agent = known === undefined ? firstAgent(parts, event) : (agentNamedBy(parts, event) ?? known.agent)
    const hasMoved = known !== undefined && agent !== known.agent
    return hasMoved ? await foldAnew(parts, agent, event) : { agent, state: followed(agent, known?.state, event) }
  } catch (error) {
    if (!isWithoutCode(error)) throw error
    return byLaterCode(parts, event, error)
  }
}

const byLaterCode = async (parts: CodeParts, event: RecordedRunEvent, why: unknown): Promise<Known> => {
  for await (const { agent } of laterCode(parts, event.runId, event.revision)) {
    try {
      return await foldAnew(parts, agent, event)
    } catch (error) {
      if (!isWithoutCode(error)) throw error
    }
  }
  throw why
}

/** Up to and with an event, from the beginning, by one code alone. */
const foldAnew = async (parts: CodeParts, agent: Agent, { runId, revision }: RecordedRunEvent): Promise<Known> => {
  let state: RunState | undefined
  for await (const { event } of readRun(parts, runId)) {
    state = followed(agent, state, event)
    if (event.revision === revision) return { agent, state }
  }
  throw notFound(runId)
}

/** Where the code stands after a recorded event: exactly where the record says, or nobody may act on it. Throws `ChartChanged`. */
const followed = (agent: Agent, before: RunState | undefined, event: RecordedRunEvent): RunState => {
  const { led, disagreement } = explained(agent, before, event)
  if (disagreement !== undefined) throw placeChanged(agent, event, disagreement)
  return led.state
}

const explained = (agent: Agent, before: RunState | undefined, event: RecordedRunEvent): Retraced => {
  try {
    return retrace(agent.program, before, event)
  } catch (error) {
    // It took the event when it was recorded.
    if (!isAppError(error, 'UnexpectedEvent') || error.details.chart === undefined) throw error
    throw placeChanged(agent, event, { what: 'event', recorded: event.type, refolded: error.message })
  }
}

/** What this process knows of a run: never more than the log holds, and never less than it knew before. */
export interface KnownRun {
  now(): Known | undefined
  /** Every event of the state has to be stored. Returns the newest that is known. */
  learn(known: Known): Known
  /** Folds what the log holds beyond what is known. Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`, `UnexpectedEvent`. */
  refresh(): Promise<Known>
  /** The same, but a run that is not there yet is no error. */
  refreshIfThere(): Promise<Known | undefined>
  /** Called with what is known, and with each newer state. Returns what takes it back. */
  readonly watch: (heard: (state: RunState) => void) => () => void
}

export const createKnownRun = (parts: RuntimeParts, runId: string): KnownRun => {
  let known: Known | undefined
  let reading: Promise<unknown> = Promise.resolve()
  const watchers = new Set<(state: RunState) => void>()

  const learn = (next: Known): Known => {
    if (known !== undefined && next.state.revision <= known.state.revision) return known
    known = next
    for (const heard of [...watchers]) heard(next.state)
    return next
  }

  const readOn = async (): Promise<Known> => {
    let newest = known
    // A part of what the log holds is the past: it is learned only once the log has given all.
    for await (const next of foldRun(parts, runId, known)) newest = next
    if (newest === undefined) throw notFound(runId)
    return learn(newest)
  }

  /** One after the other, so that each goes on from the one before. */
  const refresh = (): Promise<Known> => {
    const read = reading.then(readOn, readOn)
    reading = read.catch(() => undefined)
    return read
  }

  return {
    now: () => known,
    learn,
    refresh,
    refreshIfThere: () =>
      refresh().catch((error: unknown) => {
        if (isAppError(error, 'RunNotFound')) return undefined
        throw error
      }),
    watch(heard) {
      watchers.add(heard)
      if (known !== undefined) heard(known.state)
      return () => watchers.delete(heard)
    },
  }
}
