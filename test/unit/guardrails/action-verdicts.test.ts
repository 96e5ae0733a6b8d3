import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { checkAction, type ActionGuardrail, type Verdict } from '../../../src/guardrails/guardrail.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import type { RunContext } from '../../../src/projections/run-context.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const says = (name: string, verdict: Verdict): ActionGuardrail => ({ name, check: () => verdict })
const allows = says('calm', { verdict: 'allow' })
const asks = says('careful', { verdict: 'ask', reason: 'a large sum' })
const blocks = says('strict', { verdict: 'block', reason: 'never' })
const redacts = says('mask', { verdict: 'redact', text: 'x', reason: 'a secret' })

const run: RunContext = {
  runId: 'r',
  tenant: undefined,
  context: null,
  messageData: null,
  dependencies: {},
  projection: (projection) => projection.initial(),
}

describe('what action guardrails say of a tool call', () => {
  test.for([
    { case: 'nobody says anything', guardrails: [], verdict: { verdict: 'allow' } },
    { case: 'all allow it', guardrails: [allows, allows], verdict: { verdict: 'allow' } },
    { case: 'one asks', guardrails: [asks], verdict: { verdict: 'ask', guardrail: 'careful', reason: 'a large sum' } },
    { case: 'one asks and the others allow', guardrails: [allows, asks, allows], verdict: { verdict: 'ask', guardrail: 'careful' } },
    { case: 'one would redact it, which nobody can', guardrails: [redacts, asks], verdict: { verdict: 'block' } },
    { case: 'one blocks before another asks', guardrails: [blocks, asks], verdict: { verdict: 'block', guardrail: 'strict' } },
    { case: 'one blocks after another asked', guardrails: [asks, blocks], verdict: { verdict: 'block', guardrail: 'strict' } },
    { case: 'two ask', guardrails: [asks, says('second', { verdict: 'ask', reason: 'too' })], verdict: { guardrail: 'careful' } },
  ])('is the strictest word where $case', ({ guardrails, verdict }) => {
    expect(checkAction(guardrails, { tool: 'pay', effect: 'once', input: {} }, run)).toMatchObject(verdict)
  })
})

describe('a tool call that an action guardrail asks about', () => {
  const paid: unknown[] = []
  const pay = defineTool({
    name: 'pay',
    description: 'Pays.',
    input: z.object({ sum: z.number() }),
    output: z.object({ ok: z.boolean() }),
    effect: 'once',
    execute: (input) => {
      paid.push(input)
      return Promise.resolve({ ok: true })
    },
  })
  const agent = defineAgent({
    name: 'cashier',
    version: '1',
    instructions: 'Pay.',
    models: ['scripted/one'],
    tools: [pay],
    guardrails: {
      action: [
        {
          name: 'large',
          check: ({ input }) => ((input as { sum: number }).sum > 100 ? { verdict: 'ask', reason: 'a large sum' } : { verdict: 'allow' }),
        },
      ],
    },
  })
  const script = () => scriptedModel([toolCalls([{ name: 'pay', arguments: { sum: 500 } }]), answer('Done.')])

  test('runs only after a person has granted it', async () => {
    const world = openWorld({ agents: [agent], models: { scripted: script() } })
    const run = await world.refold.start('cashier', { message: 'Pay 500.' })
    const asked = await settle(world, run)
    expect(asked).toMatchObject({ waitsFor: 'approval', approvals: [{ subject: { tool: 'pay', input: { sum: 500 } } }] })
    expect(paid).toEqual([])
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'ApprovalRequested')?.data).toMatchObject({ reason: 'a large sum' })
    await run.approve(asked.approvals[0]!.callId, { by: 'dana' })
    await settle(world, run)
    expect(paid).toEqual([{ sum: 500 }])
  })
})
