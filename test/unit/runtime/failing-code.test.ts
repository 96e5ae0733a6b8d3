import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Guardrails } from '../../../src/guardrails/guardrail.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import type { ToolOptions } from '../../../src/tools/tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

interface Given {
  readonly guardrails?: Guardrails
  readonly tool?: Partial<ToolOptions<{ amount: number }, string>>
  readonly output?: AgentOptions<unknown>['output']
  readonly answers?: readonly string[]
}

/** One message to an agent with a `once` tool, which it calls once before it answers. */
const payFor = async ({ guardrails, tool, output, answers = ['Paid.'] }: Given) => {
  let paid = 0
  const pay = defineTool({
    name: 'pay',
    description: 'Pays',
    input: z.object({ amount: z.number() }),
    output: z.string(),
    effect: 'once',
    execute: () => Promise.resolve(`paid ${++paid}`),
    ...tool,
  })
  const agent = defineAgent({
    name: 'clerk',
    version: '1',
    instructions: 'Pay.',
    models: ['scripted/one'],
    tools: [pay],
    ...(guardrails === undefined ? {} : { guardrails }),
    ...(output === undefined ? {} : { output }),
  })
  const script = [toolCalls([{ name: 'pay', arguments: { amount: 7 } }]), ...answers.map((text) => answer(text))]
  const world = openWorld({ agents: [agent], models: { scripted: scriptedModel(script) } })
  const run = await world.refold.start('clerk', { message: 'Pay 7' })
  const view = await settle(world, run)
  return { world, run, view, events: await eventsOf(world, run.id), paid: () => paid }
}

const SECRET = 'password=hunter2'
const failing = (): never => {
  throw new Error(SECRET)
}
const wrongAnswers: [string, () => unknown][] = [
  ['throws', failing],
  [
    'throws a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      throw proxy
    },
  ],
  ['answers later', () => Promise.resolve({ verdict: 'allow' })],
  ['fails later', () => Promise.reject(new Error('too late'))],
  ['gives an unknown verdict', () => ({ verdict: 'approve' })],
  ['gives nothing', () => undefined],
  ['gives a text', () => 'allow'],
  [
    'gives a verdict that cannot be read',
    () => ({
      get verdict(): never {
        return failing()
      },
    }),
  ],
]

describe('an action guardrail', () => {
  test.each([...wrongAnswers, ['redacts', () => ({ verdict: 'redact', text: '{}', reason: 'less' })] as const])(
    'that %s blocks the call, and the run goes on',
    async (_, check) => {
      const { view, paid, events } = await payFor({ guardrails: { action: [{ name: 'spending', check: check as never }] } })
      expect(paid()).toBe(0)
      expect(view.answer).toBe('Paid.')
      expect(events.find(({ type }) => type === 'ToolCallRejected')).toMatchObject({
        data: { reason: 'guardrail', guardrail: 'spending', cause: expect.any(String) as string },
      })
    },
  )

  test('that throws is told to the operator, not to the model', async () => {
    const { view, world, run } = await payFor({ guardrails: { action: [{ name: 'spending', check: failing }] } })
    expect(JSON.stringify(view.transcript)).not.toContain(SECRET)
    expect(world.notices).toContainEqual({ type: 'codeFailed', runId: run.id, callId: expect.any(String) as string, message: SECRET })
  })

  test('cannot change what is executed', async () => {
    const got: unknown[] = []
    const change = (action: { readonly input: unknown }): { verdict: 'allow' } => {
      Object.assign(action.input as object, { amount: 7_000 })
      return { verdict: 'allow' }
    }
    const { events } = await payFor({
      guardrails: { action: [{ name: 'odd', check: change }] },
      tool: { execute: (input) => Promise.resolve(String(got.push(input))) },
    })
    expect(got).toEqual([])
    expect(events.find(({ type }) => type === 'ToolCallRejected')).toMatchObject({ data: { guardrail: 'odd' } })
  })
})

describe('a guardrail over texts', () => {
  test.each(wrongAnswers)('of what users say rejects it where it %s', async (_, check) => {
    const { events, view, paid } = await payFor({ guardrails: { input: [{ name: 'topics', check: check as never }] } })
    expect(paid()).toBe(0)
    expect(view.waitsFor).toBe('message')
    expect(events.find(({ type }) => type === 'InputRejected')).toMatchObject({
      data: { guardrail: 'topics', cause: expect.any(String) as string },
    })
  })

  test.each(wrongAnswers)('of what the agent says keeps it back where it %s', async (_, check) => {
    const { events, view } = await payFor({
      guardrails: { output: [{ name: 'tone', check: check as never }] },
      answers: ['One.', 'Two.', 'Three.'],
    })
    expect(view.waitsFor).toBe('human')
    expect(events.filter(({ type }) => type === 'OutputRejected')).toHaveLength(3)
    expect(events.filter(({ type }) => type === 'ModelCallSucceeded')).toHaveLength(4)
  })

  test('with evidence without end has it cut', async () => {
    const check = () => ({ verdict: 'block' as const, reason: 'long', evidence: 'é'.repeat(1_000_000) })
    const { events } = await payFor({ guardrails: { input: [{ name: 'long', check }] } })
    const rejected = events.find(({ type }) => type === 'InputRejected')
    expect(rejected?.type === 'InputRejected' && rejected.data.evidence).toHaveLength(10_000)
  })
})

describe('the approval rule of a tool', () => {
  test.each<[string, () => unknown]>([
    ['throws', failing],
    ['answers later', () => Promise.resolve(false)],
    ['fails later', () => Promise.reject(new Error('too late'))],
    ['gives no answer', () => undefined],
    ['gives a text', () => 'no'],
    ['gives 0', () => 0],
  ])('that %s asks a person, and the paid answer is recorded', async (_, approval) => {
    const { view, paid, events, run, world } = await payFor({ tool: { approval: approval as never } })
    expect(paid()).toBe(0)
    expect(view.waitsFor).toBe('approval')
    expect(events.map(({ type }) => type)).toContain('ModelCallSucceeded')
    expect(events.find(({ type }) => type === 'ApprovalRequested')).toMatchObject({
      data: { reason: expect.stringContaining('could not tell') as string, cause: expect.any(String) as string },
    })
    await run.approve(view.approvals[0]!.callId, { by: 'ann' })
    expect((await settle(world, run)).answer).toBe('Paid.')
    expect(paid()).toBe(1)
  })

  test('cannot change what is executed', async () => {
    const got: unknown[] = []
    const { view, run, world } = await payFor({
      tool: {
        approval: (input) => {
          input.amount = 7_000
          return false
        },
        execute: (input) => Promise.resolve(String(got.push(input))),
      },
    })
    expect(view.approvals[0]?.subject).toEqual({ tool: 'pay', input: { amount: 7 } })
    await run.approve(view.approvals[0]!.callId, { by: 'ann' })
    await settle(world, run)
    expect(got).toEqual([{ amount: 7 }])
  })
})

describe('a schema that throws', () => {
  const never = z.object({ amount: z.number() }).refine(failing)

  test('over the input of a tool rejects the call, and says nothing of why to the model', async () => {
    const { view, paid, events } = await payFor({ tool: { input: never } })
    expect(paid()).toBe(0)
    expect(view.answer).toBe('Paid.')
    expect(events.find(({ type }) => type === 'ToolCallRejected')).toMatchObject({
      data: { reason: 'invalidArguments', message: 'The arguments of pay do not fit: it could not be checked', cause: SECRET },
    })
    expect(JSON.stringify(view.transcript)).not.toContain(SECRET)
  })

  test('over the output of an agent keeps the answer back', async () => {
    const { view, events } = await payFor({ output: never, answers: ['{"amount":1}', '{"amount":2}', '{"amount":3}'] })
    expect(view.waitsFor).toBe('human')
    expect(events.find(({ type }) => type === 'OutputRejected')).toMatchObject({
      data: { reason: 'it could not be checked', cause: SECRET },
    })
  })
})
