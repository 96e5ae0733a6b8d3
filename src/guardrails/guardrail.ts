/** What a guardrail makes of a text or a tool call. The strictest of several holds. */
export type Verdict =
  | { readonly verdict: 'allow' }
  /** Texts only: what goes on in its place. */
  | { readonly verdict: 'redact'; readonly text: string; readonly reason: string }
  /** Tool calls only: a human decides. */
  | { readonly verdict: 'ask'; readonly reason: string }
  | { readonly verdict: 'block'; readonly reason: string; readonly evidence?: string }

/** Pure: the same text, the same verdict. */
export interface TextGuardrail {
  readonly name: string
  check(text: string): Verdict
}

export interface ProposedAction {
  readonly tool: string
  readonly effect: 'read' | 'idempotent' | 'once'
  readonly input: unknown
}

/** Pure: the same action, the same verdict. */
export interface ActionGuardrail {
  readonly name: string
  check(action: ProposedAction): Verdict
}

export interface Guardrails {
  readonly input?: readonly TextGuardrail[]
  readonly output?: readonly TextGuardrail[]
  readonly action?: readonly ActionGuardrail[]
}

export type TextVerdict =
  | { readonly verdict: 'allow'; readonly text: string; readonly redacted: boolean }
  | { readonly verdict: 'block'; readonly guardrail: string; readonly reason: string; readonly evidence?: string }

/** In order, each on what the ones before left; a text that somebody would have to be asked about is blocked. */
export const checkText = (guardrails: readonly TextGuardrail[], text: string): TextVerdict => {
  let current = text
  for (const guardrail of guardrails) {
    const verdict = guardrail.check(current)
    if (verdict.verdict === 'redact') current = verdict.text
    else if (verdict.verdict !== 'allow') return { ...verdict, verdict: 'block', guardrail: guardrail.name }
  }
  return { verdict: 'allow', text: current, redacted: current !== text }
}

export type ActionVerdict =
  { readonly verdict: 'allow' } | { readonly verdict: 'ask' | 'block'; readonly guardrail: string; readonly reason: string }

const severity = { allow: 0, redact: 0, ask: 1, block: 2 } as const

/** The strictest verdict of all. An action cannot be redacted: that would be another action. */
export const checkAction = (guardrails: readonly ActionGuardrail[], action: ProposedAction): ActionVerdict => {
  let strictest: ActionVerdict = { verdict: 'allow' }
  for (const guardrail of guardrails) {
    const verdict = guardrail.check(action)
    if (verdict.verdict !== 'ask' && verdict.verdict !== 'block') continue
    if (severity[verdict.verdict] > severity[strictest.verdict]) {
      strictest = { verdict: verdict.verdict, guardrail: guardrail.name, reason: verdict.reason }
    }
  }
  return strictest
}
