import { AppError } from '../../errors.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { present } from '../../present.ts'
import { nothingSaid, turnContent, type SaidInTurn } from './said-in-turn.ts'
import {
  addAttribute,
  attributesOf,
  boundedText,
  type AttributeValue,
  type Span,
  type SpanContext,
  type SpanEvent,
  type SpanLink,
} from './span.ts'
import { spanIdAt, traceIdAt, type SpanPlace } from './span-ids.ts'

/** What a span begins with. */
export interface Beginning {
  readonly name: string
  readonly kind?: Span['kind']
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, string>>
  /** Of the event by default. */
  readonly startMs?: number
}

/** What it ends with. */
export interface Ending {
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, string>>
  readonly error?: string
  /** Of a span that was not open: it begins and ends at once. Without it nothing ends then. */
  readonly otherwise?: Beginning
}

/** Something that happens within a span. */
export interface Happening {
  readonly name: string
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** A span that has not ended yet. */
interface OpenSpan extends SpanContext {
  readonly revision: number
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: Span['kind']
  readonly attributes: Record<string, AttributeValue>
  readonly content: Record<string, string>
  readonly events: SpanEvent[]
  readonly links: readonly SpanLink[]
  startMs: number
  droppedEvents: number
}

/** The span of a turn, around all others of it. */
export interface OpenTurn {
  readonly root: OpenSpan
  /** Whether anything but its begin is known of it. */
  isAtWork: boolean
  modelCalls: number
  toolCalls: number
}

/** What is open of one run, while its events are folded. */
export interface OpenTrace {
  /** Whose spans they are: of a copied event the run that it was copied from. */
  runId: string
  /** The restore after which the run goes on; '' where there was none. */
  restoreId: string
  agent: string
  agentVersion: string
  tenant: string | undefined
  /** The call that asked for the run, in the trace of another one. */
  parent: SpanContext | undefined
  /** Up to this revision the events are copies, whose spans the origin has. */
  copiedTo: number
  /** The next turn follows from these. */
  readonly nextLinks: SpanLink[]
  turn: OpenTurn | undefined
  /** The root of the newest turn that has ended. */
  lastTurn: SpanContext | undefined
  turns: number
  /** By kind and call id. */
  readonly spans: Map<string, OpenSpan>
  /** Tool calls that a model has asked for in this turn: how it calls tool and call, by call id. */
  readonly askedCalls: Map<string, { readonly tool: string; readonly id: string }>
  readonly said: SaidInTurn
  /** Ended with the event that is taken in. */
  readonly ended: Span[]
}

export const newTrace = (runId: string, parent: SpanContext | undefined, contentLength: number): OpenTrace => ({
  runId,
  restoreId: '',
  agent: '',
  agentVersion: '',
  tenant: undefined,
  parent,
  copiedTo: -1,
  nextLinks: [],
  turn: undefined,
  lastTurn: undefined,
  turns: 0,
  spans: new Map(),
  askedCalls: new Map(),
  said: nothingSaid(contentLength),
  ended: [],
})

const MOST_EVENTS = 64

/** Begins a span of the turn, and the turn where none is open. Nothing where that span is open. */
export const begin = (trace: OpenTrace, key: string, event: RunEvent, beginning: Beginning): void => {
  if (trace.spans.has(key)) return
  const turn = turnAt(trace, event)
  turn.isAtWork = true
  const { traceId, spanId } = turn.root
  trace.spans.set(key, newSpan(trace, event, key, { ...beginning, traceId, parentSpanId: spanId }))
}

/** Ends a span. */
export const end = (trace: OpenTrace, key: string, event: RunEvent, ending: Ending): void => {
  if (ending.otherwise !== undefined) begin(trace, key, event, ending.otherwise)
  const span = trace.spans.get(key)
  if (span === undefined) return
  trace.spans.delete(key)
  close(trace, span, event, ending)
}

/** Something that happened within a span that is open, or within the turn. */
export const note = (trace: OpenTrace, key: string, event: RunEvent, { name, attributes = {} }: Happening): void => {
  const span = trace.spans.get(key) ?? trace.turn?.root
  if (span === undefined) return
  if (span.events.length >= MOST_EVENTS) span.droppedEvents += 1
  else span.events.push({ name, atMs: event.meta.at, attributes: attributesOf(attributes) })
}

/** Something of no length that is said of the newest turn once that has ended. */
export const noteAfterwards = (trace: OpenTrace, event: RunEvent, said: Omit<Ending, 'otherwise'> & { readonly name: string }): void => {
  if (trace.lastTurn === undefined) return
  const { traceId, spanId } = trace.lastTurn
  const span = newSpan(trace, event, said.name, { name: said.name, traceId, parentSpanId: spanId })
  close(trace, span, event, said)
}

/** The turn that is open, or one that begins with this event. */
export const turnAt = (trace: OpenTrace, event: RunEvent): OpenTurn => {
  if (trace.turn !== undefined) return trace.turn
  const traceId = trace.parent?.traceId ?? traceIdAt(placeIn(trace, event))
  const root = newSpan(trace, event, 'turn', {
    name: `invoke_agent ${trace.agent}`,
    traceId,
    parentSpanId: trace.parent?.spanId,
    links: trace.nextLinks.splice(0),
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': trace.agent,
      'refold.agent.version': trace.agentVersion,
      'refold.tenant': trace.tenant,
    },
  })
  trace.turns += 1
  trace.turn = { root, isAtWork: false, modelCalls: 0, toolCalls: 0 }
  return trace.turn
}

/** Whatever is open ends with the turn. */
export const endTurn = (trace: OpenTrace, event: RunEvent, { attributes, error, content }: Ending): void => {
  const { turn } = trace
  if (turn === undefined) return
  for (const key of trace.spans.keys()) end(trace, key, event, { attributes: { 'refold.outcome': 'abandoned' } })
  const counts = { 'refold.turn': trace.turns, 'refold.turn.model_calls': turn.modelCalls, 'refold.turn.tool_calls': turn.toolCalls }
  close(trace, turn.root, event, {
    attributes: { ...counts, ...attributes },
    content: { ...turnContent(trace.said), ...content },
    ...present({ error }),
  })
  trace.turn = undefined
  trace.askedCalls.clear()
  const { traceId, spanId } = turn.root
  trace.lastTurn = { traceId, spanId }
  trace.nextLinks.push({ context: trace.lastTurn, attributes: { 'refold.link': 'previous turn' } })
}

/** Nothing of it is ever said. */
export const forget = (trace: OpenTrace): void => {
  trace.turn = undefined
  trace.spans.clear()
  trace.askedCalls.clear()
  trace.nextLinks.length = 0
}

interface SpanBeginning extends Beginning {
  readonly traceId: string
  readonly parentSpanId: string | undefined
  readonly links?: readonly SpanLink[]
}

const newSpan = (trace: OpenTrace, event: RunEvent, key: string, beginning: SpanBeginning): OpenSpan => {
  const { revision } = event
  const { attributes: given = {} } = beginning
  const attributes: Record<string, AttributeValue> = {}
  for (const name of Object.keys(given)) addAttribute(attributes, name, given[name])
  addAttribute(attributes, 'gen_ai.conversation.id', trace.runId)
  addAttribute(attributes, 'refold.revision', revision)
  return {
    traceId: beginning.traceId,
    spanId: spanIdAt(placeIn(trace, event), key),
    parentSpanId: beginning.parentSpanId,
    revision,
    name: boundedText(beginning.name),
    kind: beginning.kind ?? 'internal',
    attributes,
    content: { ...beginning.content },
    events: [],
    droppedEvents: 0,
    links: beginning.links ?? [],
    startMs: beginning.startMs ?? timeOf(event),
  }
}

const placeIn = ({ runId, restoreId }: OpenTrace, { revision }: RunEvent): SpanPlace => ({ runId, restoreId, revision })

/** Nobody has the span any more that was open. */
const close = (trace: OpenTrace, span: OpenSpan, event: RunEvent, { attributes = {}, content, error }: Ending): void => {
  if (event.revision <= trace.copiedTo) return
  const { traceId, spanId, parentSpanId, revision, name, kind, startMs, events, links, droppedEvents } = span
  for (const each of Object.keys(attributes)) addAttribute(span.attributes, each, attributes[each])
  addAttribute(span.attributes, 'error.type', error)
  trace.ended.push({
    ...{ traceId, spanId, parentSpanId, runId: trace.runId, revision, name, kind, startMs },
    endMs: Math.max(startMs, timeOf(event)),
    attributes: span.attributes,
    content: content === undefined ? span.content : { ...span.content, ...content },
    ...{ events, links, droppedEvents },
    error: error === undefined ? undefined : boundedText(error),
  })
}

const timeOf = ({ runId, revision, meta: { at } }: RunEvent): number => {
  if (Number.isSafeInteger(at) && at >= 0) return at
  throw new AppError('EventLogCorrupt', `Expected a time in ms at revision ${revision} of ${runId}, found ${String(at)}`)
}
