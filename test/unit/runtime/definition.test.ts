import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { Guardrails } from '../../../src/guardrails/guardrail.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import type { Effect, Tool } from '../../../src/tools/tool.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

interface Code {
  readonly instructions: string
  readonly effect: Effect
  readonly input: z.ZodType<{ readonly sum?: unknown }>
  readonly approval: boolean | ((input: unknown) => boolean)
  readonly guardrails: Guardrails
  /** What it does never comes to its end. */
  readonly hangs?: boolean
}

const code: Code = { instructions: 'Pay.', effect: 'idempotent', input: z.object({ sum: z.number() }), approval: true, guardrails: {} }

const toolOf = (done: unknown[], { effect, input, approval, hangs }: Code): Tool =>
  defineTool({
    name: 'pay',
    description: 'Pays.',
    input,
    output: z.object({ ok: z.boolean() }),
    effect,
    approval,
    execute: (given) => {
      done.push(given)
      return hangs === true ? new Promise<never>(() => undefined) : Promise.resolve({ ok: true })
    },
  })

const cashier = (done: unknown[], changed: Partial<Code> = {}): Agent => {
  const now = { ...code, ...changed }
  const { instructions, guardrails } = now
  return defineAgent({ name: 'cashier', version: '1', instructions, models: ['scripted/one'], tools: [toolOf(done, now)], guardrails })
}

/** A log that outlives its processes, each with code of its own. */
const shared = (args: object = { sum: 5 }) => {
  const clock = manualClock()
  const log = memoryEventLog({ clock })
  const done: unknown[] = []
  const script = scriptedModel((_, call) => (call === 1 ? toolCalls([{ name: 'pay', arguments: args as never }]) : answer('Done.')))
  const opened = (changed?: Partial<Code>, owner?: string): World =>
    openWorld({
      agents: [cashier(done, changed)],
      log,
      clock,
      models: { scripted: script },
      ...(owner === undefined ? {} : { owner }),
      ownerIsGone: (other) => other.startsWith('gone'),
    })
  return { done, opened }
}

const changesTold = ({ notices }: World): unknown[] => notices.filter(({ type }) => type === 'agentChanged')

const blocker = (name: string, limit: number) => ({
  name,
  check: limit === 1 ? () => ({ verdict: 'allow' as const }) : () => ({ verdict: 'block' as const, reason: 'no' }),
})

describe('an agent that was changed under one version', () => {
  test.for<[string, Partial<Code>, Partial<Code>, string[]]>([
    ['its instructions', {}, { instructions: 'Pay more.' }, ['the prompt']],
    ['the effect of a tool', {}, { effect: 'read' }, ['the effect of pay (idempotent, now read)']],
    ['the input of a tool', {}, { input: z.object({ sum: z.number().max(9) }) }, ['the prompt', 'the input of pay']],
    ['the approval of a tool', {}, { approval: false }, ['the approval of pay']],
    ['the rule of an approval', { approval: () => 1 < 2 }, { approval: () => 1 < 3 }, ['the approval of pay']],
    ['a guardrail that is gone', { guardrails: { action: [blocker('strict', 1)] } }, {}, ['the guardrail action strict is gone']],
    ['a guardrail that is new', {}, { guardrails: { input: [blocker('strict', 1)] } }, ['the guardrail input strict is new']],
    [
      'what a guardrail does',
      { guardrails: { action: [blocker('strict', 1)] } },
      { guardrails: { action: [blocker('strict', 2)] } },
      ['the guardrail action strict'],
    ],
  ])('is told of, once, by what it is that changed: %s', async ([_, before, after, changes]) => {
    const { opened } = shared()
    const first = opened(before)
    const run = await first.refold.start('cashier', { message: 'Pay 5.' })
    await settle(first, run)
    expect(changesTold(first)).toEqual([])
    const later = opened(after)
    await later.refold.run(run.id).state()
    await later.refold.run(run.id).at(0)
    expect(changesTold(later)).toEqual([{ type: 'agentChanged', agent: 'cashier@1', runId: run.id, changes }])
  })

  test('is recorded at the start of each run, with nothing of the code itself', async () => {
    const { opened } = shared()
    const world = opened()
    await world.refold.start('cashier', { runId: 'one' })
    const [started] = await eventsOf(world, 'one')
    expect(started?.data).toMatchObject({
      definition: {
        promptHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        tools: { pay: { effect: 'idempotent', input: expect.stringMatching(/^[0-9a-f]{16}$/) as string } },
        guardrails: {},
        fold: 1,
      },
    })
  })
})

describe('what was granted before the schema of its tool was changed', () => {
  const granted = async (args: object, before: Partial<Code>, after: Partial<Code>) => {
    const { done, opened } = shared(args)
    const first = opened(before)
    const run = await first.refold.start('cashier', { message: 'Pay.' })
    const { approvals } = await settle(first, run)
    await first.refold.close({ graceMs: 0 })
    const world = opened(after)
    const later = world.refold.run(run.id)
    await later.approve(approvals[0]!.callId, { by: 'dana' })
    await settle(world, later)
    const rejected = (await eventsOf(world, run.id)).find(({ type }) => type === 'ToolCallRejected')
    return { done, rejected: rejected?.data }
  }

  test.for<[string, z.ZodType<{ readonly sum?: unknown }>, string]>([
    ['does not fit any more', z.object({ sum: z.number().max(3) }), 'Too big'],
    ['has another type', z.object({ sum: z.string() }), 'expected string'],
    ['would lose a member', z.object({}), 'changed to another'],
    ['would be given another value', z.object({ sum: z.number().transform((sum) => sum * 100) }), 'changed to another'],
    ['would get a new member', z.object({ sum: z.number(), currency: z.string().default('EUR') }), 'changed to another'],
  ])('is rejected and not executed where it %s', async ([_, input, problem]) => {
    const { done, rejected } = await granted({ sum: 5 }, {}, { input })
    expect(done).toEqual([])
    expect(rejected).toMatchObject({ reason: 'invalidArguments', message: expect.stringContaining(problem) as string })
    expect(rejected).toMatchObject({ message: expect.stringContaining('pay takes no longer what was checked before') as string })
  })

  test('is executed as it was granted where the new schema lets it through unchanged', async () => {
    const wider = z.object({ sum: z.number().max(1_000), currency: z.string().optional() })
    expect(await granted({ sum: 5 }, {}, { input: wider })).toEqual({ done: [{ sum: 5 }], rejected: undefined })
  })

  test('is executed where the schema is the same and transforms what the model wrote', async () => {
    const input = z.object({ sum: z.string().transform(Number) })
    expect(await granted({ sum: '5' }, { input }, { input })).toEqual({ done: [{ sum: 5 }], rejected: undefined })
  })

  test('is executed where the schema is the same and fills in something new each time', async () => {
    let count = 0
    const input = z.object({ sum: z.number(), mark: z.number().default(() => ++count) })
    expect(await granted({ sum: 5 }, { input }, { input })).toEqual({
      done: [{ sum: 5, mark: expect.any(Number) as number }],
      rejected: undefined,
    })
  })
})

describe('a call that was under way when the code of its tool was changed', () => {
  const takenOver = async (before: Partial<Code>, after: Partial<Code>) => {
    const { done, opened } = shared()
    const first = opened({ ...before, approval: false, hangs: true }, 'gone/1/b')
    const run = await first.refold.start('cashier', { runId: 'run-1', message: 'Pay 5.' })
    while (done.length === 0) await nextTurn()
    const world = opened({ ...after, approval: false })
    await world.refold.runtime.wake(run.id)
    const view = await settle(world, world.refold.run(run.id))
    return { times: done.length, view, types: (await eventsOf(world, run.id)).map(({ type }) => type) }
  }

  test('is made again where it may be repeated by both', async () => {
    expect(await takenOver({}, { effect: 'read' })).toMatchObject({ times: 2, view: { answer: 'Done.' } })
  })

  test.for<[Effect, Effect]>([
    ['once', 'read'],
    ['once', 'idempotent'],
    ['idempotent', 'once'],
    ['once', 'once'],
  ])('is for a look-up or a person, and never made again, where either says once: %s, now %s', async ([before, after]) => {
    const { times, view, types } = await takenOver({ effect: before }, { effect: after })
    expect(times).toBe(1)
    expect(view.waitsFor).toBe('human')
    expect(types).toContain('ToolCallUnresolved')
  })

  test.for<[Effect, string]>([
    ['read', 'ToolCallFailed'],
    ['idempotent', 'ToolCallUnresolved'],
  ])('is not made again where its input does not fit any more: %s', async ([effect, type]) => {
    const { times, types } = await takenOver({ effect }, { effect, input: z.object({ sum: z.string() }) })
    expect(times).toBe(1)
    expect(types).toContain(type)
  })
})
