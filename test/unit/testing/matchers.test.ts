import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, defineTool, type RunView } from 'refold'
import { answer, openTestRefold, runMatchers, scriptedModel, toolCalls, type RunMatchers } from 'refold/testing'

expect.extend(runMatchers)
/** As a project declares it, see docs/testing.md. */
const expectRun = expect as unknown as (view: RunView) => RunMatchers & { readonly not: RunMatchers }

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
  expectRun(asked).toWaitFor('approval')
  expectRun(paid).toHaveCalled('refund')
  expectRun(paid).toHaveCalled('refund', { usd: 30 })
  expectRun(paid).toHaveAnswered('Paid.')
  expectRun(paid).toHaveAnswered(/^Paid/)
  expectRun(paid).toHaveSpentAtMost({ tokens: 100_000, costUsd: 0 })
  expectRun(paid).not.toHaveCalled('charge')
  expectRun(paid).not.toHaveSpentAtMost({ tokens: 1 })
})

test.each<readonly [string, () => void]>([
  [
    'Expected a call of refund with { usd: 31 }, found refund { usd: 30 } (one of desk@1)',
    () => expectRun(paid).toHaveCalled('refund', { usd: 31 }),
  ],
  ['Expected not a call of refund, found refund { usd: 30 } (one of desk@1)', () => expectRun(paid).not.toHaveCalled('refund')],
  ['Expected to wait for human, found that it waits for approval in acting (one of desk@1)', () => expectRun(asked).toWaitFor('human')],
  ["Expected the answer 'Done.', found 'Paid.' (one of desk@1)", () => expectRun(paid).toHaveAnswered('Done.')],
  ['Expected the answer /x/, found no answer, in acting (one of desk@1)', () => expectRun(asked).toHaveAnswered(/x/)],
])('and what it did instead: %s', (message, check) => {
  expect(messageOf(check)).toBe(message)
})
