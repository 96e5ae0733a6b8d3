import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { RunEvent } from '../../../src/events/envelope.ts'
import type { Json, JsonObject } from '../../../src/json.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure, type ToolContext, type ToolOptions } from '../../../src/tools/tool.ts'
import { eventsOf, manualClock, openWorld, settle, type WorldOptions } from '../../support/world.ts'

interface Refund {
  readonly order: string
  readonly amount: number
  readonly note: string
}

interface Done {
  readonly input: Refund
  readonly key: string
}

const ASKED = { order: '18', amount: 90, note: '-' }
const CHANGED = { order: '18', amount: 40, note: 'half' }

const paid = (input: Refund): Promise<unknown> => Promise.resolve(`paid ${input.amount}`)

/** A desk that pays back, and writes down what it is given. */
const openDesk = ({
  tool = {},
  agent = {},
  execute = paid,
  asks = [{ order: '18', amount: 90 }],
  ...world
}: {
  readonly tool?: Partial<ToolOptions<Refund, unknown>>
  readonly agent?: Partial<AgentOptions<unknown>>
  readonly execute?: (input: Refund, context: ToolContext) => Promise<unknown>
  readonly asks?: readonly JsonObject[]
} & Partial<WorldOptions> = {}) => {
  const done: Done[] = []
  const refund = defineTool<Refund, unknown>({
    name: 'refund',
    description: 'Pays back',
    input: z.object({ order: z.string(), amount: z.number().max(100), note: z.string().default('-') }),
    output: z.unknown(),
    effect: 'once',
    approval: true,
    ...tool,
    execute: (input, context) => {
      done.push({ input: structuredClone(input), key: context.idempotencyKey })
      return execute(input, context)
    },
  })
  const script = scriptedModel([
    ...asks.map((given) => toolCalls([{ name: 'refund', arguments: given }])),
    answer('Done.'),
    answer('Gladly.'),
  ])
  const shop = defineAgent({ name: 'shop', version: '1', instructions: '', models: ['scripted/one'], tools: [refund], ...agent })
  return { ...openWorld({ agents: [shop], models: { scripted: script }, ...world }), done }
}

type Desk = ReturnType<typeof openDesk>

const asked = async (desk: Desk) => {
  const run = await desk.refold.start('shop', { runId: 'run-1', message: 'Refund 18' })
  const [approval] = (await settle(desk, run)).approvals
  return { run, callId: approval!.callId, digest: approval!.digest }
}

const dataOf = <Type extends RunEvent['type']>(events: readonly RunEvent[], type: Type) =>
  events.flatMap((event) => (event.type === type ? [event.data as Extract<RunEvent, { type: Type }>['data']] : []))

const toldIn = (transcript: readonly { readonly role: string; readonly parts: readonly unknown[] }[]) =>
  transcript.filter(({ role }) => role === 'tool').map(({ parts }) => parts)

const NOTE = `The arguments of this call were changed by dana, who approved it, to ${JSON.stringify(CHANGED)}`

describe('an approval that is granted with changed arguments', () => {
  test('executes exactly these, once, and the log says what was asked and what was granted', async () => {
    const desk = openDesk()
    const { run, callId, digest } = await asked(desk)
    await run.approve(callId, { by: 'dana', digest, input: CHANGED })
    await settle(desk, run)
    expect(desk.done.map(({ input }) => input)).toEqual([CHANGED])
    const events = await eventsOf(desk, run.id)
    const [question] = dataOf(events, 'ApprovalRequested')
    const [granted] = dataOf(events, 'ApprovalGranted')
    expect(question?.subject.input).toEqual(ASKED)
    expect(granted).toMatchObject({
      callId,
      digest,
      by: 'dana',
      input: CHANGED,
      inputDigest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    })
    expect(granted?.inputDigest).not.toBe(digest)
    expect(dataOf(events, 'ToolCallRequested')).toMatchObject([{ input: CHANGED }])
    expect(await run.verify()).toMatchObject({ ok: true })
  })

  test.each<[string, Parameters<typeof openDesk>[0], string]>([
    ['that it has happened', {}, `paid 40\n${NOTE}`],
    [
      'why it failed',
      { execute: () => Promise.reject(new ToolFailure('the till is closed', { happened: false })) },
      `the till is closed\n${NOTE}`,
    ],
  ])('tells the model, with %s, who has changed them and to what', async (_, options, told) => {
    const prompts: string[] = []
    const desk = openDesk({
      ...options,
      models: {
        scripted: scriptedModel((request) => {
          prompts.push(JSON.stringify(request.messages))
          return request.messages.length === 1 ? toolCalls([{ name: 'refund', arguments: { order: '18', amount: 90 } }]) : answer('Done.')
        }),
      },
    })
    const { run, callId } = await asked(desk)
    await run.approve(callId, { by: 'dana', input: CHANGED })
    expect(toldIn((await settle(desk, run)).transcript)).toEqual([[{ type: 'text', text: told }]])
    expect(prompts.at(-1)).toContain(JSON.stringify(told))
    expect(await run.verify()).toMatchObject({ ok: true })
  })

  test('is no other than a plain grant where nothing was changed', async () => {
    const desk = openDesk()
    const { run, callId } = await asked(desk)
    await run.approve(callId, { by: 'dana', input: { note: '-', amount: 90, order: '18' } })
    expect(toldIn((await settle(desk, run)).transcript)).toEqual([[{ type: 'text', text: 'paid 90' }]])
    expect(dataOf(await eventsOf(desk, run.id), 'ApprovalGranted')[0]).not.toHaveProperty('input')
  })

  test.each<[string, Json, RegExp, string?]>([
    ['that do not fit', { ...CHANGED, amount: 'forty' }, /takes as they are, found some that do not fit: .*expected number/s],
    ['beyond what the tool allows', { ...CHANGED, amount: 101 }, /found some that do not fit: .*101|<=100/s],
    ['of no call at all', 'forty', /found some that do not fit/],
    ['that lack what the tool fills in', { order: '18', amount: 40 }, /its schema turns into \{"amount":40,"note":"-","order":"18"\}/],
    ['with a field that the tool knows nothing of', { ...CHANGED, amonut: 7 }, /its schema turns into/],
    [
      'that a guardrail blocks',
      { ...CHANGED, amount: 13 },
      /that may be executed, found some of which the guardrail unlucky says no: not 13/,
    ],
    ['of more than 1 MiB', { ...CHANGED, note: 'x'.repeat(1024 * 1024) }, /of 1048576 bytes at most, found/, 'TooLarge'],
  ])('refuses arguments %s, and stays open', async (_, input, message, code = 'InvalidInput') => {
    const unlucky = {
      name: 'unlucky',
      check: ({ input: given }: { input: unknown }) =>
        (given as Refund).amount === 13 ? ({ verdict: 'block', reason: 'not 13' } as const) : ({ verdict: 'allow' } as const),
    }
    const desk = openDesk({ agent: { guardrails: { action: [unlucky] } } })
    const { run, callId, digest } = await asked(desk)
    const before = (await run.state()).revision
    const refused = await run.approve(callId, { by: 'dana', input }).then(
      () => undefined,
      (error: unknown) => error as Error,
    )
    expect(refused).toMatchObject({ code, message: expect.stringMatching(message) as string })
    expect(await run.state()).toMatchObject({ revision: before, approvals: [{ callId, digest }] })
    await run.approve(callId, { by: 'dana', digest })
    await settle(desk, run)
    expect(desk.done.map(({ input: given }) => given)).toEqual([ASKED])
  })

  test('asks nobody once more, though the rule of the tool or a guardrail would', async () => {
    const careful = { name: 'careful', check: () => ({ verdict: 'ask', reason: 'money' }) as const }
    const desk = openDesk({ agent: { guardrails: { action: [careful] } }, tool: { approval: ({ amount }) => amount > 10 } })
    const { run, callId } = await asked(desk)
    await run.approve(callId, { by: 'dana', input: CHANGED })
    expect(await settle(desk, run)).toMatchObject({ waitsFor: 'message', approvals: [] })
    expect(desk.done).toHaveLength(1)
  })

  test('holds for the code that throws no verdict: a guardrail that falls over blocks them', async () => {
    let isBroken = false
    const fragile = {
      name: 'fragile',
      check: () => {
        if (isBroken) throw new Error('it fell over')
        return { verdict: 'allow' } as const
      },
    }
    const desk = openDesk({ agent: { guardrails: { action: [fragile] } } })
    const { run, callId } = await asked(desk)
    isBroken = true
    await expect(run.approve(callId, { by: 'dana', input: CHANGED })).rejects.toThrow('the guardrail fragile says no')
    expect(desk.done).toEqual([])
  })

  test('is granted once of two people who change them at once: the other one is told who was first', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const desk = openDesk({ log, clock })
    const other = openDesk({ log, clock, owner: 'here/2/bb' })
    const { run, callId, digest } = await asked(desk)
    const grants = [
      run.approve(callId, { by: 'dana', digest, input: CHANGED }),
      other.refold.run(run.id).approve(callId, { by: 'erin', digest, input: { ...CHANGED, amount: 50 } }),
    ]
    const results = await Promise.allSettled(grants)
    const lost = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(lost).toHaveLength(1)
    const isDana = results[0]?.status === 'fulfilled'
    expect((lost[0]?.reason as Error).message).toContain(`${isDana ? 'dana' : 'erin'} granted it with changed arguments at`)
    await settle(desk, run)
    expect([...desk.done, ...other.done].map(({ input }) => input.amount)).toEqual([isDana ? 40 : 50])
  })

  test('is one command where it is repeated under its id, and another one with other arguments', async () => {
    const desk = openDesk()
    const { run, callId } = await asked(desk)
    const command = { type: 'approve', callId, by: 'dana', input: CHANGED } as const
    const origin = { commandId: 'click-1' }
    await desk.refold.runtime.command(run.id, command, origin)
    await settle(desk, run)
    await desk.refold.runtime.command(run.id, command, origin)
    await expect(desk.refold.runtime.command(run.id, { ...command, input: { ...CHANGED, amount: 41 } }, origin)).rejects.toMatchObject({
      code: 'IdempotencyKeyReused',
      message: expect.stringContaining('"amount":41') as string,
    })
    const { input: _, ...plain } = command
    await expect(desk.refold.runtime.command(run.id, plain, origin)).rejects.toMatchObject({ code: 'IdempotencyKeyReused' })
    expect(desk.done).toHaveLength(1)
  })
})

describe('a call with changed arguments', () => {
  test('is executed with them at every attempt, under one key, whatever an attempt makes of its input', async () => {
    let attempts = 0
    const desk = openDesk({
      tool: { effect: 'idempotent', retry: { attempts: 3, baseDelayMs: 10 } },
      execute: (input) => {
        Object.assign(input, { amount: 0 })
        return ++attempts < 3 ? Promise.reject(new ToolFailure('busy', { retryable: true })) : Promise.resolve('paid')
      },
    })
    const { run, callId } = await asked(desk)
    await run.approve(callId, { by: 'dana', input: CHANGED })
    await settle(desk, run)
    expect(desk.done.map(({ input }) => input)).toEqual([CHANGED, CHANGED, CHANGED])
    expect(new Set(desk.done.map(({ key }) => key)).size).toBe(1)
  })

  test('is the act that these name: its key is of what is executed', async () => {
    const desk = openDesk({ tool: { idempotencyKey: ({ order, amount }) => `${order} ${amount}` } })
    const { run, callId } = await asked(desk)
    await run.approve(callId, { by: 'dana', input: CHANGED })
    await settle(desk, run)
    expect(desk.done).toEqual([{ input: CHANGED, key: 'refund:18 40' }])
  })

  test('cannot be made one that was done already, nor one of which nobody can say which act it is', async () => {
    const desk = openDesk({
      tool: {
        idempotencyKey: ({ order }) => {
          if (order === '?') throw new Error('no order')
          return order
        },
      },
      asks: [
        { order: '17', amount: 1 },
        { order: '18', amount: 90 },
      ],
    })
    const first = await asked(desk)
    await first.run.approve(first.callId, { by: 'dana' })
    const [second] = (await settle(desk, first.run)).approvals
    const grant = (order: string) => first.run.approve(second!.callId, { by: 'dana', input: { ...CHANGED, order } })
    await expect(grant('17')).rejects.toThrow(/was the same act \(17\)/)
    await expect(grant('?')).rejects.toThrow('refund could not tell which act they are: no order')
    await grant('19')
    await settle(desk, first.run)
    expect(desk.done.map(({ key }) => key)).toEqual(['refund:17', 'refund:19'])
  })

  test('that nobody knows the outcome of is looked up with them, by another process', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const dying = openDesk({ log, clock, execute: () => new Promise(() => undefined) })
    const { run, callId } = await asked(dying)
    await run.approve(callId, { by: 'dana', input: CHANGED })
    for (let turn = 0; turn < 50; turn++) await nextTurn()
    expect(dying.done).toHaveLength(1)
    const looked: unknown[] = []
    const next = openDesk({
      log,
      clock,
      owner: 'here/2/bb',
      ownerIsGone: (owner) => owner === 'here/1/a',
      tool: {
        lookup: (key, { input }) => {
          looked.push(input, key)
          return Promise.resolve({ found: 'succeeded', output: 'it was paid' })
        },
      },
      models: { scripted: scriptedModel([answer('Done.')]) },
    })
    await next.refold.runtime.wake(run.id)
    const { transcript } = await settle(next, next.refold.run(run.id))
    expect(looked).toEqual([CHANGED, dying.done[0]?.key])
    expect(next.done).toEqual([])
    expect(toldIn(transcript)).toEqual([[{ type: 'text', text: `it was paid\n${NOTE}` }]])
  })

  test('keeps arguments beyond what an event holds where they are deleted with their run', async () => {
    const desk = openDesk()
    const { run, callId } = await asked(desk)
    const input = { ...CHANGED, note: 'secret '.repeat(20_000) }
    await run.approve(callId, { by: 'dana', input })
    await settle(desk, run)
    expect(desk.done[0]?.input).toEqual(input)
    const [stored] = (await eventsOf(desk, run.id)).filter(({ type }) => type === 'ApprovalGranted')
    expect(stored?.meta.blobs).toEqual(['input'])
    expect(await run.verify()).toMatchObject({ ok: true })
    expect((await run.at(stored!.revision)).toolCalls).toMatchObject([{ callId, input }])
  })

  test('moves to a version that takes them, and not to one that does not', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const desk = openDesk({ log, clock })
    const { run, callId } = await asked(desk)
    await run.pause({ by: 'dana' })
    await run.approve(callId, { by: 'dana', input: CHANGED })
    const next = (version: string, largest: number) =>
      openDesk({
        log,
        clock,
        owner: `here/2/${'b'.repeat(largest)}`,
        agent: { version },
        tool: { input: z.object({ order: z.string(), amount: z.number().max(largest), note: z.string() }) },
        models: { scripted: scriptedModel([answer('Done.')]) },
      })
    await expect(next('2', 30).refold.run(run.id).move({ by: 'dana', to: '2' })).rejects.toThrow(
      'refund takes no longer what was checked before',
    )
    const third = next('3', 50)
    await third.refold.run(run.id).move({ by: 'dana', to: '3' })
    await third.refold.run(run.id).resume({ by: 'dana' })
    await settle(third, third.refold.run(run.id))
    expect(third.done.map(({ input }) => input)).toEqual([CHANGED])
  })
})

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

describe('a chart of its own', () => {
  const chart = setup({
    types: { context: {} as { told?: unknown }, events: {} as ChartEvent },
    actions: { callTool: intent, askApproval: intent },
  }).createMachine({
    id: 'paying',
    initial: 'paying',
    context: {},
    states: {
      paying: {
        entry: { type: 'callTool', params: { tool: 'refund', input: ASKED } },
        on: { ToolCallSucceeded: { target: 'asking', actions: assign({ told: ({ event }) => (event as { output?: unknown }).output }) } },
      },
      asking: { entry: { type: 'askApproval', params: { question: 'Shall I?', key: 'q' } }, on: { ApprovalGranted: 'done' } },
      done: { type: 'final' },
    },
  })

  test('has its call executed with them, and can be moved; its own question takes none', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const desk = openDesk({ log, clock, agent: { chart } as Partial<AgentOptions<unknown>> })
    const run = await desk.refold.start('shop', { runId: 'run-1' })
    const [first] = (await settle(desk, run)).approvals
    await run.approve(first!.callId, { by: 'dana', input: CHANGED })
    const [question] = (await settle(desk, run)).approvals
    expect(desk.done.map(({ input }) => input)).toEqual([CHANGED])
    await expect(run.approve(question!.callId, { by: 'dana', input: { yes: true } })).rejects.toThrow(
      `${question!.callId} is a question and no call of a tool: it has no arguments to change`,
    )
    const next = openDesk({ log, clock, owner: 'here/2/bb', agent: { chart, version: '2' } as Partial<AgentOptions<unknown>> })
    expect(await next.refold.run(run.id).checkMove('2')).toMatchObject({ ok: true })
    await run.approve(question!.callId, { by: 'dana' })
    expect(await settle(desk, run)).toMatchObject({ status: 'completed' })
  })
})

describe('a fork', () => {
  test('of a run whose call was changed gets the grant under its own digest, and the recorded result of what was executed', async () => {
    const desk = openDesk()
    const { run, callId } = await asked(desk)
    const at = (await run.state()).revision
    await run.approve(callId, { by: 'dana', input: CHANGED })
    await settle(desk, run)
    const fork = await run.fork({ at, by: 'erin', modelCalls: 0 })
    await settle(desk, fork)
    const [original] = dataOf(await eventsOf(desk, run.id), 'ApprovalGranted')
    const [copied] = dataOf(await eventsOf(desk, fork.id), 'ApprovalGranted')
    expect(copied).toMatchObject({ input: CHANGED, source: 'recorded', inputDigest: original?.inputDigest })
    expect(dataOf(await eventsOf(desk, fork.id), 'ToolCallSucceeded')).toMatchObject([{ output: 'paid 40', source: 'recorded' }])
    expect(desk.done).toHaveLength(1)
    expect(await fork.verify()).toMatchObject({ ok: true })
  })

  test('on a version that does not take what was granted asks a person', async () => {
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    const desk = openDesk({ log, clock })
    const { run, callId } = await asked(desk)
    const at = (await run.state()).revision
    await run.approve(callId, { by: 'dana', input: CHANGED })
    await settle(desk, run)
    const next = openDesk({
      log,
      clock,
      owner: 'here/2/bb',
      agent: {
        version: '2',
        guardrails: {
          action: [
            {
              name: 'no-halves',
              check: ({ input }) => ((input as Refund).note === 'half' ? { verdict: 'block', reason: 'no halves' } : { verdict: 'allow' }),
            },
          ],
        },
      },
    })
    const fork = await next.refold.run(run.id).fork({ at, by: 'erin', agentVersion: '2', modelCalls: 0 })
    expect(await settle(next, fork)).toMatchObject({ waitsFor: 'approval', approvals: [{ callId, subject: { input: ASKED } }] })
    expect(next.done).toEqual([])
  })
})
