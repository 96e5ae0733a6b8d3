import type { RunEvent } from '../events/envelope.ts'
import type { Usage } from '../events/message.ts'
import { TAKEN_OVER } from '../events/taken-over.ts'
import { storableBeginning, REASON_LENGTH, storable } from './bounded-text.ts'
import { utcDay } from './utc-day.ts'

/** One attempt of a model call. */
export interface ModelCallRecord {
  readonly runId: string
  readonly callId: string
  readonly attempt: number
  readonly revision: number
  /** As it was asked for, `provider/model`; '' where a result came without its request. */
  readonly model: string
  /** As the provider named it. */
  readonly answeredBy: string | null
  readonly purpose: string
  /** Of the request, in UTC. */
  readonly day: string
  readonly requestedAt: number
  readonly settledAt: number | null
  readonly durationMs: number | null
  /** `abandoned`: another attempt, or the end of the run, has taken its place. */
  readonly outcome: 'open' | 'succeeded' | 'failed' | 'abandoned'
  readonly failureClass: string | null
  readonly failureMessage: string | null
  readonly next: string | null
  readonly inputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
  /** null where no price is known. */
  readonly costMicroUsd: number | null
  /** In a fork: `copied` or `recorded` by its origin, which has paid for it, or `live`; null in every other run. */
  readonly source: string | null
}

type Requested = Extract<RunEvent, { type: 'ModelCallRequested' }>
type Settled = Extract<RunEvent, { type: 'ModelCallSucceeded' | 'ModelCallFailed' }>
type OpenCalls = Readonly<{ [callId: string]: ModelCallRecord }>

interface AroundModelCall {
  readonly isEnding: boolean
  /** It is an event of the run that this one is a fork of. */
  readonly isCopy: boolean
}

const NOTHING_PAID = { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0, costMicroUsd: 0 }

/** What somebody else has paid for costs nothing a second time. */
const paidFor = (record: ModelCallRecord, { data }: RunEvent, isCopy: boolean): ModelCallRecord => {
  const source = isCopy ? 'copied' : 'source' in data ? (data.source ?? null) : null
  if (source === null) return record
  return { ...record, source, ...(source !== 'live' && record.settledAt !== null && NOTHING_PAID) }
}

/** The records that an event changes; `open` are those without an outcome. */
export const modelCallChanges = (open: OpenCalls, event: RunEvent, { isEnding, isCopy }: AroundModelCall): readonly ModelCallRecord[] => {
  const changed = ownChanges(open, event).map((record) => paidFor(record, event, isCopy))
  if (!isEnding) return changed
  const settled = new Set(changed.map(({ callId }) => callId))
  return [...changed, ...Object.values(open).flatMap((record) => (settled.has(record.callId) ? [] : [abandoned(record, event)]))]
}

const ownChanges = (open: OpenCalls, event: RunEvent): readonly ModelCallRecord[] => {
  if (event.type === 'ModelCallRequested') {
    const before = open[event.data.callId]
    const taken = before === undefined || before.attempt === event.data.attempt ? [] : [abandoned(before, event)]
    return [...taken, requested(event)]
  }
  if (event.type !== 'ModelCallSucceeded' && event.type !== 'ModelCallFailed') return []
  const before = open[event.data.callId]
  // No model was called.
  if (before === undefined && event.type === 'ModelCallFailed' && event.data.class === TAKEN_OVER) return []
  // The answer settles its call, whichever attempt it is of.
  const others = before === undefined || before.attempt === event.data.attempt ? [] : [abandoned(before, event)]
  return [...others, settled(before, event)]
}

const requested = ({ runId, revision, data, meta }: Requested): ModelCallRecord => ({
  runId,
  callId: data.callId,
  attempt: data.attempt,
  revision,
  model: storable(data.model),
  answeredBy: null,
  purpose: data.purpose,
  day: utcDay(meta.at),
  requestedAt: meta.at,
  settledAt: null,
  durationMs: null,
  outcome: 'open',
  failureClass: null,
  failureMessage: null,
  next: null,
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  costMicroUsd: null,
  source: null,
})

/** What a call has cost counts, also where its request is not known. */
const settled = (before: ModelCallRecord | undefined, event: Settled): ModelCallRecord => {
  const { data, meta } = event
  const asked = before?.attempt === data.attempt ? before : withoutRequest(event)
  return {
    ...asked,
    revision: event.revision,
    settledAt: meta.at,
    durationMs: data.durationMs,
    ...(event.type === 'ModelCallSucceeded'
      ? { outcome: 'succeeded', answeredBy: storable(event.data.model) }
      : {
          outcome: 'failed',
          failureClass: event.data.class,
          failureMessage: storableBeginning(event.data.message, REASON_LENGTH),
          next: event.data.next,
        }),
    ...tokens(data.usage),
    costMicroUsd: data.costMicroUsd ?? null,
  }
}

const tokens = (usage: Usage | undefined): Partial<ModelCallRecord> => {
  if (usage === undefined) return {}
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, reasoningTokens } = usage
  return { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, reasoningTokens }
}

const withoutRequest = (event: Settled): ModelCallRecord => ({
  ...requested({
    ...event,
    type: 'ModelCallRequested',
    data: { ...event.data, model: '', purpose: 'answer', promptHash: '', fingerprint: '', owner: '', leaseUntil: 0 },
  }),
})

const abandoned = (record: ModelCallRecord, { revision, meta }: RunEvent): ModelCallRecord => ({
  ...record,
  revision,
  settledAt: meta.at,
  outcome: 'abandoned',
})
