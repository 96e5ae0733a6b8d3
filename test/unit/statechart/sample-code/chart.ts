import { assign, not, setup } from 'xstate'
import { isSmallEnough, LARGEST } from './limits.ts'

type Claim = { readonly amount: number; readonly code?: number; readonly words?: string; readonly tries: number }
type Asked = { type: 'Asked'; amount?: number; text: string | null }

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined
const FACTOR = 3

/** Code as people write it: imports, casts, non-null assertions, templates, shorthand, methods, defaults, patterns. */
export const sampleChart = setup({
  types: { context: {} as Claim, events: {} as Asked, input: {} as { amount: number } },
  actions: { callTool: intent, note: assign({ tries: 0, words: ({ event }) => event.text! }) },
  guards: {
    isSmall: ({ context }) => isSmallEnough((context as { amount: number }).amount) && context.amount! < LARGEST * FACTOR,
    isOdd({ context: { amount, code = 1_000, ...others } }) {
      // Counted from one.
      const half: number = Math.floor(amount / 2) + code
      if (half > 5) return 'words' in others
      for (const n of [1, 2, 3]) if (n === half) return true
      return half * 2 !== amount
    },
    isLarge: not('isSmall'),
    isSaid: function said({ event }): boolean {
      return event.text !== null && /^yes[!.]?$/i.test(event.text)
    },
  },
  delays: { aDay: 86_400_000, later: ({ context }) => context.tries * FACTOR ** 2 },
}).createMachine({
  id: 'sample',
  context: ({ input }) => ({ amount: input.amount, tries: 0 }),
  initial: 'deciding',
  states: {
    deciding: {
      always: [
        { guard: 'isSmall', target: 'paying' },
        { guard: 'isOdd', target: 'waiting' },
        { guard: 'isLarge', target: 'waiting' },
      ],
    },
    waiting: { on: { Asked: { guard: 'isSaid', target: 'paying', actions: 'note' } }, after: { later: 'paying', aDay: 'done' } },
    paying: {
      entry: {
        type: 'callTool',
        params: ({ context, event: { text } }) => ({ tool: 'pay', LARGEST, text: `${text ?? 'none'} of ${context.amount}`, name: `plain` }),
      },
      after: {
        aDay: { target: 'done', actions: assign(({ context }) => ({ tries: context.tries + 1, amount: isSmallEnough(1) ? 1 : 2 })) },
      },
    },
    done: { type: 'final' },
  },
})
