import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import type { ModelSettings } from '../../../src/events/model-settings.ts'
import { failure, answer, toolCalls, type ScriptedOutcome } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import type { ModelRequest } from '../../../src/models/model.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import type { CommonAgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import type { NextModelCall } from '../../../src/runtime/model-settings.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle, type World } from '../../support/world.ts'

const find = defineTool({
  name: 'find',
  description: 'Finds',
  input: z.object({}),
  output: z.string(),
  effect: 'read',
  execute: () => Promise.resolve('found'),
})

const agentWith = (options: Partial<CommonAgentOptions> = {}) =>
  defineAgent({ name: 'helper', version: '1', instructions: 'Help.', models: ['scripted/one'], tools: [find], ...(options as object) })

/** What the model was asked, call by call. */
const asking = (...outcomes: readonly ScriptedOutcome[]) => {
  const requests: ModelRequest[] = []
  const script = (request: ModelRequest): ScriptedOutcome => {
    requests.push(request)
    return outcomes[requests.length - 1] ?? answer('Done.')
  }
  return { requests, models: { scripted: scriptedModel(script), other: scriptedModel(script) } }
}

const FIND = toolCalls([{ name: 'find', arguments: {} }])

const recorded = async (world: World, runId: string): Promise<(ModelSettings | undefined)[]> =>
  (await eventsOf(world, runId)).flatMap((event) => (event.type === 'ModelCallRequested' ? [event.data.settings] : []))

const asked = async (options: Partial<CommonAgentOptions>, ...outcomes: readonly ScriptedOutcome[]) => {
  const { requests, models } = asking(...outcomes)
  const world = openWorld({ agents: [agentWith(options)], models })
  const run = await world.refold.start('helper', { runId: 'r', message: 'Hi' })
  const view = await settle(world, run)
  expect((await run.verify()).ok).toBe(true)
  return { world, run, view, requests, settings: await recorded(world, 'r') }
}

describe('the settings of a model call', () => {
  test('are those of the agent, under those of the model, and are recorded with it', async () => {
    const { requests, settings } = await asked(
      {
        models: [{ model: 'scripted/one', settings: { temperature: 0.5, stopSequences: ['END'] } }, 'other/two'],
        modelSettings: {
          temperature: 0,
          seed: 7,
          providerOptions: { scripted: { service_tier: 'flex', user: 'u' }, other: { service_tier: 'default' } },
        },
      },
      failure('auth'),
    )
    expect(settings).toEqual([
      { temperature: 0.5, seed: 7, stopSequences: ['END'], providerOptions: { scripted: { service_tier: 'flex', user: 'u' } } },
      { temperature: 0, seed: 7, providerOptions: { other: { service_tier: 'default' } } },
    ])
    expect(requests.map(({ settings: sent, providerOptions }) => ({ sent, providerOptions }))).toEqual([
      { sent: { temperature: 0.5, seed: 7, stopSequences: ['END'] }, providerOptions: { service_tier: 'flex', user: 'u' } },
      { sent: { temperature: 0, seed: 7 }, providerOptions: { service_tier: 'default' } },
    ])
  })

  test('stand in no event where there are none', async () => {
    expect((await asked({})).settings).toEqual([undefined])
  })

  test('are vouched for by the fingerprint of the prompt', async () => {
    const { world } = await asked({ modelSettings: { temperature: 0 } })
    const prints = async (of: World) =>
      (await eventsOf(of, 'r')).flatMap((event) => (event.type === 'ModelCallRequested' ? [event.data.fingerprint] : []))
    const { world: other } = await asked({ prepareModelCall: () => ({ temperature: 1 }) })
    const { world: none } = await asked({})
    expect(new Set([...(await prints(world)), ...(await prints(other)), ...(await prints(none))]).size).toBe(3)
  })

  test('hold for the same model where it stands twice, each time its own', async () => {
    const { settings } = await asked(
      {
        models: [
          { model: 'scripted/one', settings: { reasoningEffort: 'high' } },
          { model: 'scripted/one', settings: { reasoningEffort: 'low' } },
        ],
      },
      failure('auth'),
    )
    expect(settings).toEqual([{ reasoningEffort: 'high' }, { reasoningEffort: 'low' }])
  })
})

describe('a call that is prepared', () => {
  test('has the settings that code makes of the point of the run, which are recorded and asked for by no replay', async () => {
    const found = defineProjection<number>({
      name: 'found',
      initial: () => 0,
      apply: (count, { type }) => (type === 'ToolCallSucceeded' ? count + 1 : count),
    })
    const seen: unknown[] = []
    const prepareModelCall = (call: NextModelCall): ModelSettings => {
      const { model, purpose, turn, step, toolCalls: calls, messages } = call
      seen.push({ model, purpose, turn, step, calls, said: messages.length, found: call.projection(found) })
      return step === 1 ? { toolChoice: { tool: 'find' } } : { temperature: 0.3 }
    }
    const { world, run, requests, settings } = await asked({ projections: [found], prepareModelCall }, FIND, answer('Found.'))
    expect(seen).toEqual([
      { model: 'scripted/one', purpose: 'answer', turn: 1, step: 1, calls: 0, said: 1, found: 0 },
      { model: 'scripted/one', purpose: 'answer', turn: 1, step: 2, calls: 1, said: 3, found: 1 },
    ])
    expect(settings).toEqual([{ toolChoice: { tool: 'find' } }, { temperature: 0.3 }])
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual([{ tool: 'find' }, 'auto'])
    seen.splice(0)
    const next = openWorld({
      agents: [agentWith({ projections: [found], prepareModelCall: () => ({ temperature: 2 }) })],
      models: asking().models,
      log: world.log,
      clock: world.clock,
      owner: 'here/2/b',
    })
    expect((await next.refold.run(run.id).verify()).ok).toBe(true)
    expect(next.notices).toContainEqual(expect.objectContaining({ type: 'agentChanged', changes: ['the settings of model calls'] }))
    expect(seen).toEqual([])
  })

  test('is prepared for each attempt, which is the same step', async () => {
    const seen: unknown[] = []
    const { settings } = await asked(
      {
        models: ['scripted/one', 'other/two'],
        prepareModelCall: ({ step, attempt, model }) => {
          seen.push([step, attempt, model])
          return attempt === 1 ? { reasoningEffort: 'high' } : { reasoningEffort: 'low' }
        },
      },
      failure('overloaded'),
      failure('auth'),
      FIND,
    )
    expect(seen).toEqual([
      [1, 1, 'scripted/one'],
      [1, 2, 'scripted/one'],
      [1, 3, 'other/two'],
      [2, 1, 'other/two'],
    ])
    expect(settings.map((given) => given?.reasoningEffort)).toEqual(['high', 'low', 'low', 'high'])
  })

  test('keeps what it leaves undefined, and may give nothing', async () => {
    const { settings } = await asked(
      { modelSettings: { temperature: 0 }, prepareModelCall: ({ step }) => (step === 1 ? { temperature: undefined } : undefined) },
      FIND,
    )
    expect(settings).toEqual([{ temperature: 0 }, { temperature: 0 }])
  })

  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('no table')
      },
      'prepareModelCall failed: no table',
    ],
    ['gives a promise', () => Promise.resolve({}), 'prepareModelCall failed: it gave a promise'],
    ['gives no settings', () => 'hot', 'expected settings, found string'],
    ['gives null', () => null, 'expected settings, found null'],
    ['gives a Map', () => new Map([['temperature', 1]]), 'expected settings as a plain object'],
    ['gives an instance of a class', () => new Date(), 'expected settings as a plain object'],
    ['gives unknown settings', () => ({ heat: 3 }), 'heat'],
    ['gives a value that no vendor takes', () => ({ temperature: 3 }), 'temperature'],
    [
      'names a tool that is not there',
      () => ({ toolChoice: { tool: 'refund' } }),
      'the toolChoice refund, which is none of the tools find',
    ],
    ['overrides what Refold writes', () => ({ providerOptions: { scripted: { messages: [] } } }), 'providerOptions.scripted.messages'],
    ['names a provider of no model', () => ({ providerOptions: { openai: {} } }), 'providerOptions of openai'],
    ['gives more than is recorded', () => ({ providerOptions: { scripted: { text: 'x'.repeat(20_000) } } }), 'bytes at most'],
    ['gives what is no JSON', () => ({ providerOptions: { scripted: { when: new Date(0) } } }), 'Date'],
  ])('by code that %s asks nobody, and a person owns the run', async (_what, prepare, words) => {
    const { world, view, requests } = await asked({ prepareModelCall: prepare as () => ModelSettings })
    expect(requests).toEqual([])
    expect(view.waitsFor).toBe('human')
    const [failed] = (await eventsOf(world, 'r')).flatMap((event) => (event.type === 'ModelCallFailed' ? [event.data] : []))
    expect(failed).toMatchObject({ class: 'badRequest', next: 'escalate', message: expect.stringContaining(words) as string })
  })
})

describe('a model that has to call a tool', () => {
  test('may answer once one was called in the turn, and has to call one in the next', async () => {
    const { world, run, requests } = await asked({ modelSettings: { toolChoice: 'required' } }, FIND, answer('Found.'), FIND)
    await run.send({ message: 'Again' })
    await settle(world, run)
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual(['required', 'auto', 'required', 'auto'])
    expect(await recorded(world, 'r')).toEqual([{ toolChoice: 'required' }, {}, { toolChoice: 'required' }, {}])
  })

  test('may answer once a person has denied the call, and nobody is asked again', async () => {
    const careful = { ...find, approval: () => true }
    const { world, run, requests } = await asked({ modelSettings: { toolChoice: 'required' }, tools: [careful] }, FIND, answer('Then not.'))
    const [open] = (await run.state()).approvals
    await run.deny(open?.callId ?? '', { by: 'ann', reason: 'no' })
    expect(await settle(world, run)).toMatchObject({ answer: 'Then not.', waitsFor: 'message' })
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual(['required', 'auto'])
  })

  test('may answer once a guardrail has blocked the call', async () => {
    const closed = { name: 'closed', check: () => ({ verdict: 'block' as const, reason: 'we are closed' }) }
    const { view, requests } = await asked(
      { modelSettings: { toolChoice: { tool: 'find' } }, guardrails: { action: [closed] } },
      FIND,
      answer('We are closed.'),
    )
    expect(view.answer).toBe('We are closed.')
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual([{ tool: 'find' }, 'auto'])
  })

  test('may answer once the act that it asks for turns out to be done already', async () => {
    const once = defineTool({
      name: 'find',
      description: 'Books',
      input: z.object({}),
      output: z.string(),
      effect: 'once',
      idempotencyKey: () => 'the one',
      execute: () => Promise.resolve('booked'),
    })
    const { world, run, requests } = await asked(
      { modelSettings: { toolChoice: 'required' }, tools: [once] },
      FIND,
      answer('Booked.'),
      FIND,
    )
    await run.send({ message: 'Again' })
    expect(await settle(world, run)).toMatchObject({ answer: 'Done.', waitsFor: 'message' })
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual(['required', 'auto', 'required', 'auto'])
  })

  test('has to call one as long as its calls are none, up to the number of corrections', async () => {
    const wrong = toolCalls([{ name: 'lose', arguments: {} }])
    const { view, requests } = await asked({ modelSettings: { toolChoice: 'required' } }, wrong, FIND, answer('Found.'))
    expect(view.answer).toBe('Found.')
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual(['required', 'required', 'auto'])
    const never = await asked({ modelSettings: { toolChoice: 'required' } }, wrong, wrong, wrong, wrong)
    expect(never.requests).toHaveLength(3)
    expect(never.view.waitsFor).toBe('human')
  })

  test('ends at a limit where code says so at each step, with an answer that needs none', async () => {
    const other = (at: number) => toolCalls([{ name: 'find', arguments: { at } }])
    const calls = Array.from({ length: 3 }, (_, at) => other(at))
    const { requests, view } = await asked(
      { prepareModelCall: () => ({ toolChoice: 'required' }), limits: { iterationsPerTurn: 4 } },
      ...calls,
      answer('That is all.'),
    )
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual(['required', 'required', 'required', 'none'])
    expect(view).toMatchObject({ waitsFor: 'human', answer: 'That is all.' })
  })

  test('and does not is noted, and its answer is one', async () => {
    const { world, view } = await asked({ modelSettings: { toolChoice: { tool: 'find' } } }, answer('I know it already.'))
    expect(view.answer).toBe('I know it already.')
    expect((await eventsOf(world, 'r')).find(({ type }) => type === 'ModelCallSucceeded')?.data).toMatchObject({
      dropped: ['forcedToolChoice'],
    })
  })

  test('may call none: calls that it makes all the same are none', async () => {
    const { view } = await asked({ modelSettings: { toolChoice: 'none' } }, toolCalls([{ name: 'find', arguments: {} }], 'Let me see.'))
    expect(view).toMatchObject({ answer: 'Let me see.', waitsFor: 'message' })
  })
})

describe('a chart of a user', () => {
  const intent = (_: unknown, _params?: object): void => undefined
  const chartAsking = (params: object) =>
    defineAgent({
      name: 'writer',
      version: '1',
      models: ['scripted/one'],
      modelSettings: { temperature: 0, toolChoice: 'none' },
      chart: setup({ actions: { callModel: intent } }).createMachine({
        id: 'writer',
        initial: 'asking',
        states: {
          asking: {
            entry: { type: 'callModel', params: { prompt: 'Write.', ...params } },
            on: { ModelCallSucceeded: 'done', ModelCallFailed: 'lost' },
          },
          done: { type: 'final' },
          lost: { type: 'final', tags: 'failed' },
        },
      }),
    })

  test.each([
    [{ settings: { temperature: 1, stopSequences: ['END'] } }, { temperature: 1, stopSequences: ['END'] }, 'completed'],
    [{}, { temperature: 0 }, 'completed'],
    [{ settings: { temperature: 'hot' } }, undefined, 'failed'],
  ])('says them of a single call, as %j', async (params, expected, status) => {
    const { requests, models } = asking()
    const world = openWorld({ agents: [chartAsking(params)], models })
    const run = await world.refold.start('writer', { runId: 'w' })
    expect(await settle(world, run)).toMatchObject({ status })
    expect(requests.map(({ settings }) => settings)).toEqual(expected === undefined ? [] : [expected])
    expect(await recorded(world, 'w')).toEqual(expected === undefined ? [] : [expected])
    expect((await run.verify()).ok).toBe(true)
  })
})

describe('settings that no call could be made with', () => {
  test.each<[string, Partial<CommonAgentOptions>, string]>([
    ['a number out of its range', { modelSettings: { temperature: -1 } }, 'temperature'],
    ['an unknown one', { modelSettings: { heat: 1 } as ModelSettings }, 'heat'],
    ['blank stop sequences', { modelSettings: { stopSequences: [' '] } }, 'not blank'],
    ['more stop sequences than vendors take', { modelSettings: { stopSequences: ['a', 'b', 'c', 'd', 'e'] } }, 'stopSequences'],
    ['a budget below the smallest', { modelSettings: { thinking: { budgetTokens: 10 } } }, 'budgetTokens'],
    ['a budget that leaves no answer', { modelSettings: { thinking: { budgetTokens: 4_000 }, maxOutputTokens: 4_000 } }, 'leaves nothing'],
    [
      'a budget of a model beyond the limit of all',
      { modelSettings: { maxOutputTokens: 2_000 }, models: [{ model: 'scripted/one', settings: { thinking: { budgetTokens: 4_000 } } }] },
      'leaves nothing',
    ],
    ['a tool that it has not got', { modelSettings: { toolChoice: { tool: 'refund' } } }, 'refund'],
    ['a call without tools', { modelSettings: { toolChoice: 'required' }, tools: [] }, 'no tools'],
    ['options of a provider that it does not ask', { modelSettings: { providerOptions: { openai: {} } } }, 'openai'],
    ['options of a model for another provider', { models: [{ model: 'scripted/one', settings: { providerOptions: { x: {} } } }] }, 'x'],
    [
      'options called __proto__',
      { modelSettings: JSON.parse('{"providerOptions":{"scripted":{"__proto__":{"a":1}}}}') as ModelSettings },
      '__proto__',
    ],
    ['settings of a model under another name', { models: [{ model: 'scripted/one', setting: {} } as never] }, 'setting'],
    ['a model that is none', { models: [null as never] }, 'provider/model'],
    ['no settings at all', { modelSettings: 'hot' as unknown as ModelSettings }, 'settings'],
  ])('are refused where the agent is defined: %s', (_what, options, words) => {
    const expected = expect.stringContaining(words) as string
    expect(() => agentWith(options)).toThrow(expect.objectContaining({ code: 'InvalidConfiguration', message: expected }) as Error)
  })

  test.each([
    ...['model', 'messages', 'input', 'system', 'instructions', 'tools', 'tool_choice', 'stream', 'stream_options', 'store', 'n', 'stop'],
    ...['max_tokens', 'max_output_tokens', 'max_completion_tokens', 'thinking', 'response_format', 'previous_response_id'],
  ])('override nothing that Refold writes: %s', (name) => {
    const modelSettings = { providerOptions: { scripted: { [name]: null } } }
    expect(() => agentWith({ modelSettings })).toThrow(`providerOptions.scripted.${name}, which`)
  })

  test.each<[string, object]>([
    ['reasoning.effort', { reasoning: { effort: 'low' } }],
    ['reasoning.effort', { reasoning: null }],
    ['text.format', { text: { format: {} } }],
    ['output_config.format', { output_config: { format: {} } }],
    ['output_config.effort', { output_config: { effort: 'low' } }],
  ])('nor a part of it: %s', (name, options) => {
    const modelSettings = { providerOptions: { scripted: options } } as ModelSettings
    expect(() => agentWith({ modelSettings })).toThrow(name)
    expect(() =>
      agentWith({ modelSettings: { providerOptions: { scripted: { reasoning: { summary: 'auto' }, text: {} } } } }),
    ).not.toThrow()
  })
})
