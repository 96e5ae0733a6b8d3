import { isAppError } from '../errors.ts'
import { hashHolds } from '../events/codec.ts'
import type { RunEvent } from '../events/envelope.ts'
import { step, type Step } from './fold.ts'
import { asideOf, fingerprint } from './prompt.ts'
import type { Program, RunState } from './run-state.ts'

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
  readonly what: 'state' | 'intents' | 'ignored' | 'hash' | 'fingerprint' | 'event'
  readonly recorded: string
  readonly refolded: string
}

export type Refold = { readonly ok: true; readonly state: RunState } | { readonly ok: false; readonly difference: Difference }

export type Disagreement = Pick<Difference, 'what' | 'recorded' | 'refolded'>

/** One step of a replay, with everything the record says about it checked. */
export const refoldStep = (program: Program, before: RunState | undefined, { event, texts }: Recorded): Refold => {
  const differs = (disagreement: Disagreement): Refold => ({
    ok: false,
    difference: { runId: event.runId, revision: event.revision, type: event.type, ...disagreement },
  })
  const asked = hashDisagreement(before, event, texts) ?? promptDisagreement(before, event)
  if (asked !== undefined) return differs(asked)
  try {
    const retraced = retrace(program, before, event)
    return retraced.ok ? retraced : differs(retraced.disagreement)
  } catch (error) {
    if (isAppError(error, 'UnexpectedEvent')) return differs({ what: 'event', recorded: event.type, refolded: error.message })
    throw error
  }
}

export type Retraced = { readonly ok: true; readonly state: RunState } | { readonly ok: false; readonly disagreement: Disagreement }

/**
 * A recorded step, taken again by the charts of this code, and compared with where the record says it led. Cheap enough for every load:
 * who acts on a run has to stand where the record does. Throws `UnexpectedEvent` as {@link step} does.
 */
export const retrace = (program: Program, before: RunState | undefined, event: RunEvent): Retraced => {
  const led = step(program, before, event)
  const disagreement = placeDisagreement(event, led)
  return disagreement === undefined ? { ok: true, state: led.state } : { ok: false, disagreement }
}

const hashDisagreement = (before: RunState | undefined, event: RunEvent, texts: Recorded['texts']): Disagreement | undefined =>
  hashHolds(before?.hash ?? '', texts, event.meta.hash)
    ? undefined
    : { what: 'hash', recorded: event.meta.hash, refolded: 'another hash: the event or one before it was changed' }

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
  const refolded = fingerprint(event.data.promptHash, event.data.model, asked)
  return refolded === event.data.fingerprint ? undefined : { what: 'fingerprint', recorded: event.data.fingerprint, refolded }
}

/** A report that a person can act on. */
export const describeDifference = ({ runId, revision, type, what, recorded, refolded }: Difference): string =>
  [
    `${runId} differs at revision ${revision} (${type}): ${what}`,
    `  recorded: ${recorded === '' ? '(nothing)' : recorded}`,
    `  refolded: ${refolded === '' ? '(nothing)' : refolded}`,
  ].join('\n')
