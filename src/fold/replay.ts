import { isAppError, messageOf } from '../errors.ts'
import { hashHolds } from '../events/codec.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { DataOf } from '../events/run-events.ts'
import { step, type Step } from './fold.ts'
import { canonicalJson, type Json } from '../json.ts'
import { asideOf, fingerprint } from './prompt.ts'
import type { OpenCall, Owed, Program, RunState } from './run-state.ts'

export interface Recorded {
  readonly event: RunEvent
  /** As stored: what the chain of hashes covers. */
  readonly texts: { readonly type: string; readonly data: string; readonly meta: string }
}

/** The first place where a refold and the record disagree. */
export interface Difference {
  readonly runId: string
  readonly revision: number
  readonly type: string
  readonly what: 'state' | 'intents' | 'ignored' | 'asked' | 'hash' | 'fingerprint' | 'event'
  readonly recorded: string
  readonly refolded: string
}

export type Refold =
  | { readonly ok: true; readonly state: RunState }
  /** `state`: where this code goes on from, if it took the event at all. */
  | { readonly ok: false; readonly difference: Difference; readonly state?: RunState }

export type Disagreement = Pick<Difference, 'what' | 'recorded' | 'refolded'>

/** One step of a replay, with everything the record says about it checked. */
export const refoldStep = (program: Program, before: RunState | undefined, { event, texts }: Recorded): Refold => {
  const differs = (disagreement: Disagreement, state?: RunState): Refold => ({
    ok: false,
    ...(state === undefined ? {} : { state }),
    difference: { runId: event.runId, revision: event.revision, type: event.type, ...disagreement },
  })
  const asked = hashDisagreement(before, event, texts) ?? promptDisagreement(before, event)
  if (asked !== undefined) return differs(asked)
  try {
    const { led, disagreement } = retrace(program, before, event)
    return disagreement === undefined ? { ok: true, state: led.state } : differs(disagreement, led.state)
  } catch (error) {
    if (isAppError(error, 'UnexpectedEvent')) return differs({ what: 'event', recorded: event.type, refolded: error.message })
    throw error
  }
}

export interface Retraced {
  readonly led: Step
  /** Undefined where the record says the same. */
  readonly disagreement: Disagreement | undefined
}

/**
 * A recorded step, taken again by the charts of this code, and compared with where the record says it led. Cheap enough for every load:
 * who acts on a run has to stand where the record does. Throws `UnexpectedEvent` as {@link step} does.
 */
export const retrace = (program: Program, before: RunState | undefined, event: RunEvent): Retraced => {
  const led = step(program, before, event)
  return { led, disagreement: askedDisagreement(before, event) ?? placeDisagreement(event, led) }
}

const hashDisagreement = (before: RunState | undefined, event: RunEvent, texts: Recorded['texts']): Disagreement | undefined =>
  hashHolds(before?.hash ?? '', texts, event.meta.hash)
    ? undefined
    : { what: 'hash', recorded: event.meta.hash, refolded: 'another hash: the event or one before it was changed' }

/** Calls are known by their ids: that of this code under the same id has to be the one that was recorded. */
const askedDisagreement = (before: RunState | undefined, event: RunEvent): Disagreement | undefined => {
  const rows = before === undefined ? [] : askedOf(before, event)
  for (const [recorded, refolded] of rows) if (recorded !== refolded) return { what: 'asked', recorded, refolded }
  return undefined
}

type Asked = readonly [recorded: string, refolded: string]

const askedOf = ({ calls, owed }: RunState, { type, data }: RunEvent): readonly Asked[] => {
  switch (type) {
    case 'ToolCallRequested':
      return toolAsked(data.tool, calls.get(data.callId))
    case 'ApprovalRequested':
      return [...toolAsked(data.subject.tool, calls.get(data.callId)), ...questionAsked(data.subject.question, owed.get(data.callId))]
    case 'ChildRunRequested':
      return childAsked(data, owed.get(data.callId))
    default:
      return []
  }
}

const toolAsked = (recorded: string | undefined, call: OpenCall | undefined): readonly Asked[] =>
  recorded === undefined || call === undefined ? [] : [[recorded, call.tool]]

const questionAsked = (recorded = '', owed: Owed | undefined): readonly Asked[] =>
  owed?.intent !== 'askApproval' || owed.params.question === undefined ? [] : [[recorded, messageOf(owed.params.question)]]

const childAsked = ({ agent, input }: DataOf<'ChildRunRequested'>, owed: Owed | undefined): readonly Asked[] => {
  if (owed === undefined) return []
  const wanted = jsonOf({ agent: String(owed.params.agent), input: owed.params.input ?? null })
  return [[canonicalJson({ agent, input }), canonicalJson(wanted)]]
}

/** As it would have been recorded. */
const jsonOf = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json

const placeDisagreement = ({ meta }: RunEvent, led: Step): Disagreement | undefined => {
  const rows: [Difference['what'], string, string][] = [
    ['state', meta.to, led.to],
    ['intents', meta.intents?.join(' ') ?? '', led.intents.join(' ')],
    ['ignored', String(meta.ignored ?? false), String(led.ignored)],
  ]
  for (const [what, recorded, refolded] of rows) if (recorded !== refolded) return { what, recorded, refolded }
  return undefined
}

const promptDisagreement = (before: RunState | undefined, event: RunEvent): Disagreement | undefined => {
  if (event.type !== 'ModelCallRequested' || before === undefined) return undefined
  const owed = before.owed.get(event.data.callId)
  const asked = owed === undefined ? before.transcript : (asideOf(owed.params) ?? before.transcript)
  const refolded = fingerprint({ ...event.data, asked })
  return refolded === event.data.fingerprint ? undefined : { what: 'fingerprint', recorded: event.data.fingerprint, refolded }
}

/** A report that a person can act on. */
export const describeDifference = ({ runId, revision, type, what, recorded, refolded }: Difference): string =>
  [
    `${runId} differs at revision ${revision} (${type}): ${what}`,
    `  recorded: ${recorded === '' ? '(nothing)' : recorded}`,
    `  refolded: ${refolded === '' ? '(nothing)' : refolded}`,
  ].join('\n')
