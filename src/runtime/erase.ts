import { AppError, isAppError } from '../errors.ts'
import type { StoredEvent } from '../eventlog/event-log.ts'
import { blobsIn, decodeEvent, encodeData, encodeMeta, RUN_STREAM_PREFIX, runIdOf, streamOf } from '../events/codec.ts'
import { deletionEventTypes, behindTheEnd, finalEventTypes, type DataOf, type RunEventType, type RunFact } from '../events/run-events.ts'
import { currentVersion } from '../events/upcast.ts'
import { present } from '../present.ts'
import { withoutKey } from '../projections/entries.ts'
import { applyToRunRow, unresolvedCalls, type RunRow } from '../projections/run-index.ts'
import { deletionRequest, notFound, type DeletionRequest } from './reading/run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

// Takes ended runs out of the log.
//
//   DELETE1. The request is stored before anything is taken away, so that whoever finds it goes on where another has stopped; every step may be repeated.
//   DELETE2. A payload goes only if no other run names it and nobody has put it lately, and before the events by which it is found.
//   DELETE3. Fixed parts of prompts stay: they are an agent's, and a process that has put them once relies on them.

/** Whoever puts a payload names it within this time, or puts it again. */
export const PAYLOAD_GRACE_MS = 120_000

export interface DeleteOptions {
  readonly by: string
  readonly reason?: string | undefined
  /** Also where nobody knows what became of a call: whoever wants to know it later finds nothing. */
  readonly force?: boolean | undefined
}

export interface PreviewOptions {
  /** What is active would be cancelled first; its events are counted as they are now. */
  readonly cancel?: boolean | undefined
}

export interface Deletion {
  readonly runId: string
  /** Of the run and of the runs that it has started, which go with it. */
  readonly runs: readonly string[]
  readonly events: number
  readonly blobs: number
  /** Calls that change something and of which nobody knows what became of them, or that may still be under way. */
  readonly unsettled: readonly UnsettledCall[]
  /** Who had asked for it before; null where nobody had. */
  readonly before: DeletionRequest | null
  /** False where payloads were put so lately that they go with a later sweep. */
  readonly isDone: boolean
}

export interface Eraser {
  /**
   * The run and those that it has started, as far as they have not ended. Rejects with `RunNotFound`, and without `force` with `NotPossible` where
   * a call of one of them is unsettled.
   */
  active(runId: string, options?: Pick<DeleteOptions, 'force'>): Promise<readonly string[]>
  /** What would go. Rejects with `RunNotFound`, and with `NotPossible` where `cancel` is not set and one of the runs is active. */
  preview(runId: string, options?: PreviewOptions): Promise<Deletion>
  /** The same, done. A run that is deleted already is fine. Without `force`, rejects with `NotPossible` where a call is unsettled. */
  erase(runId: string, options: DeleteOptions): Promise<Deletion>
  /** Goes on with one that somebody else has begun. */
  finish(runId: string): Promise<boolean>
}

type Parts = Pick<RuntimeParts, 'log' | 'blobs' | 'snapshots' | 'clock' | 'ids'>

interface SeenRun {
  readonly runId: string
  readonly events: number
  readonly blobs: ReadonlySet<string>
  readonly children: readonly string[]
  readonly first: StoredEvent
  readonly last: StoredEvent
  /** How it has ended: what became of a call may be recorded behind that. */
  readonly ending: string | undefined
  readonly unsettled: readonly UnsettledCall[]
}

export const createEraser = (parts: Parts): Eraser => {
  const { blobs, snapshots, clock } = parts

  /** Removes payloads and events of runs whose request is stored. */
  const takeAway = async (runs: readonly SeenRun[]): Promise<boolean> => {
    const wanted = new Set(runs.flatMap((run) => [...run.blobs]))
    const free = await unnamed(parts, wanted, new Set(runs.map(({ runId }) => runId)))
    let isDone = true
    for (const hash of free) isDone = (await blobs.remove(hash, clock.now() - PAYLOAD_GRACE_MS)) && isDone
    for (const { runId } of runs) await snapshots.drop(runId)
    if (!isDone) return false
    for (const run of runs) await close(parts, run)
    return true
  }

  const tree = async (runId: string): Promise<SeenRun[]> => {
    const runs = await seenTree(parts, runId)
    const active = runs.find(isActive)
    if (active === undefined) return runs
    throw new AppError(
      'NotPossible',
      `${active.runId} is active, and only what has ended can be deleted: cancel it first, or let the deletion do it (\`--cancel\`)`,
      {
        details: { runId: active.runId },
      },
    )
  }

  return {
    async active(runId, { force = false } = {}) {
      const runs = await seenTree(parts, runId)
      if (!force) refuseUnsettled(runs)
      return runs.filter(isActive).map((run) => run.runId)
    },
    async preview(runId, { cancel = false } = {}) {
      const runs = await (cancel ? seenTree(parts, runId) : tree(runId))
      return { ...deletionOf(runId, runs), before: await requestedBefore(parts, runs), isDone: false }
    },
    async erase(runId, options) {
      const runs = await tree(runId)
      const before = await requestedBefore(parts, runs)
      if (options.force !== true) refuseUnsettled(runs)
      // The run itself last: where this is cut off, whoever repeats it still finds the others.
      for (const run of runs.toReversed())
        if (run.ending !== undefined && !deletionEventTypes.has(run.last.type)) await request(parts, run, options)
      // Read again: one that has gone on meanwhile is not deleted.
      const requested = await tree(runId)
      return { ...deletionOf(runId, runs), before, isDone: await takeAway(requested.filter(isRequested).toReversed()) }
    },
    async finish(runId) {
      const run = await seen(parts, runId)
      return run === undefined || !isRequested(run) || takeAway([run])
    },
  }
}

const MOST_NAMED = 5

const refuseUnsettled = (runs: readonly SeenRun[]): void => {
  const unsettled = runs.flatMap((run) => run.unsettled)
  const [first] = unsettled
  if (first === undefined) return
  const named = unsettled.slice(0, MOST_NAMED).map(({ runId, callId }) => `${runId} ${callId}`)
  const names = `${named.join(', ')}${unsettled.length > MOST_NAMED ? ` and ${unsettled.length - MOST_NAMED} more` : ''}`
  throw new AppError(
    'NotPossible',
    `Nobody knows what became of ${names}, or it may still be under way: settle it first, or force the deletion`,
    { details: { runId: first.runId, unsettled: unsettled.slice(0, MOST_NAMED) } },
  )
}

const isActive = ({ ending, last }: SeenRun): boolean => ending === undefined && !deletionEventTypes.has(last.type)

const isRequested = ({ last }: SeenRun): boolean => last.type === 'DeletionRequested'

/** The run itself is the first of them. */
const requestedBefore = async ({ log }: Parts, [top]: readonly SeenRun[]): Promise<DeletionRequest | null> =>
  top !== undefined && deletionEventTypes.has(top.last.type) ? ((await deletionRequest(log, top.runId)) ?? null) : null

const deletionOf = (runId: string, runs: readonly SeenRun[]): Omit<Deletion, 'isDone' | 'before'> => ({
  runId,
  runs: runs.map((run) => run.runId),
  events: runs.reduce((sum, { events }) => sum + events, 0),
  blobs: new Set(runs.flatMap((run) => [...run.blobs])).size,
  unsettled: runs.flatMap((run) => run.unsettled),
})

/** The run first. A child that is no longer there is no error. */
const seenTree = async (parts: Parts, runId: string): Promise<SeenRun[]> => {
  const top = await seen(parts, runId)
  if (top === undefined) throw notFound(runId)
  const runs = [top]
  const known = new Set([runId])
  for (const { children } of runs) {
    for (const childId of children.filter((id) => !known.has(id))) {
      known.add(childId)
      const child = await seen(parts, childId)
      if (child !== undefined && isChildOf(child.first, known)) runs.push(child)
    }
  }
  return runs
}

/** A run that was only named by another, and began otherwise, is nobody's child. */
const isChildOf = (first: StoredEvent, parents: ReadonlySet<string>): boolean => {
  if (first.type !== 'RunStarted') return deletionEventTypes.has(first.type)
  const { parent } = JSON.parse(first.data) as DataOf<'RunStarted'>
  return parent !== undefined && parents.has(parent.runId)
}

const seen = async ({ log, clock }: Parts, runId: string): Promise<SeenRun | undefined> => {
  const blobs = new Set<string>()
  const children: string[] = []
  let events = 0
  let first: StoredEvent | undefined
  let last: StoredEvent | undefined
  let ending: string | undefined
  let calls = noCallsSeen
  try {
    for await (const stored of log.readStream(streamOf(runId))) {
      first ??= stored
      last = stored
      calls = callsAfter(calls, stored)
      if (deletionEventTypes.has(stored.type)) continue
      events += 1
      ending = endingAfter(ending, stored.type)
      for (const hash of blobsOf(stored)) blobs.add(hash)
      if (stored.type === 'ChildRunRequested') children.push((JSON.parse(stored.data) as DataOf<'ChildRunRequested'>).childRunId)
    }
  } catch (error) {
    if (isAppError(error, 'StreamNotFound') || isAppError(error, 'StreamDeleted')) return undefined
    throw error
  }
  if (first === undefined || last === undefined) return undefined
  return { runId, events, blobs, children, first, last, ending, unsettled: unsettledIn(calls, clock.now()) }
}

const endingAfter = (before: string | undefined, type: string): string | undefined => {
  if (behindTheEnd.has(type)) return before
  return finalEventTypes.has(type) ? type : undefined
}

/** An event that cannot be read names nothing that could be found. */
const blobsOf = (stored: StoredEvent): readonly string[] => {
  try {
    return blobsIn(stored)
  } catch {
    return []
  }
}

/** Those that no other run of the log names. */
const unnamed = async ({ log }: Parts, wanted: ReadonlySet<string>, without: ReadonlySet<string>): Promise<ReadonlySet<string>> => {
  const left = new Set(wanted)
  if (left.size === 0) return left
  for await (const stored of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) {
    const fixed = fixedPartOf(stored)
    if (fixed !== undefined) left.delete(fixed)
    if (without.has(runIdOf(stored.stream))) continue
    for (const hash of blobsOf(stored)) left.delete(hash)
    if (left.size === 0) break
  }
  return left
}

/** What an agent says with each of its prompts: somebody may have sent the very same text as a file. */
const fixedPartOf = ({ type, data }: StoredEvent): string | undefined => {
  try {
    return type === 'ModelCallRequested' ? (JSON.parse(data) as DataOf<'ModelCallRequested'>).promptHash : undefined
  } catch {
    return undefined
  }
}

const STATUS: Partial<Record<RunEventType, DataOf<'DeletionRequested'>['status']>> = {
  RunCompleted: 'completed',
  RunFailed: 'failed',
  RunCancelled: 'cancelled',
}

/** With the expected revision, so that a run that goes on meanwhile is not deleted. */
const request = async (parts: Parts, { runId, first, last, ending }: SeenRun, { by, reason }: DeleteOptions): Promise<void> => {
  const start = decodeEvent(first, new Map())
  if (start.type !== 'RunStarted') throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${runId}, found ${start.type}`)
  const { meta } = decodeEvent(last, new Map())
  const { agent, agentVersion, tenant } = start.data
  const status = STATUS[ending as RunEventType] ?? 'failed'
  const data = { by, agent, agentVersion, startedAt: start.meta.at, status, headHash: meta.hash, ...present({ reason, tenant }) }
  await append(parts, last, { type: 'DeletionRequested', data }, by)
}

/** The last step: after it nothing has to be gone on with. */
const close = async (parts: Parts, { runId, events, blobs, last }: SeenRun): Promise<void> => {
  await parts.log.truncateStream(streamOf(runId), last.revision)
  await append(parts, last, { type: 'RunDeleted', data: { events, blobs: blobs.size } })
}

/** Whoever was faster has done the same. */
const append = async ({ log, clock, ids }: Parts, before: StoredEvent, fact: RunFact, actor?: string): Promise<void> => {
  const { meta: known } = decodeEvent(before, new Map())
  const { data } = encodeData(fact)
  const { agent, chartHash, correlationId } = known
  const meta = {
    version: currentVersion(fact.type),
    at: clock.now(),
    agent,
    chartHash,
    correlationId,
    ...present({ actor }),
    to: 'deleted',
  }
  const texts = { id: ids.uuid(), type: fact.type, data, meta: encodeMeta(known.hash, fact.type, data, meta).meta }
  try {
    await log.append(before.stream, before.revision, [texts])
  } catch (error) {
    if (!isAppError(error, 'EventLogConflict')) throw error
  }
}

// What nobody knows of the calls of a run, as its events say it without its chart: its code may be gone.

export interface UnsettledCall {
  readonly runId: string
  readonly callId: string
}

/** A fold of the events of one run. */
export interface CallsSeen {
  readonly row: RunRow | undefined
  /** Calls that change something and were under way when their run ended: until when they may be. */
  readonly leftUntil: ReadonlyMap<string, number>
}

const noCallsSeen: CallsSeen = { row: undefined, leftUntil: new Map() }

const callsAfter = ({ row: before, leftUntil }: CallsSeen, stored: StoredEvent): CallsSeen => {
  const row = applyToRunRow(before, stored)
  if (row.status === 'active') return { row, leftUntil: noCallsSeen.leftUntil }
  if (before?.status !== 'active') return { row, leftUntil: withoutSettled(leftUntil, stored) }
  return { row, leftUntil: new Map(underWay(before).map((callId) => [callId, before.owed[callId] ?? 0])) }
}

/** What became of it was said behind the end. */
const withoutSettled = (left: CallsSeen['leftUntil'], { type, data }: StoredEvent): CallsSeen['leftUntil'] =>
  type === 'ToolCallCorrected' ? withoutKey(left, (JSON.parse(data) as DataOf<'ToolCallCorrected'>).callId) : left

const underWay = ({ open }: RunRow): string[] =>
  Object.values(open?.toolCalls ?? {}).flatMap(({ callId, state, effect }) => (state === 'running' && effect !== 'read' ? [callId] : []))

/** Calls that change something and of which nobody knows what became of them, or that may still be under way. */
const unsettledIn = ({ row, leftUntil }: CallsSeen, storeAt: number): readonly UnsettledCall[] => {
  if (row === undefined) return []
  const mayBeUnderWay = [...leftUntil].flatMap(([callId, until]) => (until > storeAt ? [callId] : []))
  const callIds = new Set([...unresolvedCalls(row), ...underWay(row), ...mayBeUnderWay])
  return [...callIds].map((callId) => ({ runId: row.runId, callId }))
}
