import { storableBeginning } from '../bounded-text.ts'

/** What tells a span from all others, as W3C Trace Context has it. */
export interface SpanContext {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string
  /** 16 of them. */
  readonly spanId: string
}

export type AttributeValue = string | number | boolean | readonly string[]
export type Attributes = Readonly<Record<string, AttributeValue>>

/** Something that happened while a span was open. */
export interface SpanEvent {
  readonly name: string
  /** ms since the epoch, as all times here. */
  readonly atMs: number
  readonly attributes: Attributes
}

export interface SpanLink {
  readonly context: SpanContext
  readonly attributes: Attributes
}

/** A part of what a run did, from its begin to its end, as OpenTelemetry has spans. All of it follows from the events of the run. */
export interface Span extends SpanContext {
  readonly runId: string
  /** Of the event with which it began. */
  readonly revision: number
  /** Undefined of a span that no other one is around. */
  readonly parentSpanId: string | undefined
  readonly name: string
  /** `client`: somebody else did the work. */
  readonly kind: 'internal' | 'client'
  readonly startMs: number
  /** Never before `startMs`, whatever the clocks of several processes say. */
  readonly endMs: number
  readonly attributes: Attributes
  /** Attributes that say what people, models and tools said. Empty where that is not wanted. */
  readonly content: Readonly<Record<string, string>>
  readonly events: readonly SpanEvent[]
  /** So many events more were not kept. */
  readonly droppedEvents: number
  readonly links: readonly SpanLink[]
  /** What went wrong, as a word: undefined where nothing did. */
  readonly error: string | undefined
}

/** UTF-16 units of a name or an attribute. */
const LONGEST_TEXT = 256
const MOST_TEXTS = 16

/** What is there of these, bounded. A value that is no attribute is left out: a log may hold what no Refold has written. */
export const attributesOf = (given: Readonly<Record<string, unknown>>): Attributes => {
  const kept: Record<string, AttributeValue> = {}
  for (const name of Object.keys(given)) addAttribute(kept, name, given[name])
  return kept
}

/** The same, added to others. */
export const addAttribute = (kept: Record<string, AttributeValue>, name: string, value: unknown): void => {
  if (typeof value === 'string') kept[name] = boundedText(value)
  else if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) kept[name] = value
  else if (Array.isArray(value))
    kept[name] = value
      .slice(0, MOST_TEXTS)
      .filter((each) => typeof each === 'string')
      .map(boundedText)
}

export const boundedText = (text: string): string =>
  text.length <= LONGEST_TEXT && text.isWellFormed() && !text.includes('\0') ? text : storableBeginning(text, LONGEST_TEXT)
