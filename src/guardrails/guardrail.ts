import { attempted } from '../errors.ts'
import type { ContentPart, Said } from '../events/content.ts'
import type { DependenciesOf, RunContext } from '../projections/run-context.ts'

/** What a guardrail makes of a text or a tool call. The strictest of several holds. */
export type Verdict =
  | { readonly verdict: 'allow' }
  /** Texts only: what goes on in its place. Pictures and files stay beside it, unless they are taken out. */
  | { readonly verdict: 'redact'; readonly text: string; readonly withoutMedia?: boolean; readonly reason: string }
  /** Tool calls only: a human decides. */
  | { readonly verdict: 'ask'; readonly reason: string }
  | { readonly verdict: 'block'; readonly reason: string; readonly evidence?: string }

/** Pure: the same text at the same point of the same run, the same verdict. Answers at once; what throws, or answers with a promise, blocks. */
export interface TextGuardrail<Needs = unknown> {
  readonly name: string
  /** What it needs that is code, as a tool does. */
  readonly dependencies?: DependenciesOf<Needs> | undefined
  /** `parts` are all that was said, with its pictures and files; `text` is the text of them. */
  check(text: string, run: RunContext<unknown, unknown, Needs>, parts: readonly ContentPart[]): Verdict
}

export interface ProposedAction {
  readonly tool: string
  readonly effect: 'read' | 'idempotent' | 'once'
  readonly input: unknown
}

/** Pure: the same action at the same point of the same run, the same verdict. Answers at once; what throws, or answers with a promise, blocks. */
export interface ActionGuardrail<Needs = unknown> {
  readonly name: string
  readonly dependencies?: DependenciesOf<Needs> | undefined
  check(action: ProposedAction, run: RunContext<unknown, unknown, Needs>): Verdict
}

export interface Guardrails {
  readonly input?: readonly TextGuardrail[] | undefined
  readonly output?: readonly TextGuardrail[] | undefined
  readonly action?: readonly ActionGuardrail[] | undefined
}

interface Blocked {
  readonly guardrail: string
  readonly reason: string
  /** What kept a guardrail from giving a verdict: for whoever runs the agent, and for no model. */
  readonly cause?: string
}

export type TextVerdict =
  (Said & { readonly verdict: 'allow'; readonly redacted: boolean }) | (Blocked & { readonly verdict: 'block'; readonly evidence?: string })

/**
 * In order, each on what the ones before left; a text that somebody would have to be asked about is blocked, and so is one that
 * a guardrail gives no verdict on.
 */
export const checkText = (guardrails: readonly TextGuardrail[], said: Said, run: RunContext): TextVerdict => {
  let current = said
  for (const guardrail of guardrails) {
    const verdict = verdictOf(guardrail, () => guardrail.check(current.text, run, current.parts))
    if (verdict.verdict === 'redact') current = redacted(current, verdict)
    else if (verdict.verdict !== 'allow') return { ...verdict, verdict: 'block', guardrail: guardrail.name }
  }
  return { ...current, verdict: 'allow', redacted: current.text !== said.text || current.parts.length < said.parts.length }
}

/** The new text stands where the first one stood. */
const redacted = ({ parts }: Said, { text, withoutMedia = false }: Extract<Verdict, { verdict: 'redact' }>): Said => {
  const kept = parts.filter((part) => part.type === 'text' || !withoutMedia)
  const first = kept.findIndex(({ type }) => type === 'text')
  const media = (from: readonly ContentPart[]): ContentPart[] => from.filter(({ type }) => type !== 'text')
  return { text, parts: [...media(kept.slice(0, Math.max(0, first))), { type: 'text', text }, ...media(kept.slice(Math.max(0, first)))] }
}

export type ActionVerdict = { readonly verdict: 'allow' } | (Blocked & { readonly verdict: 'ask' | 'block' })

/** The strictest verdict of all. An action that one of them gives no verdict on, or wants to change, is blocked. */
export const checkAction = (guardrails: readonly ActionGuardrail[], action: ProposedAction, run: RunContext): ActionVerdict => {
  let strictest: ActionVerdict = { verdict: 'allow' }
  for (const guardrail of guardrails) {
    const found = verdictOf(guardrail, () => guardrail.check(action, run))
    const verdict: Given = found.verdict === 'redact' ? cannotBeRedacted : found
    if (verdict.verdict === 'allow' || SEVERITY[verdict.verdict] <= SEVERITY[strictest.verdict]) continue
    strictest = { ...verdict, guardrail: guardrail.name }
  }
  return strictest
}

const SEVERITY = { allow: 0, ask: 1, block: 2 } as const

type Given = Exclude<Verdict, { verdict: 'redact' }> & { readonly cause?: string }

const cannotBeRedacted: Given = {
  verdict: 'block',
  reason: 'it could not be checked',
  cause: 'it gave the verdict redact, but a tool call with another input would be another call',
}

const verdictOf = ({ name }: { readonly name: string }, check: () => unknown): Verdict & { readonly cause?: string } => {
  const found = attempted(check, readVerdict)
  return found.ok ? found.value : { verdict: 'block', reason: `the guardrail ${name} could not check it`, cause: found.problem }
}

/** Throws where it is no verdict: what compiles elsewhere may be JavaScript. */
const readVerdict = (found: unknown): Verdict => {
  const { verdict, text, withoutMedia, reason, evidence } = Object(found) as Readonly<Record<string, unknown>>
  const why = typeof reason === 'string' ? reason : 'no reason was given'
  if (verdict === 'allow') return { verdict }
  if (verdict === 'ask') return { verdict, reason: why }
  if (verdict === 'block') return { verdict, reason: why, ...(typeof evidence === 'string' ? { evidence } : {}) }
  if (verdict === 'redact' && typeof text === 'string')
    return { verdict, text, reason: why, ...(withoutMedia === true ? { withoutMedia } : {}) }
  throw new Error('it gave no verdict: expected allow, redact with a text, ask or block')
}
