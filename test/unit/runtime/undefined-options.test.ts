import { defineProjection } from '../../../src/projections/projection.ts'
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { z } from 'zod'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineConfig } from '../../../src/cli/define-config.ts'
import { checkedRetention } from '../../../src/consumers/retention.ts'
import { defineToolSpec } from '../../../src/fold/agent-spec.ts'
import { openaiChatModel } from '../../../src/models/openai/openai-chat-model.ts'
import { costOf } from '../../../src/models/prices.ts'
import { openRefold } from '../../../src/open-refold.ts'
import { openTestRefold } from '../../../src/testing/test-refold.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { httpFetchTool } from '../../../src/tools/http-fetch.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

// Who writes `timeoutMs: settings.timeout` means the default where there is no such setting.

const tool = {
  name: 'look',
  description: 'look',
  input: z.object({}),
  output: z.string(),
  effect: 'read',
  execute: async () => '',
} as const
const agent = { name: 'clerk', version: '1', instructions: 'Help.', models: ['scripted/one'] } as const

/** Without functions, which are other ones each time. */
const plain = ({ program, tools, output: _, input: __, ...rest }: Agent) => ({
  ...rest,
  chartHash: program.chartHash,
  projections: program.projections,
  tools: [...tools.keys()],
})

describe('an option that is undefined', () => {
  test('is one of a tool that was left out', () => {
    const undefinedOptions = {
      inputSchema: undefined,
      projections: undefined,
      handsOver: undefined,
      timeoutMs: undefined,
      maxOutputBytes: undefined,
      retry: undefined,
      concurrency: undefined,
      ratePerSecond: undefined,
      approval: undefined,
      touches: undefined,
      idempotencyKey: undefined,
      lookup: undefined,
    }
    const given = defineTool({ ...tool, ...undefinedOptions })
    expect(Object.keys(given).sort()).toEqual(Object.keys(defineTool(tool)).sort())
    expect({ ...given, approval: null }).toEqual({ ...defineTool(tool), approval: null })
    expect(defineTool({ ...tool, retry: { attempts: undefined, baseDelayMs: 7, maxDelayMs: undefined } }).retry).toEqual({
      attempts: 3,
      baseDelayMs: 7,
      maxDelayMs: 30_000,
    })
  })

  test('is one of an agent that was left out', () => {
    const undefinedOptions = {
      tools: undefined,
      limits: undefined,
      guardrails: undefined,
      projections: undefined,
      toolCalls: undefined,
      modelSettings: undefined,
      modelTimeoutMs: undefined,
      maxToolCallsPerAnswer: undefined,
      failurePolicy: undefined,
      clarifications: undefined,
      approvalTimeoutMs: undefined,
      messageWithdrawsApprovals: undefined,
      output: undefined,
    }
    expect(plain(defineAgent({ ...agent, ...undefinedOptions }))).toEqual(plain(defineAgent(agent)))
    const inside = {
      limits: { tokens: undefined, costUsd: undefined },
      guardrails: { input: undefined, output: undefined, action: undefined },
      modelSettings: { temperature: undefined, seed: undefined },
      failurePolicy: { overloaded: undefined },
    }
    expect(plain(defineAgent({ ...agent, ...inside }))).toEqual(
      plain(defineAgent({ ...agent, limits: {}, guardrails: {}, modelSettings: {}, failurePolicy: {} })),
    )
    const own = { name: 'own', version: '1', chart }
    expect(plain(defineAgent({ ...own, models: undefined, instructions: undefined, input: undefined, probeInput: undefined }))).toEqual(
      plain(defineAgent(own)),
    )
  })

  test('is one of a command that was left out', async () => {
    const world = openWorld({ agents: [defineAgent(agent)], models: { scripted: scriptedModel(() => answer('Hello.')) } })
    const run = await world.refold.start('clerk', {
      runId: 'r',
      message: 'Hi',
      tenant: undefined,
      input: undefined,
      commandId: undefined,
      actor: undefined,
    })
    await settle(world, run)
    await run.pause({ by: 'ann', reason: undefined })
    await run.resume({ by: 'ann' })
    await run.send({ message: 'Again', data: undefined, commandId: undefined })
    await settle(world, run)
    await run.complete({ by: 'ann', output: undefined })
    for (const { data, meta } of await eventsOf(world, 'r')) {
      expect(Object.values(data)).not.toContain(undefined)
      expect(Object.values(meta)).not.toContain(undefined)
    }
    expect((await run.verify()).ok).toBe(true)
  })
})

const rule = { attempts: 2, baseDelayMs: 1, maxDelayMs: 2, then: 'nextModel' } as const
const chart = createMachine({ id: 'still' })

const guardrail = { name: 'calm', check: () => ({ verdict: 'allow' }) } as const
const projection = { name: 'count', initial: () => 0, apply: (count: number) => count + 1 }

/** What it has beside its members is its own. */
class Counting {
  readonly name = 'count'
  readonly step = 2
  initial(): number {
    return 0
  }
  apply(count: number): number {
    return count + this.step
  }
}

describe('an option that there is not', () => {
  test('is none of an object of a class, which has fields of its own', () => {
    expect(defineAgent({ ...agent, projections: [new Counting()] }).id).toBe('clerk@1')
  })

  // As a program without types gives them.
  test.each<[string, (given: never) => unknown, object, RegExp]>([
    ['a tool', defineTool, { ...tool, dependancies: {} }, /^tool "look": .*"dependancies": did you mean dependencies\?$/],
    ['a tool', defineTool, { ...tool, uses: {} }, /^tool "look": .*"uses": there are name, .*, dependencies, /],
    ['a tool', defineTool, { ...tool, timeoutMS: 5 }, /did you mean timeoutMs\?/],
    ['the retry of a tool', defineTool, { ...tool, retry: { attempt: 5 } }, /retry: .*did you mean attempts\?/],
    ['the spec of a tool', defineToolSpec, tool, /"execute": what performs is given to `defineTool`/],
    ['an agent', defineAgent, { ...agent, guardrail: {} }, /^agent "clerk": .*did you mean guardrails\?/],
    ['an agent', defineAgent, { ...agent, __proto__: null, constructor: 5 }, /"constructor"/],
    ['an agent on the standard chart', defineAgent, { ...agent, input: z.string() }, /"input"/],
    ['an agent on its own chart', defineAgent, { name: 'own', version: '1', chart, output: z.string() }, /"output"/],
    ['the limits of an agent', defineAgent, { ...agent, limits: { token: 5 } }, /limits: .*did you mean tokens\?/],
    ['the limits of an agent', defineAgent, { ...agent, limits: { costMicroUsd: 5 } }, /limits: .*"costMicroUsd"/],
    ['the guardrails of an agent', defineAgent, { ...agent, guardrails: { ouput: [] } }, /guardrails: .*did you mean output\?/],
    [
      'a guardrail',
      defineAgent,
      { ...agent, guardrails: { input: [{ ...guardrail, chek: () => ({}) }] } },
      /^guardrail "calm": .*did you mean check\?$/,
    ],
    [
      'a guardrail',
      defineAgent,
      { ...agent, guardrails: { action: [{ ...guardrail, dependancies: {} }] } },
      /did you mean dependencies\?$/,
    ],
    ['a projection', defineProjection, { ...projection, aply: () => 0 }, /^projection "count": .*did you mean apply\?$/],
    [
      'a projection',
      defineAgent,
      { ...agent, projections: [{ ...projection, versoin: 2 }] },
      /^projection "count": .*did you mean version\?$/,
    ],
    ['the failure policy', defineAgent, { ...agent, failurePolicy: { overload: rule } }, /failurePolicy has to be rules/],
    ['a rule of it', defineAgent, { ...agent, failurePolicy: { server: { ...rule, baseDelay: 1 } } }, /baseDelay/],
    ['a configuration', defineConfig, { dir: 'data', agents: [], retensions: {} }, /^defineConfig: .*did you mean retention\?/],
    ['retention', checkedRetention, { complete: '1d' }, /did you mean completed\?/],
    ['the retention of an agent', checkedRetention, { agents: { clerk: { canceled: '1d' } } }, /did you mean cancelled\?/],
    ['a price', (prices) => costOf({}, prices), { 'a/b': { inputMicroUsd: 1 } }, /the price of a\/b: .*"inputMicroUsd"/],
    ['access to a provider', openaiChatModel, { apiKey: 'k', baseURL: 'http://here' }, /did you mean baseUrl\?/],
    ['a tool that fetches', httpFetchTool, { allow: ['a.example'], maxByte: 1 }, /did you mean maxBytes\?/],
  ])('is refused for %s (%#)', (_, define, given, words) => {
    expect(() => define(given as never)).toThrow(expect.objectContaining({ code: 'InvalidConfiguration' }) as Error)
    expect(() => define(given as never)).toThrow(words)
  })

  test('is refused where Refold is opened, before anything is', async () => {
    const mistaken = { dir: '/nowhere/at/all', agents: [], moddels: {} } as never
    await expect(openRefold(mistaken)).rejects.toThrow('openRefold: expected its options, found "moddels": did you mean models?')
    await expect(openTestRefold(mistaken)).rejects.toThrow('openTestRefold: expected its options, found "dir"')
  })

  test.each<[string, object, RegExp]>([
    ['effect', { effect: 'write' }, /effect has to be `read`, `idempotent` or `once`, found "write"/],
    ['effect', { effect: undefined }, /effect has to be/],
    ['execute', { execute: undefined }, /execute has to be a function, found nothing/],
    ['lookup', { lookup: 'yes' }, /lookup has to be a function/],
    ['approval', { approval: 'never' }, /approval has to be true, false or a function/],
  ])('and a %s that is none are no tool (%#)', (_, option, words) => {
    expect(() => defineTool({ ...tool, ...option } as never)).toThrow(words)
  })

  test.each<[unknown, RegExp]>([
    [
      { inputMicroUsdPerMTok: 1 },
      /^the price of a\/b: outputMicroUsdPerMTok: expected millionths of a dollar per million tokens, found undefined$/,
    ],
    [{ inputMicroUsdPerMTok: '1', outputMicroUsdPerMTok: 1 }, /inputMicroUsdPerMTok: expected millionths .*, found "1"/],
    [{ inputMicroUsdPerMTok: 1, outputMicroUsdPerMTok: Number.NaN }, /found NaN/],
    [{ inputMicroUsdPerMTok: 1, outputMicroUsdPerMTok: 1, cacheReadMicroUsdPerMTok: -1 }, /cacheReadMicroUsdPerMTok: .*, found -1/],
    [null, /^the price of a\/b: expected a price of an input and an output, found null/],
    [3, /found 3$/],
  ])('and a price that would cost no number is refused where Refold is opened: %j', async (price, words) => {
    const options = { agents: [defineAgent(agent)], prices: { 'a/b': price } } as never
    await expect(openTestRefold(options)).rejects.toThrow(words)
    expect(() => costOf({}, { 'a/b': price } as never)).toThrow(expect.objectContaining({ code: 'InvalidConfiguration' }) as Error)
  })

  test('is refused for what is asked of a run, and nothing is recorded', async () => {
    const world = openWorld({ agents: [defineAgent(agent)], models: { scripted: scriptedModel(() => answer('Hello.')) } })
    await expect(world.refold.start('clerk', { message: 'Hi', metdata: {} } as never)).rejects.toThrow(/did you mean metadata\?/)
    const run = await world.refold.start('clerk', { runId: 'r', message: 'Hi' })
    await settle(world, run)
    const before = (await eventsOf(world, 'r')).length
    await expect(run.send({ message: 'Hi', comandId: 'c' } as never)).rejects.toThrow(/did you mean commandId\?/)
    await expect(run.pause({ by: 'ann', reson: 'r' } as never)).rejects.toThrow(/did you mean reason\?/)
    await expect(run.fork({ at: 1, by: 'ann', sample: true } as never)).rejects.toThrow(/did you mean samples\?/)
    expect(() => run.events({ form: 3 } as never)).toThrow(/"form": did you mean from\?/)
    await expect(run.untilSettled({ signals: 5 } as never)).rejects.toThrow(/did you mean signal\?/)
    expect(await eventsOf(world, 'r')).toHaveLength(before)
  })
})
