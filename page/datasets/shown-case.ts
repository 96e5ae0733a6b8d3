import type { Message } from '../../src/events/message.ts'
import type { Json } from '../../src/json.ts'

/** Of a case of a dataset, what its row says; the service has checked its shape. */
export interface ShownCase {
  readonly id: string
  readonly of: string
  readonly source: { readonly runId: string; readonly revision: number; readonly agent: string }
  readonly task: string
  readonly input: { readonly messages: readonly Message[]; readonly input?: Json }
  readonly output: {
    readonly answer: string | null
    readonly output?: Json
    readonly toolCalls: readonly { readonly tool: string; readonly outcome: string }[]
  }
  readonly labels: Readonly<Record<string, string>>
  readonly split?: string
}
