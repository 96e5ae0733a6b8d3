import type { RunEventType, RunFact } from '../../events/run-events.ts'
import { canonicalJson } from '../../json.ts'
import { decisionWords } from '../../projections/decision-words.ts'
import { oneLine } from '../../projections/printable.ts'

/** What one version has decided, and what another decides at the same place: in words by which differences are counted. */
export interface Otherwise {
  readonly recorded: string
  readonly now: string
  /** What is said about it: a reason, or other arguments. */
  readonly detail: string
}

/** Fields by which a decision is the same; what every run has for itself, and words for people, are none. */
const DECIDED_BY: Readonly<Partial<Record<RunEventType, readonly string[]>>> = {
  InputAccepted: ['parts'],
  InputRejected: ['guardrail'],
  OutputAccepted: ['parts', 'output'],
  OutputRejected: ['guardrail'],
  ModelCallRequested: ['purpose'],
  ModelCallFailed: ['class'],
  ToolCallRequested: ['tool', 'input', 'act'],
  ToolCallQueued: [],
  ToolCallRejected: ['reason', 'guardrail'],
  ToolCallDenied: [],
  ToolCallLookupRequested: [],
  ApprovalRequested: ['subject'],
  ChildRunRequested: ['agent', 'input'],
  ChildRunFailed: [],
  LimitExceeded: ['limit'],
  TurnCompleted: ['outcome'],
  RunEscalated: [],
  RunCompleted: ['output'],
  RunFailed: [],
}

export const isDecision = (type: RunEventType): boolean => DECIDED_BY[type] !== undefined

/** Undefined where both decide the same. `decided` is undefined for what is left undone. */
export const otherwise = (recorded: RunFact, decided: RunFact | undefined, subject: string | undefined): Otherwise | undefined => {
  const was = decisionWords(recorded, subject)
  if (decided === undefined) return inWords(was, 'does not', '')
  const fields = (fact: RunFact): string =>
    canonicalJson((DECIDED_BY[fact.type] ?? []).map((field) => (fact.data as Readonly<Record<string, unknown>>)[field] ?? null))
  if (recorded.type === decided.type && fields(recorded) === fields(decided)) return undefined
  const now = decisionWords(decided, subject)
  return inWords(was, now === was ? `${now}, with something else` : now, detailOf(decided))
}

const LONGEST_WORDS = 200
const LONGEST_DETAIL = 1_000

export const inWords = (recorded: string, now: string, detail: string): Otherwise => ({
  recorded: oneLine(recorded, LONGEST_WORDS),
  now: oneLine(now, LONGEST_WORDS),
  detail: oneLine(detail, LONGEST_DETAIL),
})

const detailOf = ({ data }: RunFact): string => {
  const { message, reason, input, output, subject, cause, parts } = data as Readonly<Record<string, unknown>>
  const said = message ?? reason ?? input ?? subject ?? output ?? parts
  return [said, cause]
    .flatMap((value) => (value === undefined ? [] : [typeof value === 'string' ? value : canonicalJson(value)]))
    .join(': ')
}
