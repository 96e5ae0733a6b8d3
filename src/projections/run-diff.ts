import type { RunEvent } from '../events/envelope.ts'
import type { ResultSource } from '../events/fork.ts'
import type { DataOf } from '../events/run-events.ts'
import type { Message } from '../events/message.ts'
import { canonicalJson, type Json } from '../json.ts'
import { present } from '../present.ts'
import { aligned } from './alignment.ts'
import { eventLine } from './event-summary.ts'
import { recordedTranscript } from './recorded-transcript.ts'
import { messagesOf } from './transcript.ts'

// Where two runs part, and how they go on from there. Ids, times, owners and leases are every run's own and are left out.

/** One event of one of the two. */
export interface DiffEvent {
  readonly revision: number
  readonly type: string
  /** ms since the epoch. */
  readonly at: number
  /** Where it led. */
  readonly place: string
  /** The tool, the model or the agent that it is about. */
  readonly what: string | null
  readonly summary: string
  readonly source: ResultSource | null
  readonly durationMs: number | null
  readonly costMicroUsd: number | null
  /** Input and output. */
  readonly tokens: number | null
}

export interface DiffPair {
  /** `equal`, of one kind and `different`, or only in one of them. */
  readonly kind: 'equal' | 'different' | 'onlyA' | 'onlyB'
  readonly a: DiffEvent | null
  readonly b: DiffEvent | null
}

export interface DiffTotals {
  readonly events: number
  readonly modelCalls: number
  readonly toolCalls: number
  readonly tokens: number
  readonly costMicroUsd: number
  /** Of all results together. */
  readonly durationMs: number
}

/** What a model was asked. */
export interface DiffPrompt {
  readonly revision: number
  readonly model: string
  /** Of its fixed part, which the blob store keeps under it: instructions, tools, output schema. */
  readonly promptHash: string
  readonly settings: Json | null
  readonly messages: readonly Message[]
}

export interface RunDiff {
  /** Events that both have in common at their beginning. */
  readonly common: number
  /** The revision of the first that differs; null where one has none. */
  readonly partsAt: { readonly a: number | null; readonly b: number | null }
  readonly pairs: readonly DiffPair[]
  readonly totals: { readonly a: DiffTotals; readonly b: DiffTotals }
  /** Of the first model call that both make with different prompts; null where there is none. */
  readonly prompts: { readonly a: DiffPrompt; readonly b: DiffPrompt } | null
  /** So long that what lies behind 2,000 events of each is not aligned. */
  readonly isCut: boolean
}

/** Of each, behind what they have in common. */
const MOST_ALIGNED = 2_000

interface Compared {
  readonly event: RunEvent
  readonly shown: DiffEvent
  /** Equal where both say the same. */
  readonly text: string
  /** Equal where they are of one kind. */
  readonly kind: string
}

/** Of the events of two runs, each from the first on, with their payloads. */
export const diffRuns = (a: readonly RunEvent[], b: readonly RunEvent[]): RunDiff => {
  const [left, right] = [compared(a), compared(b)]
  let common = 0
  while (common < left.length && common < right.length && left[common]?.text === right[common]?.text) common += 1
  const [restA, restB] = [left.slice(common), right.slice(common)]
  const pairs = pairsOf(restA.slice(0, MOST_ALIGNED), restB.slice(0, MOST_ALIGNED))
  return {
    common,
    partsAt: { a: restA[0]?.event.revision ?? null, b: restB[0]?.event.revision ?? null },
    pairs: pairs.map(shownPair),
    totals: { a: totalsOf(left), b: totalsOf(right) },
    prompts: promptsOf(pairs, a, b),
    isCut: restA.length > MOST_ALIGNED || restB.length > MOST_ALIGNED,
  }
}

type Pair = readonly [a: Compared | undefined, b: Compared | undefined]

const pairsOf = (a: readonly Compared[], b: readonly Compared[]): readonly Pair[] => aligned(a, b, ({ kind }) => kind)

const shownPair = ([a, b]: Pair): DiffPair => {
  const shown = { a: a?.shown ?? null, b: b?.shown ?? null }
  if (a === undefined || b === undefined) return { kind: b === undefined ? 'onlyA' : 'onlyB', ...shown }
  return { kind: a.text === b.text ? 'equal' : 'different', ...shown }
}

/** Fields that every run has for itself, or that say where a result is from. */
const OWN = new Set(
  (
    'callId childRunId timerId runId parent forkOf owner leaseUntil lostOwners idempotencyKey attempt digest inputDigest expiresAt dueAt retryAt failingSince ' +
    'durationMs requestId responseId usage costMicroUsd source settledBy by behind repeats waitsIn spent fingerprint'
  ).split(' '),
)

/** Of no use for a comparison: when a timer is due, and that a fork begins. */
const LEFT_OUT: ReadonlySet<string> = new Set(['TimerScheduled', 'RunForked', 'ChildRunReported'])

const compared = (events: readonly RunEvent[]): readonly Compared[] => {
  const subjects = new Map<string, string>()
  const asked = new Set<string>()
  return events.flatMap((event) => {
    const what = subjectOf(event, subjects)
    const said = canonicalJson([event.type, comparedContent(event)] as unknown)
    const text = `${said} ${placeOf(event)}`
    // Who takes a call over, and what a fork asks for again, says nothing new, though its chart does not move again.
    const repeated = event.type.endsWith('Requested') && 'callId' in event.data ? `${event.data.callId ?? ''} ${said}` : undefined
    if (LEFT_OUT.has(event.type) || (repeated !== undefined && asked.has(repeated))) return []
    if (repeated !== undefined) asked.add(repeated)
    return [{ event, shown: shownEvent(event, what), text, kind: kindOf(event, what) }]
  })
}

/** Calls of models stand beside each other whatever the model: that it is another one is what differs. */
const kindOf = (event: RunEvent, what: string | null): string =>
  `${event.type} ${event.type.startsWith('ModelCall') ? '' : (what ?? '')} ${placeOf(event)}`

/** What an event says, without what is every run's own. */
export const comparedContent = ({ data, type }: RunEvent): Readonly<Record<string, unknown>> => {
  const said: Readonly<Record<string, unknown>> = data
  const isPrompt = type === 'ModelCallRequested'
  return Object.fromEntries(Object.entries(said).filter(([field]) => !OWN.has(field) || (isPrompt && field === 'fingerprint')))
}

/** Without the ids of calls. */
const placeOf = ({ meta }: RunEvent): string =>
  meta.to
    .split('; ')
    .map((part, index) => (index === 0 ? part : part.slice(part.lastIndexOf('='))))
    .join('; ')

const subjectOf = (event: RunEvent, known: Map<string, string>): string | null => {
  const callId = 'callId' in event.data ? event.data.callId : undefined
  if (callId === undefined) return null
  const named = namedIn(event)
  if (named !== undefined) known.set(callId, named)
  return named ?? known.get(callId) ?? null
}

const namedIn = ({ type, data }: RunEvent): string | undefined => {
  switch (type) {
    case 'ModelCallRequested':
      return data.model
    case 'ToolCallRequested':
      return data.tool
    case 'ChildRunRequested':
      return data.agent
    case 'ApprovalRequested':
      return data.subject.tool ?? 'a question'
    default:
      return undefined
  }
}

const shownEvent = (event: RunEvent, what: string | null): DiffEvent => {
  const { source, durationMs, costMicroUsd } = event.data as Partial<
    Pick<DataOf<'ModelCallSucceeded'>, 'source' | 'durationMs' | 'costMicroUsd'>
  >
  const usage = 'usage' in event.data ? event.data.usage : undefined
  return {
    revision: event.revision,
    type: event.type,
    at: event.meta.at,
    place: event.meta.to,
    what,
    summary: eventLine(event),
    source: source ?? null,
    durationMs: durationMs ?? null,
    costMicroUsd: costMicroUsd ?? null,
    tokens: usage === undefined ? null : usage.inputTokens + usage.outputTokens,
  }
}

const totalsOf = (events: readonly Compared[]): DiffTotals => {
  const sum = (field: 'tokens' | 'costMicroUsd' | 'durationMs'): number =>
    events.reduce((total, { shown }) => total + (shown[field] ?? 0), 0)
  const countOf = (type: RunEvent['type']): number => events.filter(({ event }) => event.type === type).length
  return {
    events: events.length,
    modelCalls: countOf('ModelCallRequested'),
    toolCalls: countOf('ToolCallRequested'),
    tokens: sum('tokens'),
    costMicroUsd: sum('costMicroUsd'),
    durationMs: sum('durationMs'),
  }
}

const promptsOf = (pairs: readonly Pair[], a: readonly RunEvent[], b: readonly RunEvent[]): RunDiff['prompts'] => {
  for (const [left, right] of pairs) {
    const [one, other] = [left && promptAt(a, left.event), right && promptAt(b, right.event)]
    if (one !== undefined && other !== undefined && left?.text !== right?.text) return { a: one, b: other }
  }
  return null
}

const promptAt = (events: readonly RunEvent[], event: RunEvent): DiffPrompt | undefined => {
  if (event.type !== 'ModelCallRequested') return undefined
  const { model, promptHash, settings } = event.data
  const messages = messagesOf(recordedTranscript(events.slice(0, event.revision)))
  return { revision: event.revision, model, promptHash, settings: (settings && present(settings)) ?? null, messages }
}
