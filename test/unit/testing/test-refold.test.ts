import { setTimeout as realTime } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { defineAgent, defineTool, type Agent, type Tool } from 'refold'
import { answer, manualClock, memoryStores, openTestRefold, scriptedModel, toolCalls, type ModelScript } from 'refold/testing'

const DAY_MS = 86_400_000

interface Hands {
  readonly approval?: boolean
  readonly execute?: () => Promise<unknown>
}

const refundTool = ({ approval = false, execute = () => Promise.resolve() }: Hands = {}): Tool<{ usd: number }, boolean> =>
  defineTool({
    name: 'refund',
    description: 'Pays money back',
    input: z.object({ usd: z.number() }),
    output: z.boolean(),
    effect: 'once',
    approval,
    timeoutMs: 30_000,
    execute: async () => {
      await execute()
      return true
    },
  })

const desk = (tool: Tool, version = '1'): Agent =>
  defineAgent({ name: 'desk', version, instructions: 'Help.', models: ['scripted/one'], tools: [tool] })

/** Refunds 30 $, then says so. */
const refunding: ModelScript = ({ messages }) =>
  messages.at(-1)?.role === 'tool' ? answer('Paid.') : toolCalls([{ name: 'refund', arguments: { usd: 30 } }])

const withDesk = (tool: Tool) => ({ agents: [desk(tool)], models: { scripted: scriptedModel(refunding) } })

const never = (): Promise<never> => new Promise(() => undefined)

/** A tool that begins and never returns. */
const hanging = () => {
  const { promise: begun, resolve } = Promise.withResolvers<undefined>()
  const execute = (): Promise<never> => {
    resolve(undefined)
    return never()
  }
  return { begun, execute }
}

describe('Refold in a test', () => {
  test('runs an agent to where somebody has to act, and shows what was recorded', async () => {
    const refold = await openTestRefold(withDesk(refundTool({ approval: true })))
    const run = await refold.start('desk', { runId: 'one', message: 'Refund me.' })
    const { waitsFor, approvals } = await refold.settle(run)
    expect([waitsFor, (await refold.query('approvals')).rows]).toMatchObject(['approval', [{ run_id: 'one', tool: 'refund' }]])
    await run.approve(approvals[0]!.callId, { by: 'dana' })
    expect(await refold.settle(run)).toMatchObject({ waitsFor: 'message', answer: 'Paid.' })
    const types = (await refold.events('one')).map(({ type }) => type)
    expect(types.filter((type) => type.startsWith('Approval'))).toEqual(['ApprovalRequested', 'ApprovalGranted'])
    await expect(refold.events('two')).rejects.toMatchObject({ code: 'RunNotFound' })
  })

  test('records the same, to the last byte, each time', async () => {
    const record = async () => {
      const refold = await openTestRefold(withDesk(refundTool()))
      await refold.settle(await refold.start('desk', { message: 'Refund me.' }))
      return (await refold.query('runs')).rows.concat(...(await refold.query('timeline')).rows)
    }
    expect(await record()).toEqual(await record())
  })

  test('begins at the time that it is given, which goes on by timers alone', async () => {
    const waiting = setup({ delays: { aDay: DAY_MS } }).createMachine({
      id: 'waiting',
      initial: 'waiting',
      states: { waiting: { after: { aDay: 'over' } }, over: { type: 'final' } },
    })
    const clock = manualClock(5_000_000)
    const refold = await openTestRefold({
      agents: [defineAgent({ name: 'waiting', version: '1', chart: waiting })],
      stores: memoryStores({ clock }),
    })
    const run = await refold.start('waiting')
    await refold.idle()
    expect([(await run.state()).status, clock.now()]).toEqual(['active', 5_000_000])
    clock.advance(DAY_MS - 1)
    await refold.idle()
    expect((await run.state()).status).toBe('active')
    expect([(await refold.settle(run)).status, clock.now()]).toEqual(['completed', 5_000_000 + DAY_MS])
  })
})

describe('time in a test', () => {
  test('stands still while a tool is at work, however long that takes', async () => {
    const refold = await openTestRefold(withDesk(refundTool({ execute: () => realTime(60) })))
    const before = refold.clock.now()
    expect(await refold.settle(await refold.start('desk', { message: 'Refund me.' }))).toMatchObject({ answer: 'Paid.' })
    expect(refold.clock.now()).toBe(before)
  })

  test('is moved by whoever wants a call to be too slow', async () => {
    const { begun, execute } = hanging()
    const refold = await openTestRefold(withDesk(refundTool({ execute })))
    const run = await refold.start('desk', { message: 'Refund me.' })
    await begun
    await expect(refold.settle(run, { withinMs: 20 })).rejects.toThrow(
      /^Expected .* to settle within 20 ms, found it active in acting, with \w+ \S+ \(claimed\)/,
    )
    await expect(refold.idle({ withinMs: 20 })).rejects.toMatchObject({ code: 'NotPossible' })
    refold.clock.advance(30_000)
    expect(await refold.settle(run)).toMatchObject({ waitsFor: 'human', toolCalls: [{ state: 'unresolved.awaitingHuman' }] })
    await refold.close()
  })
})

describe('a process that crashes in a test', () => {
  test('leaves a run that the next one brings to its end, with nothing done twice', async () => {
    let paid = 0
    const { begun, execute } = hanging()
    const pay = refundTool({ execute: () => ((paid += 1), paid === 1 ? execute() : Promise.resolve()) })
    const first = await openTestRefold(withDesk(pay))
    const run = await first.start('desk', { runId: 'one', message: 'Refund me.' })
    await begun
    const second = await first.crash()
    await expect(run.send({ message: 'Hello?' })).rejects.toMatchObject({ code: 'Closed' })
    const { waitsFor, toolCalls: open } = await second.settle(second.run('one'))
    expect([waitsFor, paid]).toEqual(['human', 1])
    await second.run('one').settleToolCall(open[0]!.callId, { by: 'dana', outcome: { succeeded: true, output: true } })
    expect(await second.settle(second.run('one'))).toMatchObject({ answer: 'Paid.' })
    expect(paid).toBe(1)
    expect((await second.run('one').verify()).ok).toBe(true)
  })

  test('may be followed by one with other code', async () => {
    const first = await openTestRefold(withDesk(refundTool()))
    await first.settle(await first.start('desk', { runId: 'old', message: 'Refund me.' }))
    const tool = refundTool({ approval: true })
    const second = await first.crash({ agents: [desk(tool), desk(tool, '2')] })
    expect(await second.settle(await second.start('desk', { message: 'Refund me.' }))).toMatchObject({
      agent: 'desk@2',
      waitsFor: 'approval',
    })
    expect(await second.run('old').state()).toMatchObject({ agent: 'desk@1', answer: 'Paid.' })
  })

  test('is followed by one that lets go of what hangs, where it closes', async () => {
    const { begun, execute } = hanging()
    const first = await openTestRefold(withDesk(refundTool({ execute })))
    await first.start('desk', { runId: 'one', message: 'Refund me.' })
    await begun
    await first.close()
    const second = await openTestRefold({ ...withDesk(refundTool()), stores: first.stores })
    expect(await second.settle(second.run('one'))).toMatchObject({ waitsFor: 'human' })
  })

  test('is something else than one that closes and leaves its stores to another', async () => {
    const stores = memoryStores()
    const first = await openTestRefold({ ...withDesk(refundTool()), stores })
    await first.settle(await first.start('desk', { runId: 'one', message: 'Refund me.' }))
    await first.close()
    await expect(first.start('desk', { message: 'Again.' })).rejects.toMatchObject({ code: 'Closed' })
    const second = await openTestRefold({ ...withDesk(refundTool()), stores })
    await second.run('one').send({ message: 'Again.' })
    expect(await second.settle(second.run('one'))).toMatchObject({ turn: 2 })
    await second.delete('one', { by: 'dana', cancel: true })
    await expect(second.run('one').state()).rejects.toMatchObject({ code: 'RunDeleted' })
  })
})
