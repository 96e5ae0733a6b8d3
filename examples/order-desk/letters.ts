// Letters: nobody reads them but a run, which asks the desk about each, and waits for it.
import { defineAgent, type ChartEvent, type StartChildRunParams } from 'refold'
import { setup } from 'xstate'
import { z } from 'zod'

const letter = z.object({ from: z.string(), text: z.string() })

const chart = setup({
  types: { context: {} as { readonly text: string }, input: {} as { readonly input: z.infer<typeof letter> }, events: {} as ChartEvent },
  actions: { startChildRun: (_, _params: StartChildRunParams) => undefined },
}).createMachine({
  id: 'letter',
  context: ({ input }) => ({ text: input.input.text }),
  initial: 'askingTheDesk',
  states: {
    askingTheDesk: {
      entry: { type: 'startChildRun', params: ({ context }) => ({ agent: 'order-desk', input: context.text, key: 'desk' }) },
      on: { ChildRunSucceeded: 'answered', ChildRunFailed: 'unanswered' },
    },
    answered: { type: 'final' },
    unanswered: { type: 'final', tags: 'failed' },
  },
})

export const letterAgent = defineAgent({
  name: 'letter',
  version: '1',
  chart,
  input: letter,
  probeInput: { from: 'Ann', text: 'Where is my order 17?' },
})
