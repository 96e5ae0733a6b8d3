import { z } from 'zod'
import { defineTool } from '../../src/tools/define-tool.ts'
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
