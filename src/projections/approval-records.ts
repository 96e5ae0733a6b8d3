import type { RunEvent } from '../events/envelope.ts'
import { storableBeginning, REASON_LENGTH, shown, storable, VALUE_LENGTH, valueBeginning, withCause } from './bounded-text.ts'
import type { UnreadMessages } from './unread-messages.ts'

/** A question to a person: may this tool be called, or what a chart asks. */
export interface ApprovalRecord {
  readonly runId: string
  readonly callId: string
  readonly revision: number
  readonly tool: string | null
  readonly input: string | null
  readonly question: string | null
  readonly digest: string
  /** What it was granted with instead of `input`, and the digest of that; null where nothing was changed. */
  readonly grantedInput: string | null
  readonly grantedDigest: string | null
  readonly reason: string | null
  readonly askedAt: number
  readonly expiresAt: number
  /** null while it is open. `expired`: nobody has answered in time. `withdrawn`: a message came in, or the run went on or ended without an answer. */
  readonly decision: 'granted' | 'denied' | 'expired' | 'withdrawn' | null
  readonly decidedBy: string | null
  readonly settledAt: number | null
  readonly denyReason: string | null
  /** Messages of the user that no prompt had held: by now, or when it was decided. */
  readonly unread: number
  /** The beginning of the newest of them. */
  readonly newestUnread: string | null
}

type OpenApprovals = Readonly<{ [callId: string]: ApprovalRecord }>

/** The records that an event changes; `open` are those without a decision. */
export const approvalChanges = (
  open: OpenApprovals,
  event: RunEvent,
  { isEnding, unread }: { readonly isEnding: boolean; readonly unread: UnreadMessages | undefined },
): readonly ApprovalRecord[] => {
  const changed = ownChange(open, event, unread)
  const left = isEnding ? Object.values(open).filter(({ callId }) => callId !== changed?.callId) : []
  const ended = left.map((record): ApprovalRecord => ({ ...record, ...settled(event), decision: 'withdrawn' }))
  if (changed === undefined) return isEnding ? ended : withUnread(open, event, unread)
  return [isEnding && changed.settledAt === null ? { ...changed, ...settled(event), decision: 'withdrawn' } : changed, ...ended]
}

/** What has been said meanwhile stands beside each open question. */
const withUnread = (open: OpenApprovals, { revision }: RunEvent, unread: UnreadMessages | undefined): readonly ApprovalRecord[] =>
  Object.values(open)
    .filter((record) => record.unread !== (unread?.count ?? 0) || record.newestUnread !== (unread?.newest ?? null))
    .map((record) => ({ ...record, ...unreadFields(unread), revision }))

const unreadFields = (unread: UnreadMessages | undefined): Pick<ApprovalRecord, 'unread' | 'newestUnread'> => ({
  unread: unread?.count ?? 0,
  newestUnread: unread?.newest ?? null,
})

const ownChange = (open: OpenApprovals, event: RunEvent, unread: UnreadMessages | undefined): ApprovalRecord | undefined => {
  if (event.type === 'ApprovalRequested') return { ...asked(event), ...unreadFields(unread) }
  if (event.type !== 'ApprovalGranted' && event.type !== 'ApprovalDenied' && event.type !== 'ToolCallDenied') return undefined
  const before = open[event.data.callId]
  if (before === undefined) return undefined
  const decided = { ...before, ...settled(event), decidedBy: storable(event.data.by) }
  if (event.type === 'ApprovalGranted') {
    const { input, inputDigest } = event.data
    const granted = { grantedInput: valueBeginning(input), grantedDigest: inputDigest === undefined ? null : storable(inputDigest) }
    return { ...decided, decision: 'granted', ...granted }
  }
  const denied = { ...decided, denyReason: storableBeginning(event.data.reason, REASON_LENGTH) }
  if (event.type === 'ApprovalDenied' && event.data.withdrawn === true) return { ...denied, decision: 'withdrawn' }
  return { ...denied, decision: hasExpired(event) ? 'expired' : 'denied' }
}

/** Refold denies by itself only what nobody has answered in time. */
const hasExpired = (event: Extract<RunEvent, { type: 'ApprovalDenied' | 'ToolCallDenied' }>): boolean => event.data.by === 'refold'

const settled = ({ revision, meta }: RunEvent): Pick<ApprovalRecord, 'revision' | 'settledAt'> => ({ revision, settledAt: meta.at })

const asked = ({
  runId,
  revision,
  data,
  meta,
}: Extract<RunEvent, { type: 'ApprovalRequested' }>): Omit<ApprovalRecord, 'unread' | 'newestUnread'> => {
  const { tool, input, question } = data.subject
  return {
    runId,
    callId: data.callId,
    revision,
    tool: tool === undefined ? null : storable(tool),
    input: valueBeginning(input),
    question: question === undefined ? null : shown(question, VALUE_LENGTH),
    digest: data.digest,
    grantedInput: null,
    grantedDigest: null,
    reason: data.reason === undefined ? null : storableBeginning(withCause(data.reason, data.cause), REASON_LENGTH),
    askedAt: meta.at,
    expiresAt: data.expiresAt,
    decision: null,
    decidedBy: null,
    settledAt: null,
    denyReason: null,
  }
}
