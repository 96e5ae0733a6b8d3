import type { Json } from '../../src/json.ts'

/** What a run of the agents of the simulation is started with. */
export interface Scenario {
  readonly agent: string
  readonly message?: string
  readonly input?: Json
  /** A person takes the conversation over once it is at rest. */
  readonly takenOver?: boolean
  /** What people grant instead of what they are asked. */
  readonly grantedInput?: (asked: { readonly n: number }) => Json
}

export const scenarios: Record<string, Scenario> = {
  'parallel tools and a payment': { agent: 'desk', message: 'plan: read 1 + note 2; pay 3; pay 3; say done' },
  'two approvals': { agent: 'desk', message: 'plan: sign 4 + post 5; say done' },
  'two approvals, granted with changed arguments': {
    agent: 'desk',
    message: 'plan: sign 4 + post 5; say done',
    grantedInput: (asked) => ({ ...asked, n: asked.n + 4 }),
  },
  'a payment that nobody can look up': { agent: 'desk', message: 'plan: ship 1; say done' },
  'arguments that are none, and a tool that is none': { agent: 'desk', message: 'plan: mumble 1; nonsense 2; say done' },
  'guardrails on all three sides': { agent: 'guarded', message: 'plan: pay 7 + note 13; say my card, secret' },
  'a typed result after a correction': { agent: 'clerk', message: 'plan: note 1; wrong; say late' },
  'a limit, and a person who answers': { agent: 'frugal', message: 'plan: read 1; read 2; read 3; read 4; say done' },
  'a chart of its own, with a child run': { agent: 'trip', input: { n: 4 } },
}
