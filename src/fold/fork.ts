import type { RunEvent } from '../events/envelope.ts'
import { countSource, type ForkChanges, type ForkSeal, type SourceCounts } from '../events/fork.ts'
import type { DataOf } from '../events/run-events.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'
import { present } from '../present.ts'

// A fork: a run that begins with copies of the events of another. They fold as there. What it is, its first event says already, so that
// nobody takes a copy that was cut short for a run that may go on.

export interface Fork {
  /** Absent in a run that is sealed and yet no fork: it was begun like any other. */
  readonly of?: NonNullable<DataOf<'RunStarted'>['forkOf']>
  /** Instead of those of its agent. */
  readonly instructions?: string
  /** Absent until all events of the origin are copied: until then nothing happens in it. */
  readonly own?: OwnFork
}

export interface OwnFork {
  /** The newest event of the origin that may answer it. */
  readonly recordedTo: number
  readonly seal: ForkSeal
  readonly changes: ForkChanges
  readonly counts: SourceCounts
  /** Of answers of models that were called. */
  readonly liveCostMicroUsd: number
  readonly asked: AskedSoFar
}

/** Which of several equal requests each is, and how many results it has had: by kind and call id. */
export interface AskedSoFar {
  readonly calls: Readonly<Record<string, AskedCall>>
  /** How many calls have asked for the same, by what they ask for. */
  readonly equal: Readonly<Record<string, number>>
}

export interface AskedCall {
  readonly what: string
  /** 0 of the first that asked for the same. */
  readonly rank: number
  readonly results: number
}

export type AskedKind = 'model' | 'tool' | 'run' | 'approval'

export const nothingAsked: AskedSoFar = { calls: {}, equal: {} }

export interface AskedFor {
  readonly kind: AskedKind
  readonly callId: string
  /** The same for every request that is the same. */
  readonly what: string
}

const digest = (kind: AskedKind, value: unknown): string => `${kind} ${sha256(canonicalJson(value))}`

export const askedForModel = (callId: string, fingerprint: string): AskedFor => ({ kind: 'model', callId, what: `model ${fingerprint}` })
export const askedForTool = ({ callId, tool, input }: Pick<DataOf<'ToolCallRequested'>, 'callId' | 'tool' | 'input'>): AskedFor => ({
  kind: 'tool',
  callId,
  what: digest('tool', [tool, input]),
})
export const askedForRun = ({ callId, agent, input }: Pick<DataOf<'ChildRunRequested'>, 'callId' | 'agent' | 'input'>): AskedFor => ({
  kind: 'run',
  callId,
  what: digest('run', [agent, input]),
})
export const askedForApproval = ({ callId, subject }: Pick<DataOf<'ApprovalRequested'>, 'callId' | 'subject'>): AskedFor => ({
  kind: 'approval',
  callId,
  what: digest('approval', subject),
})

/** What an event asks the world for. */
export const askedBy = (event: RunEvent): AskedFor | undefined => {
  switch (event.type) {
    case 'ModelCallRequested':
      return askedForModel(event.data.callId, event.data.fingerprint)
    case 'ToolCallRequested':
      return askedForTool(event.data)
    case 'ChildRunRequested':
      return askedForRun(event.data)
    case 'ApprovalRequested':
      return askedForApproval(event.data)
    default:
      return undefined
  }
}

/** Of which kind of request an event is a result. That nobody knows what became of a call is none. */
export const kindOfResult = ({ type }: RunEvent): AskedKind | undefined => {
  switch (type) {
    case 'ModelCallSucceeded':
    case 'ModelCallFailed':
      return 'model'
    case 'ToolCallSucceeded':
    case 'ToolCallFailed':
      return 'tool'
    case 'ChildRunSucceeded':
    case 'ChildRunFailed':
      return 'run'
    case 'ApprovalGranted':
    case 'ApprovalDenied':
      return 'approval'
    default:
      return undefined
  }
}

const nameOf = (kind: AskedKind, callId: string): string => `${kind} ${callId}`

/** Where a request stands among those that are the same: as it was counted, or as it would be. */
export const placeAmong = ({ calls, equal }: AskedSoFar, { kind, callId, what }: AskedFor): AskedCall => {
  const known = calls[nameOf(kind, callId)]
  return known?.what === what ? known : { what, rank: equal[what] ?? 0, results: 0 }
}

export const askedAfter = (asked: AskedSoFar, event: RunEvent): AskedSoFar => {
  const wanted = askedBy(event)
  if (wanted !== undefined) return withAsked(asked, wanted)
  const kind = kindOfResult(event)
  if (kind === undefined || !('callId' in event.data) || event.data.callId === undefined) return asked
  const name = nameOf(kind, event.data.callId)
  const call = asked.calls[name]
  return call === undefined ? asked : { ...asked, calls: { ...asked.calls, [name]: { ...call, results: call.results + 1 } } }
}

export const withAsked = (asked: AskedSoFar, wanted: AskedFor): AskedSoFar => {
  const name = nameOf(wanted.kind, wanted.callId)
  if (asked.calls[name]?.what === wanted.what) return asked
  const call = placeAmong(asked, wanted)
  return { calls: { ...asked.calls, [name]: call }, equal: { ...asked.equal, [wanted.what]: call.rank + 1 } }
}

/** What a run is of another, after one event more. */
export const forkAfter = (before: Fork | undefined, event: RunEvent): Fork | undefined => {
  if (event.type === 'RunStarted') return begunAs(event.data)
  if (before === undefined) return undefined
  if (event.type === 'RunForked') return begun(before, event)
  const { own } = before
  if (own === undefined) return before
  const counts = countSource(own.counts, event.data)
  const asked = askedAfter(own.asked, event)
  const cost = event.type === 'ModelCallSucceeded' || event.type === 'ModelCallFailed' ? costOf(event) : 0
  if (counts === own.counts && asked === own.asked) return before
  return { ...before, own: { ...own, counts, asked, liveCostMicroUsd: own.liveCostMicroUsd + cost } }
}

const begunAs = ({ forkOf, sealed }: DataOf<'RunStarted'>): Fork | undefined => {
  if (forkOf !== undefined) return { of: forkOf }
  return sealed && { own: { ...justBegun, recordedTo: sealed.record?.revision ?? NOTHING, seal: sealed.seal, changes: {} } }
}

const NOTHING = -1
const justBegun = { counts: countSource(undefined, {}), liveCostMicroUsd: 0, asked: nothingAsked }

const costOf = ({ data }: Extract<RunEvent, { type: 'ModelCallSucceeded' | 'ModelCallFailed' }>): number =>
  data.source === 'live' ? (data.costMicroUsd ?? 0) : 0

/** A copy may hold the forks that its origin is of. */
const begun = ({ of, instructions: known }: Fork, { revision, data }: Extract<RunEvent, { type: 'RunForked' }>): Fork => {
  const { seal, changes, from } = data
  const { instructions = known } = changes
  const own = { ...justBegun, recordedTo: from.recordedTo, seal, changes }
  return { ...present({ of, instructions }), ...(revision === (of?.revision ?? NOTHING) + 1 && { own }) }
}
