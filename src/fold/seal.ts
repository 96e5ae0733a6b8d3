import { z } from 'zod'
import { AppError } from '../errors.ts'
import { keyOf } from '../events/call-id.ts'
import { encodeData, encodeMeta, type EncodedData } from '../events/codec.ts'
import type { EventMeta, RunEvent } from '../events/envelope.ts'
import { quickShape } from '../events/quick-shape.ts'
import { dataSchemas, type RunEventType, type RunFact } from '../events/run-events.ts'
import { currentVersion } from '../events/upcast.ts'
import { present } from '../present.ts'
import { step } from './fold.ts'
import { CANCELLED_PLACE } from './standing.ts'
import type { Program, RunState } from './run-state.ts'

/** Where a fact comes from: all that the core cannot know by itself. */
export interface Origin {
  readonly runId: string
  readonly id: string
  readonly at: number
  readonly agent: string
  readonly correlationId: string
  readonly causationId?: string
  readonly commandId?: string
  readonly commandHash?: string
  readonly actor?: string
  readonly traceparent?: string
}

export interface SealedEvent {
  readonly state: RunState
  readonly event: RunEvent
  readonly texts: { readonly id: string; readonly type: string; readonly data: string; readonly meta: string }
  /** Texts that have to be in the blob store first. */
  readonly blobs: readonly string[]
}

/** A fact becomes an event: the fold says where it leads, the chain of hashes closes over it. */
export const seal = (program: Program, before: RunState | undefined, fact: RunFact, origin: Origin): SealedEvent => {
  const encoded = encodeData(fact)
  const { value, data, blobs } = encoded
  checkShape(fact, origin)
  const revision = (before?.revision ?? -1) + 1
  const meta = metaOf(fact, program.chartHash, origin, encoded)
  const unplaced = {
    type: fact.type,
    data: value,
    id: origin.id,
    runId: origin.runId,
    revision,
    meta: { ...meta, to: '', hash: '' },
  } as RunEvent
  const led = step(program, before, unplaced)
  if (led.clashes.length > 0) throw clashing(unplaced, led.clashes)
  const placed = {
    ...meta,
    to: led.to,
    ...(led.intents.length === 0 ? {} : { intents: [...led.intents] }),
    ...(led.ignored ? { ignored: true as const } : {}),
  }
  const { meta: metaText, hash } = encodeMeta(before?.hash ?? '', fact.type, data, placed)
  return {
    state: { ...led.state, hash },
    event: { ...unplaced, meta: { ...placed, hash } },
    texts: { id: origin.id, type: fact.type, data, meta: metaText },
    blobs,
  }
}

const quickShapes = new Map<RunEventType, (data: unknown) => boolean>()

const isQuicklySeen = ({ type, data }: RunFact): boolean => {
  const known = quickShapes.get(type) ?? quickShape(dataSchemas[type])
  quickShapes.set(type, known)
  return known(data)
}

/** The last look before the log: what has no published shape could be read by nobody. */
const checkShape = (fact: RunFact, { runId }: Origin): void => {
  if (isQuicklySeen(fact)) return
  const { type, data } = fact
  const checked = dataSchemas[type].safeParse(data)
  if (checked.success) return
  throw new AppError(
    'UnexpectedEvent',
    `Expected ${type} of ${runId} in its published shape, found this: ${z.prettifyError(checked.error)}`,
    {
      details: { runId, type },
    },
  )
}

/** The end of a run whose charts nobody can ask, behind its newest event. A fold with its code finds it as it is. */
export const sealWithoutChart = (
  newest: Pick<EventMeta, 'hash' | 'chartHash'>,
  { by, reason }: { readonly by: string; readonly reason: string },
  origin: Origin,
): SealedEvent['texts'] => {
  const fact = { type: 'RunCancelled', data: { by, reason, withoutChart: true } } as const
  const encoded = encodeData(fact)
  const meta = { ...metaOf(fact, newest.chartHash, origin, encoded), to: CANCELLED_PLACE }
  return { id: origin.id, type: fact.type, data: encoded.data, meta: encodeMeta(newest.hash, fact.type, encoded.data, meta).meta }
}

const metaOf = (fact: RunFact, chartHash: string, origin: Origin, { blobFields, media }: EncodedData): Omit<EventMeta, 'hash' | 'to'> => ({
  version: currentVersion(fact.type),
  at: origin.at,
  agent: origin.agent,
  chartHash,
  correlationId: origin.correlationId,
  ...present({
    causationId: origin.causationId,
    commandId: origin.commandId,
    commandHash: origin.commandHash,
    actor: origin.actor,
    traceparent: origin.traceparent,
    blobs: blobFields.length === 0 ? undefined : [...blobFields],
    media: media.length === 0 ? undefined : [...media],
  }),
})

/** Merged into one, a call would be lost without a word. */
const clashing = ({ runId, type, revision, meta }: RunEvent, callIds: readonly string[]): AppError =>
  new AppError(
    'ChartInvalid',
    `Expected a key of its own for each call, found two calls with one key at ${type}, revision ${revision} of ${runId} ` +
      `(${meta.agent}): ${[...new Set(callIds)].map((callId) => JSON.stringify(keyOf(callId))).join(', ')}`,
    { details: { runId, revision, callIds } },
  )
