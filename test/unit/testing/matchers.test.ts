import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, defineTool } from 'refold'
import { answer, openTestRefold, runMatchers, scriptedModel, toolCalls, type RunMatchers } from 'refold/testing'

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends RunMatchers<R> {}
}

expect.extend(runMatchers)

const refund = defineTool({
  name: 'refund',
  description: 'Pays money back',
  input: z.object({ usd: z.number() }),
  output: z.boolean(),
  effect: 'once',
  approval: true,
  execute: () => Promise.resolve(true),
})
const desk = defineAgent({ name: 'desk', version: '1', instructions: 'Help.', models: ['shop/one'], tools: [refund] })
const models = { shop: scriptedModel([toolCalls([{ name: 'refund', arguments: { usd: 30 } }]), answer('Paid.')]) }
const refold = await openTestRefold({ agents: [desk], models })
const run = await refold.start(desk, { runId: 'one', message: 'Hello' })
const asked = await refold.settle(run)
await run.approve(asked.approvals[0]!.callId, { by: 'dana' })
const paid = await refold.settle(run)

const messageOf = (check: () => void): string => {
  try {
    check()
  } catch (error) {
    return (error as Error).message
  }
  return 'it holds'
}

test('matchers say of a run what it did', () => {
  expect(asked).toWaitFor('approval')
  expect(paid).toHaveCalled('refund')
  expect(paid).toHaveCalled('refund', { usd: 30 })
  expect(paid).toHaveAnswered('Paid.')
  expect(paid).toHaveAnswered(/^Paid/)
  expect(paid).toHaveSpentAtMost({ tokens: 100_000, costUsd: 0 })
  expect(paid).not.toHaveCalled('charge')
  expect(paid).not.toHaveSpentAtMost({ tokens: 1 })
})

test.each<readonly [string, () => void]>([
  [
    'Expected a call of refund with { usd: 31 }, found refund { usd: 30 } (one of desk@1)',
    () => expect(paid).toHaveCalled('refund', { usd: 31 }),
  ],
  ['Expected not a call of refund, found refund { usd: 30 } (one of desk@1)', () => expect(paid).not.toHaveCalled('refund')],
  ['Expected to wait for human, found that it waits for approval in acting (one of desk@1)', () => expect(asked).toWaitFor('human')],
  ["Expected the answer 'Done.', found 'Paid.' (one of desk@1)", () => expect(paid).toHaveAnswered('Done.')],
  ['Expected the answer /x/, found no answer, in acting (one of desk@1)', () => expect(asked).toHaveAnswered(/x/)],
])('and what it did instead: %s', (message, check) => {
  expect(messageOf(check)).toBe(message)
})
