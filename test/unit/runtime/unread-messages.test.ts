import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

/** An agent that asks for a transfer, and a customer who has said more since. */
const transfer = async (options: Partial<AgentOptions<string>> = {}) => {
  const done: unknown[] = []
  const tool = defineTool({
    name: 'transfer',
    description: 'Sends money',
    input: z.object({ amount: z.number() }),
    output: z.string(),
    effect: 'once',
    approval: true,
    execute: (input) => Promise.resolve(`sent ${done.push(input)}`),
  })
  const agent = defineAgent({ name: 'bank', version: '1', instructions: '', models: ['scripted/one'], tools: [tool], ...options })
  const model = scriptedModel(({ messages }) =>
    messages.some(({ role }) => role === 'tool') ? answer('As you wish.') : toolCalls([{ name: 'transfer', arguments: { amount: 7 } }]),
  )
  const world = openWorld({ agents: [agent], models: { scripted: model } })
  const views = memoryViewStore()
  const rowOf = async (runId: string) => {
    await createProjector({ log: world.log, views }).catchUp()
    const asked = await views.query('approvals', { run: runId, limit: 10 }, 0)
    return { row: await views.get(runId), asked: asked.rows }
  }
  const run = await world.refold.start('bank', { message: 'Send 7' })
  const asked = (await settle(world, run)).approvals[0]!
  return { world, run, asked, done, rowOf }
}

describe('a message that comes in while a person is asked', () => {
  test('stands beside the question, in the state and in the row, until it is read', async () => {
    const { world, run, asked, rowOf } = await transfer()
    expect(asked.unread).toEqual([])
    await run.send({ message: 'wait, stop!' })
    await run.send({ message: 'really' })
    expect((await run.state()).approvals).toMatchObject([{ callId: asked.callId, unread: ['wait, stop!', 'really'] }])
    const { row } = await rowOf(run.id)
    expect(row).toMatchObject({ waitsFor: 'approval', unread: 2, lastText: 'really' })
    expect(row?.open?.approvals?.[asked.callId]).toMatchObject({ unread: 2, newestUnread: 'really' })
    await run.deny(asked.callId, { by: 'ann', reason: 'the customer said stop' })
    await settle(world, run)
    expect((await rowOf(run.id)).row).toMatchObject({ unread: 0, waitsFor: 'message' })
    expect((await run.state()).transcript).toContainEqual({ role: 'user', parts: textContent('wait, stop!') })
  })

  test('that an input guardrail takes out does not, and of one that it redacts what is left does', async () => {
    const check = (text: string) =>
      text === 'spam'
        ? { verdict: 'block' as const, reason: 'spam' }
        : text.includes('4111')
          ? { verdict: 'redact' as const, text: 'my card is …', reason: 'card' }
          : { verdict: 'allow' as const }
    const { run, asked, rowOf } = await transfer({ guardrails: { input: [{ name: 'cards', check }] } })
    await run.send({ message: 'my card is 4111' })
    await run.send({ message: 'spam' })
    expect((await run.state()).approvals[0]?.unread).toEqual(['my card is …'])
    const { row } = await rowOf(run.id)
    expect(row?.unread).toBe(1)
    expect(JSON.stringify(row?.open?.approvals?.[asked.callId])).not.toContain('4111')
  })

  test('refuses a grant that was decided on before it', async () => {
    const { world, run, asked, done } = await transfer()
    const { revision } = await run.state()
    await run.send({ message: 'wait, stop!' })
    const grant = run.approve(asked.callId, { by: 'ann', digest: asked.digest, seen: revision })
    await expect(grant).rejects.toMatchObject({ code: 'NotPossible', message: expect.stringContaining('a message came in') as string })
    expect(done).toEqual([])
    await run.approve(asked.callId, { by: 'ann', seen: (await run.state()).revision })
    await settle(world, run)
    expect(done).toEqual([{ amount: 7 }])
  })
})

describe('an agent whose messages withdraw approvals', () => {
  test('asks nobody any more once a message has come in: the model sees both', async () => {
    const { world, run, asked, done, rowOf } = await transfer({ messageWithdrawsApprovals: true })
    await run.send({ message: 'wait, stop!' })
    const view = await settle(world, run)
    expect(view).toMatchObject({ answer: 'As you wish.', approvals: [] })
    expect(view.transcript).toContainEqual(
      expect.objectContaining({
        role: 'tool',
        isError: true,
        parts: [{ type: 'text', text: expect.stringContaining('a new message came in') as string }],
      }),
    )
    expect(view.transcript).toContainEqual({ role: 'user', parts: textContent('wait, stop!') })
    await expect(run.approve(asked.callId, { by: 'ann' })).rejects.toMatchObject({ code: 'NotPossible' })
    expect(done).toEqual([])
    const types = (await eventsOf(world, run.id)).map(({ type }) => type)
    expect(types.slice(types.lastIndexOf('MessageReceived')).slice(0, 3)).toEqual(['MessageReceived', 'ApprovalDenied', 'ToolCallDenied'])
    expect(await rowOf(run.id)).toMatchObject({
      row: { unread: 0 },
      asked: [{ decision: 'withdrawn', unread: 1, newest_unread: 'wait, stop!' }],
    })
    expect((await run.verify()).ok).toBe(true)
  })

  test('keeps what was granted before', async () => {
    const { world, run, asked, done } = await transfer({ messageWithdrawsApprovals: true })
    await run.approve(asked.callId, { by: 'ann' })
    await run.send({ message: 'wait, stop!' })
    await settle(world, run)
    expect(done).toHaveLength(1)
  })
})
