import { setup } from 'xstate'
import { z } from 'zod'
import {
  answer,
  defineAgent,
  defineTool,
  scriptedModel,
  toolCalls,
  type Agent,
  type ChartEvent,
  type Model,
  type StartChildRunParams,
} from 'refold'

export type WaitsFor = 'message' | 'approval' | 'child'

/** An agent named `waiting` whose runs soon wait for a message, for an approval, or for a run that waits for an approval. */
export const waitingAgents = (waitsFor: WaitsFor): { readonly agents: readonly Agent[]; readonly model: Model } => {
  const name = waitsFor === 'child' ? 'asked' : 'waiting'
  const limits = { costUsd: null, wallTimeMs: null }
  if (waitsFor === 'message') {
    const agents = [defineAgent({ name, version: '1', instructions: 'Answer.', models: ['scripted/one'], limits })]
    return { agents, model: scriptedModel(() => answer('Here I am.')) }
  }
  const pay = defineTool({
    name: 'pay',
    description: 'Pays.',
    input: z.object({ amount: z.int() }),
    output: z.string(),
    effect: 'once',
    approval: true,
    execute: () => Promise.resolve('paid'),
  })
  const asking = defineAgent({ name, version: '1', instructions: 'Pay.', models: ['scripted/one'], tools: [pay], limits })
  const model = scriptedModel(() => toolCalls([{ name: 'pay', arguments: { amount: 1 } }]))
  return { agents: waitsFor === 'child' ? [parent, asking] : [asking], model }
}

const parent = defineAgent({
  name: 'waiting',
  version: '1',
  chart: setup({
    types: { events: {} as ChartEvent },
    actions: { startChildRun: (_, _params: StartChildRunParams) => undefined },
  }).createMachine({
    id: 'parent',
    initial: 'waiting',
    states: {
      waiting: {
        entry: { type: 'startChildRun', params: { agent: 'asked', input: 'go', key: 'only' } },
        on: { ChildRunSucceeded: 'done', ChildRunFailed: 'failed' },
      },
      done: { type: 'final' },
      failed: { type: 'final', tags: 'failed' },
    },
  }),
})
