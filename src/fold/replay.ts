import { isAppError } from '../errors.ts'
import { hashHolds } from '../events/codec.ts'
import type { RunEvent } from '../events/envelope.ts'
import { step } from './fold.ts'
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

/** One step of a replay, with everything the record says about it checked. */
export const refoldStep = (program: Program, before: RunState | undefined, { event, texts }: Recorded): Refold => {
  const differs = (what: Difference['what'], recorded: string, refolded: string): Refold => ({
    ok: false,
    difference: { runId: event.runId, revision: event.revision, type: event.type, what, recorded, refolded },
  })
  if (!hashHolds(before?.hash ?? '', texts, event.meta.hash)) return differs('hash', event.meta.hash, 'another hash: the event or one before it was changed')
  const asked = fingerprintOf(before, event)
  if (asked !== undefined && asked.recorded !== asked.refolded) return differs('fingerprint', asked.recorded, asked.refolded)
  try {
    const led = step(program, before, event)
    const intents = led.intents.join(' ')
    const recordedIntents = (event.meta.intents ?? []).join(' ')
    if (led.to !== event.meta.to) return differs('state', event.meta.to, led.to)
    if (intents !== recordedIntents) return differs('intents', recordedIntents, intents)
    if (led.ignored !== (event.meta.ignored ?? false)) return differs('ignored', String(event.meta.ignored ?? false), String(led.ignored))
    return { ok: true, state: led.state }
  } catch (error) {
    if (isAppError(error, 'UnexpectedEvent')) return differs('event', event.type, error.message)
    throw error
  }
}

const fingerprintOf = (before: RunState | undefined, event: RunEvent): { recorded: string; refolded: string } | undefined => {
  if (event.type !== 'ModelCallRequested' || before === undefined) return undefined
  const owed = before.owed.get(event.data.callId)
  const asked = owed === undefined ? before.transcript : (asideOf(owed.params) ?? before.transcript)
  return { recorded: event.data.fingerprint, refolded: fingerprint(event.data.promptHash, event.data.model, asked) }
}

/** A report that a person can act on. */
export const describeDifference = ({ runId, revision, type, what, recorded, refolded }: Difference): string =>
  [
    `${runId} differs at revision ${revision} (${type}): ${what}`,
    `  recorded: ${recorded === '' ? '(nothing)' : recorded}`,
    `  refolded: ${refolded === '' ? '(nothing)' : refolded}`,
  ].join('\n')
