import { z } from 'zod'
import { defineTool } from '../../src/tools/define-tool.ts'
import type { Guardrails, TextGuardrail } from '../../src/guardrails/guardrail.ts'
import { dependency } from '../../src/tools/dependency.ts'
import type { Tool } from '../../src/tools/tool.ts'

// Compiled, never run: each line below an expected error is a program that must not compile.

const refund = {
  name: 'refund',
  description: 'Pays a booking back',
  input: z.object({ booking: z.string(), amountMicroUsd: z.int() }),
  output: z.object({ receipt: z.string() }),
  effect: 'once',
} as const

const typed = defineTool({ ...refund, execute: ({ booking }) => Promise.resolve({ receipt: booking }) })

/** Tools of every input fit into one list. */
export const tools: readonly Tool[] = [
  typed,
  defineTool({ ...refund, input: z.object({}), execute: () => Promise.resolve({ receipt: '' }) }),
]

// @ts-expect-error the answer has to be of the output's shape
defineTool({ ...refund, execute: ({ booking }) => Promise.resolve({ booking }) })

// @ts-expect-error the input has no such field
defineTool({ ...refund, execute: ({ passenger }) => Promise.resolve({ receipt: passenger }) })

// @ts-expect-error an effect is read, idempotent or once: whoever writes a tool has to decide
defineTool({ ...refund, effect: 'sometimes', execute: () => Promise.resolve({ receipt: '' }) })

// @ts-expect-error the approval sees the same input
defineTool({ ...refund, approval: ({ passenger }) => passenger === '', execute: () => Promise.resolve({ receipt: '' }) })

const shop = z.object({ limitUsd: z.number() })
export const limited = defineTool({
  ...refund,
  context: shop,
  approval: ({ amountMicroUsd }, { context }) => amountMicroUsd > context.limitUsd,
  execute: ({ booking }, { context }) => Promise.resolve({ receipt: `${booking} ${context.limitUsd}` }),
  lookup: (_, { context, input }) => Promise.resolve({ found: 'succeeded', output: { receipt: `${input.booking} ${context.limitUsd}` } }),
})

/** Tools of every context too. */
export const more: readonly Tool[] = [limited]

// @ts-expect-error the context has no such field
defineTool({ ...refund, context: shop, approval: (_, { context }) => context.limit > 3, execute: () => Promise.resolve({ receipt: '' }) })

interface Till {
  pay(usd: number): string
}
export const equipped = defineTool({
  ...refund,
  dependencies: { till: dependency<Till>(), limit: dependency<number>() },
  messageData: shop,
  approval: ({ amountMicroUsd }, { dependencies, messageData }) => amountMicroUsd > dependencies.limit + messageData.limitUsd,
  execute: ({ amountMicroUsd }, { dependencies }) => Promise.resolve({ receipt: dependencies.till.pay(amountMicroUsd) }),
  lookup: (_, { dependencies }) => Promise.resolve({ found: 'succeeded', output: { receipt: dependencies.till.pay(0) } }),
})

/** Tools of all dependencies too. */
export const most: readonly Tool[] = [equipped, typed]

const tilled = { ...refund, dependencies: { till: dependency<Till>() } }
const paid = (receipt: string) => Promise.resolve({ receipt })

// @ts-expect-error it has declared no such dependency
defineTool({ ...tilled, execute: (_, { dependencies: { db } }) => paid(String(db)) })

// @ts-expect-error a dependency is of the type that was declared
defineTool({ ...tilled, execute: (_, { dependencies }) => paid(dependencies.till) })

// @ts-expect-error a tool that declares none has none
defineTool({ ...refund, execute: (_, { dependencies }) => paid(dependencies.till.pay(1)) })

// @ts-expect-error the data of a message has no such field
defineTool({ ...refund, messageData: shop, execute: (_, { messageData }) => paid(messageData.limit) })

export const named: TextGuardrail<{ readonly names: readonly string[] }> = {
  name: 'named',
  dependencies: { names: dependency<readonly string[]>() },
  check: (text, { dependencies }) => (dependencies.names.includes(text) ? { verdict: 'block', reason: 'a name' } : { verdict: 'allow' }),
}
export const guardrails: Guardrails = { input: [named] }
