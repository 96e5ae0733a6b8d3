import type { OutlineRow } from '../../src/projections/outline-row.ts'
import type { ToolCallRecord } from '../../src/projections/tool-call-records.ts'

/** Where what a row of a fork says is from: its origin's record, made up, a person, a model that was called, a tool that was executed. */
export type ShownSource = 'recorded' | 'simulated' | 'asked' | 'live' | 'REAL'

/** `lastCopy`: the last revision that a fork has from its origin; undefined of a run that is no fork. What reaches nobody has no source. */
export const sourceOf = (
  { revision, type, source }: Pick<OutlineRow, 'revision' | 'type' | 'source'>,
  lastCopy: number | undefined,
): ShownSource | undefined => {
  if (lastCopy === undefined) return undefined
  if (revision <= lastCopy) return 'recorded'
  if (source !== undefined) return source === 'real' ? 'REAL' : source
  return ASKS_A_PERSON.test(type) ? 'asked' : undefined
}

/** The last revision that a fork has from its origin. */
export const copiedTo = ([first]: readonly OutlineRow[]): number | undefined => first?.forkOf?.revision

const ASKS_A_PERSON =
  /^(MessageReceived|Approval(Requested|Granted|Denied)|ToolCallUnresolved|ToolCallDenied|RunEscalated|HumanAnswerReceived)$/

/** Of a call of a tool of a fork, by then. */
export const sourceOfCall = ({ source, state }: Pick<ToolCallRecord, 'source' | 'state'>): ShownSource | undefined => {
  if (source === 'copied') return 'recorded'
  if (state === 'unresolved' || state === 'awaitingApproval') return 'asked'
  return source === 'real' ? 'REAL' : SHOWN.find((shown) => shown === source)
}

const SHOWN: readonly ShownSource[] = ['recorded', 'simulated', 'asked', 'live']
