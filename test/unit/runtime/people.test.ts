import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const HOUR_MS = 3_600_000

const openShop = (options: Partial<AgentOptions<unknown>> = {}) => {
  const refunds: string[] = []
  const refund = defineTool({
    name: 'refund',
    description: 'Pays back',
    input: z.object({ order: z.string(), note: z.string().default('-') }),
    output: z.string(),
    effect: 'idempotent',
    approval: true,
    execute: ({ order }, { idempotencyKey }) => {
      refunds.push(idempotencyKey)
      return Promise.resolve(`refunded ${order}`)
    },
  })
  const script = scriptedModel((request) =>
    request.messages.at(-1)?.role === 'tool' ? answer('Done.') : toolCalls([{ name: 'refund', arguments: { order: '18' } }]),
  )
  const agent = defineAgent({ name: 'shop', version: '1', instructions: '', models: ['scripted/one'], tools: [refund], ...options })
  return { ...openWorld({ agents: [agent], models: { scripted: script } }), refunds }
}

describe('an approval', () => {
  test('is asked with the exact arguments, defaults filled in, and nothing runs before it is granted', async () => {
    const world = openShop()
    const run = await world.refold.start('shop', { message: 'Refund 18' })
    const view = await run.untilSettled()
    expect(view).toMatchObject({ waitsFor: 'approval', approvals: [{ subject: { tool: 'refund', input: { order: '18', note: '-' } } }] })
    expect(world.refunds).toEqual([])
    await run.approve(view.approvals[0]!.callId, { by: 'dana', digest: view.approvals[0]!.digest })
    expect(await settle(world, run)).toMatchObject({ answer: 'Done.' })
    expect(world.refunds).toHaveLength(1)
  })

  test('cannot be granted twice, for another digest, or for a call that asks for none', async () => {
    const world = openShop()
    const run = await world.refold.start('shop', { message: 'Refund 18' })
    const { approvals } = await run.untilSettled()
    const { callId } = approvals[0]!
    await expect(run.approve(callId, { by: 'dana', digest: 'other' })).rejects.toMatchObject({ code: 'NotPossible' })
    await expect(run.approve('9.9', { by: 'dana' })).rejects.toThrow(`9.9 asks for no approval; open: ${callId}`)
    await run.approve(callId, { by: 'dana' })
    await expect(run.approve(callId, { by: 'dana' })).rejects.toMatchObject({ code: 'NotPossible' })
  })

  test('cannot be denied for another digest than the one that is asked', async () => {
    const world = openShop()
    const run = await world.refold.start('shop', { message: 'Refund 18' })
    const { callId, digest } = (await run.untilSettled()).approvals[0]!
    const denial = { by: 'dana', reason: 'not ours' }
    await expect(run.deny(callId, { ...denial, digest: 'other' })).rejects.toThrow(
      `the decision on ${callId} is for other, but ${digest} is asked`,
    )
    expect(await run.state()).toMatchObject({ waitsFor: 'approval' })
    await run.deny(callId, { ...denial, digest })
    expect(await settle(world, run)).toMatchObject({ waitsFor: 'message', approvals: [] })
  })

  test('that is denied goes back to the model with the reason', async () => {
    const world = openShop()
    const run = await world.refold.start('shop', { message: 'Refund 18' })
    const { approvals } = await run.untilSettled()
    await run.deny(approvals[0]!.callId, { by: 'dana', reason: 'not ours' })
    const { transcript } = await settle(world, run)
    expect(transcript.find(({ role }) => role === 'tool')).toMatchObject({ isError: true, parts: [{ text: 'Denied by dana: not ours' }] })
    expect(world.refunds).toEqual([])
  })

  test('expires', async () => {
    const world = openShop({ approvalTimeoutMs: HOUR_MS })
    const run = await world.refold.start('shop', { message: 'Refund 18' })
    const { approvals } = await run.untilSettled()
    world.clock.advance(HOUR_MS)
    await expect(run.approve(approvals[0]!.callId, { by: 'dana' })).rejects.toMatchObject({ code: 'NotPossible' })
    const { transcript } = await settle(world, run)
    expect(transcript.find(({ role }) => role === 'tool')).toMatchObject({ parts: [{ text: 'Denied by refold: nobody answered in time' }] })
  })

  test('takes no wall time from the turn', async () => {
    const world = openShop({ limits: { wallTimeMs: HOUR_MS } })
    const run = await world.refold.start('shop', { message: 'Refund 18' })
    const { approvals } = await run.untilSettled()
    world.clock.advance(20 * HOUR_MS)
    await run.approve(approvals[0]!.callId, { by: 'dana' })
    expect((await settle(world, run)).answer).toBe('Done.')
  })

  test('may be asked by a guardrail, which may also block', async () => {
    const verdict = (kind: 'ask' | 'block') => ({ name: 'careful', check: () => ({ verdict: kind, reason: 'it is Sunday' }) })
    const asked = openShop({ guardrails: { action: [verdict('ask')] } })
    expect(await (await asked.refold.start('shop', { message: 'Refund 18' })).untilSettled()).toMatchObject({ waitsFor: 'approval' })
    const blocked = openShop({ guardrails: { action: [verdict('ask'), verdict('block')] } })
    const run = await blocked.refold.start('shop', { message: 'Refund 18' })
    const { transcript } = await settle(blocked, run)
    expect(transcript.find(({ role }) => role === 'tool')).toMatchObject({ isError: true, parts: [{ text: 'it is Sunday' }] })
  })
})

describe('a command that is refused', () => {
  const openAsked = async () => {
    const world = openShop()
    const run = await world.refold.start('shop', { message: 'Refund 18' })
    const { callId } = (await run.untilSettled()).approvals[0]!
    return { world, run, callId }
  }
  const refusalOf = async (asked: Promise<unknown>): Promise<{ message: string; details: Record<string, unknown> }> => {
    try {
      await asked
    } catch (error) {
      expect(error).toMatchObject({ code: 'NotPossible' })
      return error as { message: string; details: Record<string, unknown> }
    }
    throw new Error('it was granted')
  }
  const TIME = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`

  test('says who has granted, and of a call that its tool has settled it', async () => {
    const { world, run, callId } = await openAsked()
    await run.approve(callId, { by: 'dana' })
    const { revision } = await settle(world, run)
    const again = await refusalOf(run.approve(callId, { by: 'erin' }))
    expect(again.message).toMatch(new RegExp(`^3.0 asks for no approval; open: none; dana granted it at ${TIME} \\(revision 6\\)$`))
    expect(again.details).toMatchObject({ since: [{ type: 'ApprovalGranted', by: 'dana', revision: 6, at: expect.any(Number) as number }] })
    expect((await refusalOf(run.deny(callId, { by: 'erin', reason: 'no' }))).message).toMatch(/; dana granted it at /)
    const settled = refusalOf(run.settleToolCall(callId, { by: 'erin', outcome: { succeeded: true, output: 1 } }))
    expect((await settled).message).toMatch(/^3.0 is not unresolved; its tool said that it has happened at .* \(revision 8\)$/)
    expect((await run.state()).revision).toBe(revision)
  })

  test('says who has denied, with the reason, as one line', async () => {
    const { run, callId } = await openAsked()
    await run.deny(callId, { by: 'dana', reason: 'not\nours \u001b[2J' })
    await run.untilSettled()
    expect((await refusalOf(run.approve(callId, { by: 'erin' }))).message).toMatch(/; dana denied it at .*: not ours \\x1b\[2J$/)
  })

  test('says who has ended the run, before whatever was asked of it', async () => {
    const { run, callId } = await openAsked()
    await run.approve(callId, { by: 'dana' })
    await run.untilSettled()
    await run.cancel({ by: 'frank', reason: 'no longer wanted' })
    const ended = new RegExp(
      `run was cancelled; frank cancelled it at ${TIME} \\(revision \\d+\\): no longer wanted$`.replace('run', run.id),
    )
    for (const asked of [
      run.cancel({ by: 'erin', reason: 'again' }),
      run.send({ message: 'Hi' }),
      run.giveBack({ by: 'erin' }),
      run.pause({ by: 'erin' }),
      run.complete({ by: 'erin' }),
    ])
      expect((await refusalOf(asked)).message).toMatch(ended)
    expect((await refusalOf(run.approve(callId, { by: 'erin' }))).message).toMatch(/; dana granted it at .*; frank cancelled it at /)
  })

  test('says who has resumed, and nothing of what was never done', async () => {
    const { run } = await openAsked()
    expect((await refusalOf(run.resume({ by: 'erin' }))).message).toMatch(/waits for an approval \(approve, deny\)$/)
    await run.pause({ by: 'dana' })
    expect((await refusalOf(run.pause({ by: 'erin' }))).message).toMatch(/; dana paused it at /)
    await run.resume({ by: 'frank' })
    expect((await refusalOf(run.resume({ by: 'erin' }))).message).toMatch(/; frank resumed it at /)
    expect((await refusalOf(run.giveBack({ by: 'erin' }))).message).not.toContain(' at 2')
  })
})

describe('an operator', () => {
  test('cancels a run: what is under way is aborted, its result dropped, and nothing follows', async () => {
    let aborted = false
    const slow = defineTool({
      name: 'slow',
      description: 'Takes long',
      input: z.object({}),
      output: z.string(),
      effect: 'read',
      execute: (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true
            resolve('late')
          })
        }),
    })
    const agent = defineAgent({ name: 'slow', version: '1', instructions: '', models: ['scripted/one'], tools: [slow] })
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel([toolCalls([{ name: 'slow', arguments: {} }])]) } })
    const run = await world.refold.start('slow', { message: 'Go' })
    for await (const event of run.events()) if (event.type === 'ToolCallRequested') break
    await run.cancel({ by: 'ops', reason: 'wrong customer' })
    expect(await settle(world, run)).toMatchObject({ status: 'cancelled', reason: 'wrong customer', openEffects: [] })
    expect(aborted).toBe(true)
    await expect(run.send({ message: 'More' })).rejects.toThrow(`${run.id} was cancelled; `)
    await expect(run.cancel({ by: 'ops', reason: 'again' })).rejects.toMatchObject({ code: 'NotPossible' })
    expect((await eventsOf(world, run.id)).at(-1)?.type).toBe('RunCancelled')
  })

  test('pauses a run: nothing new begins until it is resumed', async () => {
    const world = openShop()
    const run = await world.refold.start('shop')
    await run.pause({ by: 'ops' })
    await run.send({ message: 'Refund 18' })
    expect(await run.untilSettled()).toMatchObject({
      paused: true,
      waitsFor: 'resume',
      openEffects: [{ intent: 'callModel', status: 'wanted' }],
    })
    await expect(run.pause({ by: 'ops' })).rejects.toMatchObject({ code: 'NotPossible' })
    await run.resume({ by: 'ops' })
    expect(await settle(world, run)).toMatchObject({ paused: false, waitsFor: 'approval' })
  })

  test('who repeats a command with the same id is granted it once', async () => {
    const world = openShop()
    const run = await world.refold.start('shop')
    await run.send({ message: 'Refund 18', commandId: 'command-1' })
    await run.send({ message: 'Refund 18', commandId: 'command-1' })
    await settle(world, run)
    expect((await eventsOf(world, run.id)).filter(({ type }) => type === 'MessageReceived')).toHaveLength(1)
  })
})

describe('guardrails of texts', () => {
  const card = /\d{4} \d{4} \d{4} \d{4}/
  const noCards = {
    name: 'cards',
    check: (text: string) =>
      card.test(text)
        ? ({ verdict: 'redact', text: text.replace(card, '[card]'), reason: 'a card number' } as const)
        : ({ verdict: 'allow' } as const),
  }
  const noShouting = {
    name: 'shouting',
    check: (text: string) =>
      text === text.toUpperCase() ? ({ verdict: 'block', reason: 'shouting' } as const) : ({ verdict: 'allow' } as const),
  }
  const agentWith = (guardrails: AgentOptions<unknown>['guardrails'] = {}) =>
    defineAgent({ name: 'g', version: '1', instructions: '', models: ['scripted/one'], guardrails })

  test('redact what the model sees, and block a message without asking it', async () => {
    const prompts: string[] = []
    const model = scriptedModel((request) => {
      prompts.push(JSON.stringify(request.messages))
      return answer('ok then')
    })
    const world = openWorld({ agents: [agentWith({ input: [noCards, noShouting] })], models: { scripted: model } })
    const run = await world.refold.start('g', { message: 'my card is 1234 5678 1234 5678' })
    await settle(world, run)
    expect(prompts[0]).toContain('my card is [card]')
    await run.send({ message: 'ANSWER ME' })
    expect(await settle(world, run)).toMatchObject({ state: 'awaitingMessage' })
    expect(prompts).toHaveLength(1)
  })

  test('redact an answer for the user and for later prompts, and send a blocked one back', async () => {
    const model = scriptedModel([answer('NEVER'), answer('it is 1234 5678 1234 5678')])
    const world = openWorld({ agents: [agentWith({ output: [noShouting, noCards] })], models: { scripted: model } })
    const run = await world.refold.start('g', { message: 'Tell me' })
    expect((await settle(world, run)).answer).toBe('it is [card]')
    expect((await run.verify()).ok).toBe(true)
  })
})
