import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { AppError } from '../../../src/errors.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure } from '../../../src/tools/tool.ts'
import { troubledLog } from '../../support/troubled-log.ts'
import { eventsOf, manualClock, openWorld, settle } from '../../support/world.ts'

const tool = (execute: (text: string) => Promise<string>) =>
  defineTool({
    name: 'store',
    description: 'Stores a text',
    input: z.object({ text: z.string() }),
    output: z.string(),
    effect: 'once',
    execute: ({ text }) => execute(text),
  })

const agentWith = (execute: (text: string) => Promise<string>) =>
  defineAgent({ name: 'clerk', version: '1', instructions: 'Store.', models: ['scripted/one'], tools: [tool(execute)] })

const storing = (texts: readonly string[]) => toolCalls(texts.map((text) => ({ name: 'store', arguments: { text } })))

describe('what one append cannot hold', () => {
  test('is recorded in several, and nothing of it is lost', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => String(index).padEnd(50_000, 'x'))
    const stored: string[] = []
    const agent = agentWith((text) => Promise.resolve(`stored ${stored.push(text)}`))
    const models = { scripted: scriptedModel(({ messages }) => (messages.length === 1 ? storing(texts) : answer('All stored.'))) }
    const world = openWorld({ agents: [agent], models })
    const run = await world.refold.start('clerk', { message: 'Store them.' })
    expect((await settle(world, run)).answer).toBe('All stored.')
    expect(stored.sort()).toEqual(texts.sort())
    expect((await run.verify()).ok).toBe(true)
  })
})

describe('words without end', () => {
  test('of a tool that throws them are cut', async () => {
    const models = { scripted: scriptedModel(({ messages }) => (messages.length === 1 ? storing(['a']) : answer('It failed.'))) }
    const world = openWorld({
      agents: [agentWith(() => Promise.reject(new ToolFailure('no '.repeat(1_000_000), { happened: false })))],
      models,
    })
    const run = await world.refold.start('clerk', { message: 'Store it.' })
    expect((await settle(world, run)).answer).toBe('It failed.')
    const failed = (await eventsOf(world, run.id)).find(({ type }) => type === 'ToolCallFailed')
    expect(failed?.type === 'ToolCallFailed' && failed.data.message).toHaveLength(10_000)
  })
})

describe('a result that can never be recorded', () => {
  test('does not let its effect begin again in this process', async () => {
    const clock = manualClock()
    let stored = 0
    const log = troubledLog(memoryEventLog({ clock }), {
      onAppend: (_, events) => {
        if (events.some(({ type }) => type === 'ToolCallSucceeded')) throw new AppError('EventLogCorrupt', 'the log is damaged')
      },
    })
    const models = { scripted: scriptedModel(() => storing(['a'])) }
    const world = openWorld({ agents: [agentWith(() => Promise.resolve(`stored ${++stored}`))], models, log, clock })
    const run = await world.refold.start('clerk', { message: 'Store it.' })
    for (let turn = 0; turn < 50; turn++) await nextTurn()
    await run.send({ message: 'And?' })
    await world.refold.runtime.wake(run.id)
    for (let turn = 0; turn < 50; turn++) await nextTurn()
    expect(stored).toBe(1)
    expect(world.notices).toContainEqual({ type: 'runBroken', runId: run.id, message: 'the log is damaged' })
    await world.refold.close()
  })
})
