import { AppError, isAppError } from '../../errors.ts'
import { textContent } from '../../events/content.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { settlesCall, type CodeOfRun, type DataOf, type RunFact } from '../../events/run-events.ts'
import { streamOf } from '../../events/codec.ts'
import { accepts } from '../../fold/accepts.ts'
import { changedStart } from '../../fold/forked.ts'
import type { RunState } from '../../fold/run-state.ts'
import { endedText } from '../../events/ended-text.ts'
import { canonicalJson, type Json } from '../../json.ts'
import { present } from '../../present.ts'
import { appendBatch } from '../actors/batch.ts'
import type { Job } from '../actors/jobs.ts'
import type { ActorParts } from '../actors/run-actor.ts'
import type { Agent } from '../agent.ts'
import { approvalDigest } from '../../fold/approval-digest.ts'
import { checkOrigin, type CommandOrigin } from '../checked-input.ts'
import { examineMove, notMovable, versionOf } from '../commands/move-check.ts'
import { initialDataOf } from '../commands/start-run.ts'
import { foldRun } from '../reading/fold-run.ts'
import { notFound, readRun } from '../reading/run-reader.ts'
import { beyond } from '../reading/state-at.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { sealOf } from '../seal-options.ts'
import { beginAnew } from './begun-copies.ts'
import { checkOutput, checkSeal } from './check-seal.ts'
import { createCopier, type CopiedRun, type Copy } from './copied-events.ts'
import { changesOf, checkedFork, type ForkOptions } from './fork-options.ts'
import { putAgain } from './put-again.ts'
import { forkedPromptText } from '../seal/forked-prompt.ts'
import { isCutShort } from '../seal/sealed.ts'

// A fork begins in two steps that may both be repeated: its origin's events are copied, then it is recorded what is otherwise from there on,
// with all that follows at once. Between the two it is inert.

export interface ForkerParts extends Pick<ActorParts, 'parts' | 'store' | 'signal'> {
  readonly submit: (runId: string, job: Job) => Promise<RunState>
}

/**
 * Rejects with `InvalidInput`, `NotPossible`, `RunNotFound`, `UnknownAgent`, `ChartChanged`, and with `IdempotencyKeyReused` where the id is that of
 * another run.
 */
export const forkRun = async (forker: ForkerParts, originId: string, given: ForkOptions, origin: CommandOrigin = {}): Promise<RunState> => {
  const options = checkedFork(given)
  checkOrigin(origin)
  const { parts, submit } = forker
  const runId = options.runId ?? parts.ids.uuid()
  const from = await placeOf(parts, originId, options)
  const forkOf = { runId: originId, revision: from.revision }
  const point = options.anew === true ? await pointAnew(parts, { runId, forkOf }, options) : await pointAt(parts, forkOf, options)
  checkPossible(parts, point, options)
  const copies = point.copies ?? (await copiesOf(parts, { runId, forkOf, ...present({ code: point.code }) }))
  await append(forker, { agent: point.agent, runId, originId, copies })
  const { instructions } = options
  if (instructions !== undefined) await parts.blobs.put(forkedPromptText(point.agent, instructions))
  const state = await submit(
    runId,
    forkJob(runId, { from: { ...forkOf, recordedTo: options.recorded === false ? from.revision : from.newest }, options, origin }),
  )
  if (state.fork?.own === undefined) throw taken(runId)
  return state
}

interface Place {
  /** Of the last event that is copied. */
  readonly revision: number
  readonly newest: number
}

/** Where something else is said than at this revision, or another result comes, what stood there is not copied. */
const placeOf = async (parts: RuntimeParts, runId: string, { at, message, results = {} }: ForkOptions): Promise<Place> => {
  let newest = -1
  let event: RecordedRunEvent | undefined
  for await (const read of readRun(parts, runId)) {
    newest = read.event.revision
    if (newest === at) event = read.event
  }
  if (newest < 0) throw notFound(runId)
  if (event === undefined) throw beyond(runId, at, newest)
  const isSaid = message !== undefined && event.type === 'MessageReceived'
  const isResult = 'callId' in event.data && settlesCall(event) && Object.hasOwn(results, event.data.callId ?? '')
  return { revision: isSaid || isResult ? at - 1 : at, newest }
}

interface Point {
  readonly agent: Agent
  readonly state: RunState
  /** Where the fork begins on other code than its origin. */
  readonly code?: CodeOfRun
  /** Where it begins anew. */
  readonly copies?: readonly Copy[]
}

const pointAnew = async (parts: RuntimeParts, run: Omit<CopiedRun, 'code'>, { agentVersion }: ForkOptions): Promise<Point> => {
  if (agentVersion === undefined) throw new AppError('InvalidInput', 'Expected an agentVersion beside anew, found none')
  const { runId } = run.forkOf
  for await (const { event } of readRun(parts, runId)) {
    const name = event.type === 'RunStarted' ? event.data.agent : ''
    const agent = versionOf(parts.agents, { name, version: agentVersion, runId })
    const { copies, state } = await beginAnew(parts, agent, run)
    // Of the run that it begins as; a fork is inert up to there.
    const { fork: _, ...begun } = state
    return { agent, copies, state: begun }
  }
  throw notFound(runId)
}

const pointAt = async (
  parts: RuntimeParts,
  { runId, revision }: NonNullable<DataOf<'RunStarted'>['forkOf']>,
  { agentVersion }: ForkOptions,
): Promise<Point> => {
  if (agentVersion !== undefined) {
    const examined = await examineMove(parts, { runId, to: agentVersion, upTo: revision })
    if (examined.state === undefined || !examined.ok) throw notMovable(examined, false)
    return { agent: examined.agent, state: examined.state, code: codeOf(examined.agent, examined.state) }
  }
  for await (const { agent, state } of foldRun(parts, runId)) {
    if (state.revision < revision) continue
    const isNamed = agent.version === state.started.agentVersion
    return { agent, state, ...(!isNamed && { code: codeOf(agent, state) }) }
  }
  throw notFound(runId)
}

const codeOf = (agent: Agent, { started }: RunState): CodeOfRun => {
  const { instructions } = initialDataOf(agent, { input: started.input, context: started.context })
  const { name, version, program, definition } = agent
  return { agent: name, agentVersion: version, chartHash: program.chartHash, definition, ...present({ instructions }) }
}

const notPossible = (runId: string, why: string): AppError =>
  new AppError('NotPossible', `${runId} cannot be forked there: ${why}`, { details: { runId, command: 'fork' } })

const checkPossible = (parts: RuntimeParts, { agent, state }: Point, options: ForkOptions): void => {
  const { runId, revision } = state
  checkGoesOn(state)
  checkSeal(parts, agent, {
    ...options,
    settings: changedStart(state.started, present({ model: options.model })).settings,
    limits: state.budget.limits,
  })
  for (const [callId, output] of Object.entries(options.results ?? {})) checkResult(agent, state, callId, output)
  if (options.message !== undefined && !accepts(state, messageOf(options.message), parts.clock.now()))
    throw notPossible(runId, `it takes no message at revision ${revision}`)
}

const checkGoesOn = (state: RunState): void => {
  const { runId, revision } = state
  if (state.status !== 'active') throw notPossible(runId, `at revision ${revision} it ${endedText(state.status)}; fork it before`)
  if (isCutShort(state)) throw notPossible(runId, 'it is itself a fork whose copies are not complete')
  if (state.broken !== undefined) throw notPossible(runId, 'code of its agent has failed by then')
}

const checkResult = (agent: Agent, { runId, revision, calls }: RunState, callId: string, output: Json): void => {
  const call = calls.get(callId)
  const open = [...calls.keys()].join(', ') || 'none'
  if (call === undefined) throw notPossible(runId, `no tool call ${callId} is open at revision ${revision}; open: ${open}`)
  checkOutput(agent, call.tool, output)
}

const copiesOf = async (parts: RuntimeParts, run: Parameters<typeof createCopier>[0]): Promise<readonly Copy[]> => {
  const copy = createCopier(run)
  const copies: Copy[] = []
  for await (const { event, texts } of readRun(parts, run.forkOf.runId)) {
    if (event.revision > run.forkOf.revision) break
    copies.push(copy(event, texts))
  }
  return copies
}

/** Well below what one append may hold. */
const CHUNK_BYTES = 512 * 1024
const CHUNK_EVENTS = 500
const MOST_CONFLICTS = 20

interface Appending {
  readonly agent: Agent
  readonly runId: string
  readonly originId: string
  readonly copies: readonly Copy[]
}

/** Those that are not there yet. */
const append = async (forker: ForkerParts, { agent, runId, originId, copies }: Appending): Promise<void> => {
  const { parts, signal } = forker
  for (let conflicts = 0; conflicts < MOST_CONFLICTS;) {
    const there = await storedOf(parts, runId, copies)
    const chunk = chunkOf(copies.slice(there))
    if (chunk.length === 0) return
    const before = there === 0 ? undefined : { revision: there - 1 }
    const store = async (texts: readonly string[]): Promise<void> => {
      await putAgain(forker, { agent, runId, chunk, originId })
      await forker.store(agent, texts)
    }
    const isStored = await appendBatch(parts, { runId, batch: { sealed: chunk }, before, store, signal, failed: () => undefined })
    if (!isStored) conflicts += 1
  }
  throw new AppError('EventLogConflict', `${runId} was changed by others ${MOST_CONFLICTS} times in a row`, { retryable: true })
}

const chunkOf = (copies: readonly Copy[]): readonly Copy[] => {
  const chunk: Copy[] = []
  let bytes = 0
  for (const copy of copies.slice(0, CHUNK_EVENTS)) {
    bytes += Buffer.byteLength(copy.texts.data) + Buffer.byteLength(copy.texts.meta)
    if (chunk.length > 0 && bytes > CHUNK_BYTES) break
    chunk.push(copy)
  }
  return chunk
}

/** How many of the copies are there. Throws where the run is another. */
const storedOf = async ({ log }: RuntimeParts, runId: string, copies: readonly Copy[]): Promise<number> => {
  let there = 0
  try {
    for await (const stored of log.readStream(streamOf(runId), { limit: copies.length })) {
      const { texts } = copies[there] ?? {}
      if (stored.revision !== there || texts?.id !== stored.id || texts.meta !== stored.meta) throw taken(runId)
      there += 1
    }
  } catch (error) {
    if (isAppError(error, 'StreamDeleted')) throw taken(runId)
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return there
}

const taken = (runId: string): AppError =>
  new AppError('IdempotencyKeyReused', `Expected a new run id, or that of the same fork, found ${runId}, which is another run`, {
    details: { runId },
  })

const messageOf = (text: string): RunFact => ({ type: 'MessageReceived', data: { parts: textContent(text) } })

interface Forking {
  readonly from: DataOf<'RunForked'>['from']
  readonly options: ForkOptions
  readonly origin: CommandOrigin
}

const forkJob = (runId: string, { from, options, origin }: Forking): Job => {
  const { by, note, message } = options
  const data = { by, from, seal: sealOf(options), changes: changesOf(options), ...present({ note }) }
  return {
    recorded: { runId: from.runId, behind: from.revision, to: from.recordedTo },
    decide: (state, { agent, at }) => {
      if (state === undefined) return { refuse: notFound(runId) }
      if (state.fork?.own !== undefined) return isSame(state, data) ? { facts: [] } : { refuse: taken(runId) }
      const forked: RunFact = { type: 'RunForked', data }
      if (!accepts(state, forked, at)) return { refuse: taken(runId) }
      const said = message === undefined ? [] : [messageOf(message)]
      return { facts: [forked, ...askedAnew(agent, state, at), ...said], origin: { ...origin, actor: origin.actor ?? by } }
    },
  }
}

const isSame = ({ fork }: RunState, { seal, changes }: Pick<DataOf<'RunForked'>, 'seal' | 'changes'>): boolean =>
  canonicalJson({ seal: fork?.own?.seal ?? null, changes: fork?.own?.changes ?? null }) === canonicalJson({ seal, changes })

/** Open questions, for as long as was left to answer them: a grant for the origin is none for the fork. */
const askedAnew = (agent: Agent, { approvals, at: last }: RunState, at: number): RunFact[] =>
  [...approvals.values()].map((asked) => ({
    type: 'ApprovalRequested',
    data: {
      ...asked,
      digest: approvalDigest(agent, asked.callId, asked.subject),
      expiresAt: Math.min(Number.MAX_SAFE_INTEGER, asked.expiresAt + Math.max(0, at - last)),
    },
  }))
