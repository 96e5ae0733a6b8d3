import { describe, expect, test } from 'vitest'
import type { ModelFailureClass } from '../../../src/events/message.ts'
import { afterModelFailure, defaultFailurePolicy } from '../../../src/machines/model-failure-policy.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, failure } from '../../../src/models/scripted/script.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { eventsOf, manualClock, openWorld, settle } from '../../support/world.ts'

const MINUTE = 60_000

/** A model that is away until so many ms have passed. */
const awayFor = (ms: number, failureClass: ModelFailureClass, options: Partial<AgentOptions<unknown>> = {}) => {
  const clock = manualClock()
  const beganAt = clock.now()
  const asked: string[] = []
  const model = scriptedModel((request) => {
    asked.push(request.model)
    return clock.now() - beganAt < ms ? failure(failureClass) : answer(`from ${request.model}`)
  })
  const agent = defineAgent({ name: 'a', version: '1', instructions: 'Help.', models: ['scripted/one'], ...options })
  return { world: openWorld({ agents: [agent], models: { scripted: model }, clock }), asked }
}

const PASSING = ['network', 'overloaded', 'rateLimit', 'server', 'timeout'] as const

describe('a model that is away', () => {
  test.each(PASSING)('for minutes is waited out, where there is no other: %s', async (failureClass) => {
    const { world, asked } = awayFor(5 * MINUTE, failureClass)
    const run = await world.refold.start('a', { message: 'Hello' })
    expect(await settle(world, run)).toMatchObject({ state: 'awaitingMessage', answer: 'from one' })
    expect(asked.length).toBeLessThan(30)
    expect((await run.verify()).ok).toBe(true)
  })

  test.each(PASSING)('for longer is a matter for a person: %s', async (failureClass) => {
    const { world } = awayFor(60 * MINUTE, failureClass)
    const run = await world.refold.start('a', { message: 'Hello' })
    expect(await settle(world, run)).toMatchObject({ state: 'escalated', waitsFor: 'human' })
    const events = await eventsOf(world, run.id)
    const [first, last] = [events[0]?.meta.at ?? 0, events.at(-1)?.meta.at ?? 0]
    expect(last - first).toBeGreaterThan(8 * MINUTE)
    expect(last - first).toBeLessThanOrEqual(10 * MINUTE)
  })

  test('is waited out for ever where the agent says so, and no limit of the turn ends that', async () => {
    const patient = { ...defaultFailurePolicy.network, forMs: Infinity }
    const { world } = awayFor(120 * MINUTE, 'network', { failurePolicy: { network: patient } })
    const run = await world.refold.start('a', { message: 'Hello' })
    const view = await settle(world, run)
    expect(view).toMatchObject({ state: 'awaitingMessage', answer: 'from one' })
    expect((await eventsOf(world, run.id)).map(({ type }) => type)).not.toContain('LimitExceeded')
    expect((await run.verify()).ok).toBe(true)
  })

  test('is not waited for long where there is another, and the last one is', async () => {
    const { world, asked } = awayFor(5 * MINUTE, 'network', { models: ['scripted/one', 'scripted/two'] })
    const run = await world.refold.start('a', { message: 'Hello' })
    expect(await settle(world, run)).toMatchObject({ answer: 'from two' })
    expect(asked.filter((model) => model === 'one')).toHaveLength(3)
  })

  test('is waited out as before where the rule of an agent names attempts alone', async () => {
    const rule = { attempts: 2, baseDelayMs: 10, maxDelayMs: 10, then: 'nextModel' as const }
    const { world, asked } = awayFor(MINUTE, 'overloaded', { failurePolicy: { overloaded: rule } })
    await settle(world, await world.refold.start('a', { message: 'Hello' }))
    expect(asked).toHaveLength(2)
  })
})

describe('the wait before the next attempt', () => {
  const failed = { modelAttempt: 1, hasNextModel: false, at: 1_000_000, failingSince: 1_000_000, chance: 1 }
  const waitOf = (attempt: number, failingSince = failed.at): number | undefined => {
    const after = afterModelFailure(defaultFailurePolicy, { ...failed, class: 'network', modelAttempt: attempt, failingSince })
    return after.next === 'retry' ? after.retryAt - failed.at : undefined
  }

  test('doubles up to a minute', () => {
    expect([1, 2, 3, 8, 40, 5_000].map((attempt) => waitOf(attempt))).toEqual([500, 1_000, 2_000, MINUTE, MINUTE, MINUTE])
  })

  test('is not begun where it would end after the patience', () => {
    expect(waitOf(8, failed.at - 9 * MINUTE)).toBe(MINUTE)
    expect(waitOf(8, failed.at - 9 * MINUTE - 1)).toBeUndefined()
  })

  test('is what the vendor asks for, as far as the patience goes', () => {
    const after = (retryAfterMs: number) => afterModelFailure(defaultFailurePolicy, { ...failed, class: 'rateLimit', retryAfterMs })
    expect(after(5 * MINUTE)).toMatchObject({ next: 'retry', retryAt: failed.at + 5 * MINUTE })
    expect(after(11 * MINUTE)).toEqual({ next: 'escalate' })
  })
})
