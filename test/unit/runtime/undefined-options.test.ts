import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { z } from 'zod'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
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
    const chart = createMachine({ id: 'still' })
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
