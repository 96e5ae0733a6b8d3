import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import type { RunView } from '../../../src/fold/run-view.ts'
import type { Model } from '../../../src/models/model.ts'
import { answer, failure, toolCalls, type ScriptedOutcome } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { outlineRow } from '../../../src/projections/outline-row.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import type { Run } from '../../../src/runtime/run-handle.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle, type World, type WorldOptions } from '../../support/world.ts'

interface Held {
  readonly signal: AbortSignal
  readonly end: (outcome: ScriptedOutcome) => void
}

/** A model whose calls last until they are ended, or given up. */
const heldModel = (): { readonly model: Model; readonly calls: Held[] } => {
  const calls: Held[] = []
  const model: Model = {
    isFree: true,
    call: (request, options) =>
      new Promise((resolve, reject) => {
        const { signal } = options
        const end = (outcome: ScriptedOutcome): void => void scriptedModel([outcome]).call(request, options).then(resolve, reject)
        signal.addEventListener('abort', () => reject(new Error('aborted')))
        calls.push({ signal, end })
      }),
  }
  return { model, calls }
}

const options = { name: 'desk', version: '1', instructions: 'Help.', models: ['scripted/one'] } as const

const open = (
  script: (said: string, tools: number) => ScriptedOutcome,
  more: Partial<AgentOptions<unknown>> = {},
): World & { prompts: () => number } => {
  let prompts = 0
  const model = scriptedModel(({ messages }) => {
    prompts += 1
    const said = messages
      .flatMap((message) => (message.role === 'user' ? message.parts : []))
      .flatMap((part) => ('text' in part ? [part.text] : []))
    return script(said.at(-1) ?? '', messages.filter(({ role }) => role === 'tool').length)
  })
  return { ...openWorld({ agents: [defineAgent({ ...options, ...more })], models: { scripted: model } }), prompts: () => prompts }
}

const openHeld = (more: Partial<AgentOptions<unknown>> = {}, world: Partial<WorldOptions> = {}) => {
  const held = heldModel()
  return { ...openWorld({ agents: [defineAgent({ ...options, ...more })], models: { scripted: held.model }, ...world }), held }
}

const until = async (isThere: () => boolean): Promise<void> => {
  for (let turns = 0; turns < 1_000 && !isThere(); turns++) await nextTurn()
  expect(isThere()).toBe(true)
}

const typesOf = async (world: Pick<World, 'log'>, runId: string): Promise<string[]> =>
  (await eventsOf(world, runId)).map(({ type }) => type)
const last = async (world: Pick<World, 'log'>, runId: string, count: number): Promise<string[]> =>
  (await typesOf(world, runId)).slice(-count)

const by = 'ann'

const withPerson = { state: 'escalated', waitsFor: 'human', takenOver: { by } }

/** Speaks for the agent and gives the run back, and the agent answers what comes next. */
const handlesIt = async (world: World, run: Run): Promise<void> => {
  await run.answer({ by, text: 'I see to it.' })
  expect(await settle(world, run)).toMatchObject({ waitsFor: 'message', answer: 'I see to it.', takenOver: { by } })
  await run.giveBack({ by })
  expect(await run.state()).toMatchObject({ waitsFor: 'message', takenOver: null })
  expect((await run.verify()).ok).toBe(true)
}

describe('a run that a person takes over', () => {
  test('while its model is called: the call is given up in the same append, and a late answer is refused', async () => {
    const world = openHeld()
    const run = await world.refold.start('desk', { message: 'Hello' })
    await until(() => world.held.calls.length === 1)
    await run.takeOver({ by, note: 'I know her' })
    expect(world.held.calls[0]?.signal.aborted).toBe(true)
    world.held.calls[0]?.end(answer('Too late.'))
    expect(await settle(world, run)).toMatchObject({ ...withPerson, takenOver: { by, note: 'I know her' }, answer: null, reason: null })
    expect(await last(world, run.id, 4)).toEqual(['ModelCallRequested', 'RunTakenOver', 'ModelCallFailed', 'RunEscalated'])
    const [, , failed, escalated] = (await eventsOf(world, run.id)).slice(-4)
    expect(failed?.data).toMatchObject({ class: 'takenOver', message: 'ann has taken the run over', next: 'escalate' })
    expect(escalated?.data).toEqual({ reason: 'ann has taken the run over' })
    await handlesIt(world, run)
    expect(world.held.calls).toHaveLength(1)
  })

  test('again and again reaches its limits: each call that was given up counts as what it may have cost', async () => {
    const limits = { costUsd: 0.005, tokens: null }
    const models = { limits, modelSettings: { maxOutputTokens: 1_000 } }
    const world = openHeld(models, { costOf: ({ inputTokens, outputTokens }) => inputTokens + outputTokens })
    const run = await world.refold.start('desk', { message: 'Hello' })
    for (let rounds = 0; rounds < 7; rounds++) {
      await until(() => world.held.calls.length > rounds)
      await run.takeOver({ by })
      const { data } = (await eventsOf(world, run.id)).findLast(({ type }) => type === 'ModelCallFailed') ?? {}
      expect(data).toMatchObject({ class: 'takenOver', usage: { outputTokens: 1_000 } })
      await run.giveBack({ by })
    }
    const events = await eventsOf(world, run.id)
    // What is left then are last words, with no tool.
    const asked = events.flatMap(({ type, data }) => (type === 'ModelCallRequested' ? [data.purpose] : []))
    expect(asked).toEqual([...Array<string>(5).fill('answer'), 'wrapUp', 'wrapUp', 'wrapUp'])
    const { spent } = await run.state()
    expect(spent.costMicroUsd).toBeGreaterThan(5_000)
    expect(spent.costMicroUsd).toBe(spent.tokens)
    expect((await run.verify()).ok).toBe(true)
  })

  test('before its model was called costs nothing', async () => {
    const world = open(() => answer('Yes.'), {})
    const run = await world.refold.start('desk')
    await run.takeOver({ by })
    await run.send({ message: 'Hello' })
    expect(await settle(world, run)).toMatchObject({ ...withPerson, spent: { tokens: 0, costMicroUsd: 0 } })
    expect(world.prompts()).toBe(0)
  })

  test('while it waits for its user: the next messages come to the person, turn after turn, until it is given back', async () => {
    const world = open((said) => answer(`Answer to ${said}`))
    const run = await world.refold.start('desk', { message: 'One' })
    await settle(world, run)
    await run.takeOver({ by })
    expect(await run.state()).toMatchObject({ waitsFor: 'message', takenOver: { by } })
    for (const message of ['Two', 'Three']) {
      await run.send({ message })
      expect(await settle(world, run)).toMatchObject(withPerson)
      await run.answer({ by, text: `Ann on ${message}` })
      expect(await settle(world, run)).toMatchObject({ waitsFor: 'message', answer: `Ann on ${message}`, takenOver: { by } })
    }
    expect(world.prompts()).toBe(1)
    await run.giveBack({ by, note: 'They are a friend.' })
    await run.send({ message: 'Four' })
    const view = await settle(world, run)
    expect(view).toMatchObject({ answer: 'Answer to Four', takenOver: null, turn: 4 })
    const told = view.transcript.flatMap(({ parts }) => (parts as { text: string }[]).map(({ text }) => text))
    expect(told.slice(-3)).toEqual(['They are a friend.', 'Four', 'Answer to Four'])
    expect((await run.verify()).ok).toBe(true)
  })

  test('between two attempts: nothing is waited out, and no attempt follows', async () => {
    const world = open(() => failure('overloaded'))
    const run = await world.refold.start('desk', { message: 'Hello' })
    await until(() => world.prompts() === 1)
    while ((await run.state()).state !== 'thinking.backingOff') await nextTurn()
    await run.takeOver({ by })
    expect(await run.state()).toMatchObject({ ...withPerson, timers: [] })
    expect(await last(world, run.id, 4)).toEqual(['RunTakenOver', 'TimerFired', 'ModelCallFailed', 'RunEscalated'])
    world.clock.advance(600_000)
    await handlesIt(world, run)
    expect(world.prompts()).toBe(1)
  })

  test('while it wraps up, and between two attempts at that', async () => {
    const unknownTool = toolCalls([{ name: 'search', arguments: {} }])
    const limits = { iterationsPerTurn: 1 }
    const held = openHeld({ limits })
    const wrapping = await held.refold.start('desk', { message: 'Hello' })
    await until(() => held.held.calls.length === 1)
    held.held.calls[0]?.end(unknownTool)
    await until(() => held.held.calls.length === 2)
    await wrapping.takeOver({ by })
    expect(await wrapping.state()).toMatchObject(withPerson)
    await handlesIt(held, wrapping)

    const failing = open((_, tools) => (tools === 0 ? unknownTool : failure('overloaded')), { limits })
    const backing = await failing.refold.start('desk', { message: 'Hello' })
    while ((await backing.state()).state !== 'wrappingUp.backingOff') await nextTurn()
    await backing.takeOver({ by })
    expect(await backing.state()).toMatchObject(withPerson)
    await handlesIt(failing, backing)
  })

  test('that is paused, or escalated already', async () => {
    const world = openHeld()
    const run = await world.refold.start('desk', { message: 'Hello' })
    await until(() => world.held.calls.length === 1)
    await run.pause({ by: 'bob' })
    await run.takeOver({ by })
    expect(await run.state()).toMatchObject({ state: 'escalated', paused: true, takenOver: { by } })
    await run.resume({ by: 'bob' })
    await handlesIt(world, run)

    const failing = open(() => failure('auth'))
    const escalated = await failing.refold.start('desk', { message: 'Hello' })
    expect(await settle(failing, escalated)).toMatchObject({ state: 'escalated', takenOver: null })
    await escalated.takeOver({ by })
    expect(await escalated.state()).toMatchObject(withPerson)
    await escalated.giveBack({ by, limits: { tokens: 1_000_000 } })
    expect(await settle(failing, escalated)).toMatchObject({ state: 'escalated', takenOver: null })
  })
})

describe('what tools do for a run that a person takes over', () => {
  const desk = (approval: boolean) => {
    const done: string[] = []
    let finish = (): void => undefined
    const refund = defineTool({
      name: 'refund',
      description: 'Pays back',
      input: z.object({ order: z.string() }),
      output: z.string(),
      effect: 'once',
      approval,
      execute: ({ order }) =>
        new Promise<string>((resolve) => {
          finish = () => {
            done.push(order)
            resolve(`refunded ${order}`)
          }
        }),
      lookup: () => Promise.resolve({ found: 'nothing' }),
    })
    const world = open((_, tools) => (tools === 0 ? toolCalls([{ name: 'refund', arguments: { order: '18' } }]) : answer('Done.')), {
      tools: [refund],
    })
    return { world, done, finish: () => finish(), isUnderWay: () => world.refold.runtime.isAtWork() }
  }

  test('comes to its end and is recorded, and then the person has it', async () => {
    const { world, done, finish, isUnderWay } = desk(false)
    const run = await world.refold.start('desk', { message: 'Refund 18' })
    await until(isUnderWay)
    await run.takeOver({ by })
    expect(await run.state()).toMatchObject({ state: 'acting', takenOver: { by } })
    await expect(run.answer({ by, text: 'Soon.' })).rejects.toThrow('answer is not possible: ')
    finish()
    expect(await settle(world, run)).toMatchObject(withPerson)
    expect(done).toEqual(['18'])
    expect(await typesOf(world, run.id)).toContain('ToolCallSucceeded')
    expect(world.prompts()).toBe(1)
    await handlesIt(world, run)
  })

  test('and what they ask people for stays open: granted, it is done, denied, it is not', async () => {
    for (const isGranted of [true, false]) {
      const { world, done, finish, isUnderWay } = desk(true)
      const run = await world.refold.start('desk', { message: 'Refund 18' })
      const { approvals } = await settle(world, run)
      await run.takeOver({ by })
      expect(await run.state()).toMatchObject({ state: 'acting', waitsFor: 'approval', takenOver: { by } })
      if (isGranted) {
        await run.approve(approvals[0]!.callId, { by })
        await until(isUnderWay)
        finish()
      } else await run.deny(approvals[0]!.callId, { by, reason: 'not theirs' })
      expect(await settle(world, run)).toMatchObject(withPerson)
      expect(done).toHaveLength(isGranted ? 1 : 0)
      expect(world.prompts()).toBe(1)
    }
  })

  test('goes back to the model where the run is given back before the tool has answered', async () => {
    const { world, finish, isUnderWay } = desk(false)
    const run = await world.refold.start('desk', { message: 'Refund 18' })
    await until(isUnderWay)
    await run.takeOver({ by })
    await expect(run.giveBack({ by, limits: { tokens: 5 } })).rejects.toThrow('its limits change only where it is escalated')
    await run.giveBack({ by, note: 'It is fine.' })
    expect(await last(world, run.id, 1)).toEqual(['RunReleased'])
    finish()
    expect(await settle(world, run)).toMatchObject({ answer: 'Done.', waitsFor: 'message', takenOver: null })
    expect((await run.verify()).ok).toBe(true)
  })
})

describe('taking over', () => {
  const taken = async () => {
    const world = open((said) => answer(`Answer to ${said}`))
    const run = await world.refold.start('desk', { message: 'One' })
    await settle(world, run)
    await run.takeOver({ by })
    return { world, run }
  }

  test('a run that somebody has says who, and is granted to whoever names them', async () => {
    const { world, run } = await taken()
    await expect(run.takeOver({ by: 'bob' })).rejects.toThrow(`ann has taken ${run.id} over`)
    await expect(run.takeOver({ by: 'bob' })).rejects.toThrow('say that you take it from ann')
    await expect(run.takeOver({ by: 'bob', from: 'cleo' })).rejects.toThrow('say that you take it from ann')
    await expect(run.takeOver({ by })).rejects.toThrow(/; ann took it over at 20\S+ \(revision \d+\)/)
    await expect(run.takeOver({ by, from: by })).rejects.toThrow('cannot take it from themselves')
    await run.takeOver({ by: 'bob', from: by })
    expect(await run.state()).toMatchObject({ takenOver: { by: 'bob' } })
    const outline = outlineRow((await eventsOf(world, run.id)).at(-1)!, () => undefined)
    expect(outline).toMatchObject({ type: 'RunTakenOver', by: 'bob', summary: 'by bob from ann' })
    expect(outline).not.toHaveProperty('from')
    await run.send({ message: 'Two' })
    expect(await settle(world, run)).toMatchObject({ state: 'escalated', reason: null, takenOver: { by: 'bob' } })
    expect((await run.verify()).ok).toBe(true)
  })

  test('is refused for a run that nobody has and that is to be taken from somebody, and for one that has ended', async () => {
    const { run } = await taken()
    await run.giveBack({ by })
    await expect(run.takeOver({ by: 'bob', from: by })).rejects.toThrow('nobody has taken')
    await run.complete({ by })
    await expect(run.takeOver({ by })).rejects.toMatchObject({ code: 'NotPossible' })
    expect(await run.state()).toMatchObject({ status: 'completed', takenOver: null })
  })

  test('under one command id is granted once', async () => {
    const { world, run } = await taken()
    const command = { type: 'takeOver', by: 'bob', from: by } as const
    await world.refold.runtime.command(run.id, command, { commandId: 'c' })
    await world.refold.runtime.command(run.id, command, { commandId: 'c' })
    expect((await typesOf(world, run.id)).filter((type) => type === 'RunTakenOver')).toHaveLength(2)
    await expect(world.refold.runtime.command(run.id, { ...command, by: 'cleo' }, { commandId: 'c' })).rejects.toMatchObject({
      code: 'IdempotencyKeyReused',
    })
  })

  test('a run that another process calls the model for wins over its answer, and over the next claim', async () => {
    const first = openHeld()
    const second = openHeld({}, { log: first.log, clock: first.clock, owner: 'here/2/bb' })
    const run = await first.refold.start('desk', { message: 'Hello' })
    await until(() => first.held.calls.length === 1)
    const there = second.refold.run(run.id)
    await there.takeOver({ by })
    expect(await there.state()).toMatchObject(withPerson)
    first.held.calls[0]?.end(answer('Too late.'))
    await until(() => first.notices.some(({ type }) => type === 'resultDropped'))
    await Promise.all([there.answer({ by, text: 'I see to it.' }), run.send({ message: 'More' }).catch(() => undefined)])
    const [here, beyond] = [await settle(first, run), await settle(second, there)]
    expect(here.revision).toBe(beyond.revision)
    expect(here.takenOver).toMatchObject({ by })
    expect(first.held.calls.length + second.held.calls.length).toBe(1)
    expect((await run.verify()).ok).toBe(true)
  })

  test('and a claim that race each other leave no model call under way, whoever is first', async () => {
    for (let round = 0; round < 8; round++) {
      const first = openHeld()
      const second = openHeld({}, { log: first.log, clock: first.clock, owner: 'here/2/bb' })
      const run = await first.refold.start('desk')
      const take = async (): Promise<void> => {
        for (let turns = 0; turns < round; turns++) await nextTurn()
        await second.refold.run(run.id).takeOver({ by })
      }
      await Promise.all([run.send({ message: 'Hello' }), take()])
      expect(await settle(first, run)).toMatchObject(withPerson)
      for (const { end } of first.held.calls) end(answer('Too late.'))
      expect(await settle(first, run)).toMatchObject({ ...withPerson, answer: null, openEffects: [] })
    }
  })
})

describe('a chart of one’s own', () => {
  const chart = (takes: boolean) =>
    setup({ actions: { callModel: () => undefined, askApproval: () => undefined } }).createMachine({
      id: 'own',
      initial: 'thinking',
      states: {
        thinking: {
          entry: { type: 'callModel', params: { model: 0 } },
          on: { ModelCallSucceeded: 'done', ...(takes && { RunTakenOver: 'withPerson' }) },
        },
        withPerson: { tags: 'human', on: { RunReturned: 'thinking', RunFailed: 'done' } },
        done: { type: 'final' },
      },
    })
  const start = async (takes: boolean) => {
    const held = heldModel()
    const agent = defineAgent({ name: 'own', version: '1', instructions: '', models: ['scripted/one'], chart: chart(takes) })
    const world = openWorld({ agents: [agent], models: { scripted: held.model } })
    const run = await world.refold.start('own')
    await until(() => held.calls.length === 1)
    return { world, run, held }
  }

  test('is not taken over where it does not say what happens then', async () => {
    const { run, held } = await start(false)
    await expect(run.takeOver({ by })).rejects.toThrow('has a chart of its own, which does not take RunTakenOver at thinking')
    expect(held.calls[0]?.signal.aborted).toBe(false)
  })

  test('that waits for a run which it has asked for is taken over alone: the run below goes on, and its result is recorded', async () => {
    const ask = { type: 'startChildRun', params: { agent: 'desk', input: 'Hello', key: 'a' } } as const
    const parentChart = setup({ actions: { startChildRun: (_, _params: object) => undefined } }).createMachine({
      id: 'parent',
      initial: 'waiting',
      on: { ChildRunSucceeded: {} },
      states: {
        waiting: { entry: ask, on: { RunTakenOver: 'withPerson', ChildRunSucceeded: 'done' } },
        withPerson: { tags: 'human', on: { RunReturned: 'done' } },
        done: { type: 'final' },
      },
    })
    const parent = defineAgent({ name: 'parent', version: '1', chart: parentChart })
    const held = heldModel()
    const world = openWorld({ agents: [parent, defineAgent(options)], models: { scripted: held.model } })
    const run = await world.refold.start('parent')
    await until(() => held.calls.length === 1)
    await run.takeOver({ by })
    const child = world.refold.run(`${run.id}.a-1`)
    expect(await child.state()).toMatchObject({ takenOver: null, status: 'active' })
    held.calls[0]?.end(answer('Hi.'))
    await until(() => held.calls.length === 1)
    expect(await settle(world, child)).toMatchObject({ status: 'completed' })
    for (let turns = 0; turns < 60; turns++) await nextTurn()
    expect(await run.state()).toMatchObject({ state: 'withPerson', takenOver: { by }, openEffects: [] })
    await run.giveBack({ by })
    expect(await settle(world, run)).toMatchObject({ status: 'completed' })
    expect((await run.verify()).ok).toBe(true)
  })

  test('is taken over where it does: its model call is given up, and given back, it goes on as it says', async () => {
    const { world, run, held } = await start(true)
    await run.takeOver({ by })
    expect(await run.state()).toMatchObject({ state: 'withPerson', waitsFor: 'human', takenOver: { by }, openEffects: [] })
    expect(held.calls[0]?.signal.aborted).toBe(true)
    await run.giveBack({ by })
    await until(() => held.calls.length === 2)
    held.calls[1]?.end(answer('So.'))
    expect(await settle(world, run)).toMatchObject({ status: 'completed' })
    expect((await run.verify()).ok).toBe(true)
  })
})

describe('a fork of a run that was taken over', () => {
  test('is nobody’s, and its agent goes on where the person had it, at every revision', async () => {
    const world = open((said) => answer(`Answer to ${said}`))
    const run = await world.refold.start('desk', { message: 'One' })
    await settle(world, run)
    await run.takeOver({ by })
    await run.send({ message: 'Two' })
    await settle(world, run)
    await run.answer({ by, text: 'Ann on Two' })
    await settle(world, run)
    const events = await eventsOf(world, run.id)
    const ends: RunView[] = []
    for (const { revision, type } of events.slice(events.findIndex(({ type }) => type === 'RunTakenOver'))) {
      const fork = await run.fork({ at: revision, by: 'dana', runId: `fork-${revision}-${type}` })
      const view = await settle(world, fork)
      expect(view.takenOver, fork.id).toBeNull()
      if (view.state === 'escalated') await fork.giveBack({ by: 'dana' })
      ends.push(await settle(world, fork))
      expect((await fork.verify()).ok, fork.id).toBe(true)
    }
    // Up to the failed call the agent answers what the person has answered.
    expect(ends.filter(({ answer: said }) => said === 'Answer to Two').length).toBeGreaterThan(1)
    expect(await run.state()).toMatchObject({ takenOver: { by } })
  })
})
