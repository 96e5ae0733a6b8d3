import { assign, setup } from 'xstate'
import { z } from 'zod'
import {
  defineAgentSpec,
  defineProjection,
  defineToolSpec,
  type AskApprovalParams,
  type CallToolParams,
  type ChartEvent,
} from 'refold/core'

// What a server and a page share: it names no code that performs.

interface Refund {
  readonly order: string
  readonly usd: number
}

const chart = setup({
  types: { context: {} as Refund & { readonly by: string }, input: {} as { readonly input: Refund }, events: {} as ChartEvent },
  actions: {
    askApproval: (_, _params: AskApprovalParams) => undefined,
    callTool: (_, _params: CallToolParams) => undefined,
  },
  guards: { isLarge: ({ context }) => context.usd > 100 },
  delays: { aDay: ({ context }) => 86_400_000 + context.usd },
}).createMachine({
  id: 'refund',
  context: ({ input }) => ({ ...input.input, by: '' }),
  initial: 'checking',
  output: ({ context }) => `${context.usd} $ by ${context.by}`,
  states: {
    checking: { always: [{ guard: 'isLarge', target: 'asking' }, { target: 'waiting' }] },
    asking: {
      tags: 'human',
      entry: { type: 'askApproval', params: ({ context }) => ({ question: `Refund ${context.usd} $?` }) },
      on: {
        ApprovalGranted: { target: 'waiting', actions: assign({ by: ({ event }) => event.by }) },
        ApprovalDenied: 'refused',
      },
    },
    waiting: { after: { aDay: 'paying' } },
    paying: {
      entry: { type: 'callTool', params: ({ context }) => ({ tool: 'pay', input: { order: context.order, usd: context.usd } }) },
      on: { ToolCallSucceeded: 'paid', ToolCallRejected: 'refused' },
    },
    paid: { type: 'final' },
    refused: { type: 'final', tags: 'failed' },
  },
})

/** What was paid, by order. */
const paid = defineProjection<ReadonlyMap<string, number>>({
  name: 'paid',
  initial: () => new Map(),
  apply: (orders, event) =>
    event.type === 'ToolCallSucceeded' ? new Map(orders).set(event.runId, (orders.get(event.runId) ?? 0) + 1) : orders,
  show: (orders) => [...orders],
})

export const pay = defineToolSpec({
  name: 'pay',
  description: 'Pays back',
  effect: 'once',
  input: z.object({ order: z.string(), usd: z.number() }),
  output: z.boolean(),
})

export const refund = defineAgentSpec({
  name: 'refund',
  version: '3',
  chart,
  probeInput: { order: '1', usd: 5 },
  limits: { toolCallsPerTurn: 5 },
  projections: [paid],
  tools: [pay],
})
