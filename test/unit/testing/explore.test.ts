import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, defineTool, ToolFailure, type Agent, type Lookup, type Tool } from 'refold'
import { answer, explore, failure, scriptedModel, toolCalls, type Scenario } from 'refold/testing'
import type { RecordedRunEvent } from '../../../src/events/envelope.ts'
import { brokenLimits } from '../../../src/testing/explore/held-limits.ts'
import { customers } from '../../../examples/order-desk/customers.ts'
import { deskScenario } from '../../../examples/order-desk/scenario.ts'

interface Hands {
  readonly effect?: 'read' | 'idempotent' | 'once'
  readonly key?: (usd: number) => string
  /** Does it, for all that the tool says. */
  readonly pay: (usd: number, key: string) => void
  readonly lookup?: ((key: string) => Lookup<boolean>) | undefined
}

const paying = ({ effect = 'once', pay, lookup, key }: Hands): Tool<{ usd: number }, boolean> =>
  defineTool({
    name: 'pay',
    description: 'Pays',
    input: z.object({ usd: z.number() }),
    output: z.boolean(),
    effect,
    ...(lookup === undefined ? {} : { lookup: (asked: string) => Promise.resolve(lookup(asked)) }),
    ...(key === undefined ? {} : { idempotencyKey: ({ usd }: { usd: number }) => key(usd) }),
    execute: ({ usd }, { idempotencyKey }) => {
      pay(usd, idempotencyKey)
      return Promise.resolve(true)
    },
  })

const desk = (tool: Tool, options: Partial<Parameters<typeof defineAgent>[0]> = {}): Agent =>
  defineAgent({ name: 'desk', version: '1', instructions: 'Help.', models: ['shop/one'], tools: [tool], ...options } as never) as Agent

const script = () => scriptedModel([failure('overloaded'), toolCalls([{ name: 'pay', arguments: { usd: 30 } }]), answer('Paid.')])

const scenario =
  (hands: Omit<Hands, 'pay'>, book: (paid: string[], key: string) => void, more: Partial<Scenario> = {}) =>
  (): Scenario => {
    const paid: string[] = []
    const pay = (_: number, key: string): void => book(paid, key)
    const lookup =
      hands.lookup ??
      ((key: string) => (paid.includes(key) ? { found: 'succeeded', output: true } : { found: 'nothing' }) as Lookup<boolean>)
    return {
      agents: [desk(paying({ lookup, ...hands, pay }))],
      models: { shop: script() },
      start: { message: 'My kettle is broken.' },
      outside: () => paid.length,
      ...more,
    }
  }

const always = (paid: string[], key: string): void => void paid.push(key)
const onceAKey = (paid: string[], key: string): void => void (paid.includes(key) || paid.push(key))

describe('an agent whose process dies at each of its appends', () => {
  test.each(Object.entries(customers))('comes to the same end: the order desk, %s', async (_, message) => {
    const { appends, deaths } = await explore(() => deskScenario(message))
    expect(appends).toBeGreaterThan(3)
    expect(deaths).toHaveLength(2 * appends)
    expect(deaths.filter(({ askedPerson }) => askedPerson)).toEqual([])
  })

  test('does a `once` act once, where a look-up tells what became of it', async () => {
    const { deaths } = await explore(scenario({}, always))
    expect(deaths.map(({ events }) => events)).toContainEqual(['ToolCallSucceeded', 'ModelCallRequested'])
    expect(deaths.filter(({ askedPerson }) => askedPerson)).toEqual([])
  })

  test('asks a person where nobody can look it up, and that is no failure', async () => {
    const { deaths } = await explore(scenario({ lookup: () => ({ found: 'unknown' }) }, always))
    expect(deaths.filter(({ askedPerson }) => askedPerson).length).toBeGreaterThan(0)
  })
})

const messageOf = async (explored: Promise<unknown>): Promise<string> =>
  explored.then(
    () => 'nothing',
    (error: unknown) => (error as Error).message,
  )

test('limits of calls are counted turn by turn', () => {
  const limits = { iterationsPerTurn: 1, toolCallsPerTurn: 1 }
  const event = (type: string, data: object) => ({ type, data, runId: 'one', meta: { at: 0 } }) as unknown as RecordedRunEvent
  const turn = [event('MessageReceived', { parts: [] }), event('ModelCallRequested', { purpose: 'answer', attempt: 1, callId: 'm' })]
  const again = event('ModelCallRequested', { purpose: 'answer', attempt: 1, callId: 'n' })
  const started = event('RunStarted', { settings: { limits } })
  expect(brokenLimits([started, ...turn, event('TurnCompleted', {}), ...turn])).toEqual([])
  expect(brokenLimits([started, ...turn, again])).toEqual(['one made more than 1 iterations in a turn'])
})

describe('an agent that does not keep its promises', () => {
  test('is named with the place of each death: a look-up that finds nothing, though it happened', async () => {
    const message = await messageOf(explore(scenario({ lookup: () => ({ found: 'nothing' }) }, always)))
    expect(message).toBe(
      [
        'Expected the same end wherever the process dies, found another after 1 of 12 deaths:',
        '  before append 5 (ToolCallSucceeded, ModelCallRequested):',
        '    at the end outside is 2 in place of 1',
        '    pay {"usd":30} is to be done once and was done 2 times',
      ].join('\n'),
    )
  })

  test.each(['idempotent', 'read'] as const)('is noticed by what is outside: a tool called %s that pays each time', async (effect) => {
    expect(await messageOf(explore(scenario({ effect, lookup: undefined }, always)))).toContain('at the end outside is 2 in place of 1')
  })

  test('is none where a key is booked once', async () => {
    await expect(explore(scenario({ effect: 'idempotent', lookup: undefined }, onceAKey))).resolves.toBeDefined()
  })

  test('is noticed where people say that it did not happen, and it is done again under another key', async () => {
    const people: Scenario['people'] = (run, { unresolved: [call] }) =>
      call && run.settleToolCall(call.callId, { by: 'dana', outcome: { succeeded: false, message: 'It did not.' } })
    const again = scriptedModel(({ messages }) => {
      const last = messages.at(-1)
      const isDone = last?.role === 'tool' && !JSON.stringify(last).includes('did not')
      return isDone ? answer('Paid.') : toolCalls([{ name: 'pay', arguments: { usd: 30 } }])
    })
    const message = await messageOf(
      explore(scenario({ lookup: () => ({ found: 'unknown' }) }, always, { people, models: { shop: again } })),
    )
    expect(message).toContain('pay {"usd":30} was done under 2 keys in place of 1')
  })

  test('may refuse before it does anything, as often as it likes', async () => {
    let calls = 0
    const refusing = scenario({}, (paid, key) => {
      calls += 1
      if (calls % 2 === 1) throw new ToolFailure('not now', { happened: false, retryable: true })
      paid.push(key)
    })
    await expect(explore(refusing)).resolves.toBeDefined()
  })

  test('has people who come to an end, and a scenario that is one', async () => {
    const people: Scenario['people'] = (run) => run.send({ message: 'And?' })
    const models = { shop: scriptedModel(() => answer('Yes.')) }
    await expect(explore(scenario({}, always, { people, models }))).rejects.toThrow(
      'Expected people who come to an end, found 100 commands',
    )
    await expect(explore(scenario({}, always, { person: 'dana' } as Partial<Scenario>))).rejects.toThrow('people')
  })
})
