import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryBlobStore } from '../../../src/blobs/blob-store.memory.ts'
import type { BusConsumer, BusMessage } from '../../../src/bus/bus.ts'
import { consumeCommands, type CommandNotice } from '../../../src/consumers/commands-in.ts'
import { AppError } from '../../../src/errors.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { agentRegistry } from '../../../src/runtime/code/agents.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { createRuntime, type Runtime } from '../../../src/runtime/runtime.ts'
import { memorySnapshotStore } from '../../../src/snapshots/snapshot-store.memory.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'
import { messagesIn, openBusWorld, type BusWorld } from './bus-world.ts'

const refund = defineTool({
  name: 'refund',
  description: 'Pays back',
  input: z.object({ order: z.string() }),
  output: z.string(),
  effect: 'idempotent',
  approval: true,
  execute: ({ order }) => Promise.resolve(`refunded ${order}`),
})
const shop = defineAgent({ name: 'shop', version: '1', instructions: '', models: ['scripted/one'], tools: [refund] })

/** A runtime that only accepts: it has no model that it could call. */
const acceptor = (world: BusWorld, log: EventLog = world.log): Runtime => {
  let count = 0
  return createRuntime(
    {
      log,
      blobs: memoryBlobStore(),
      snapshots: memorySnapshotStore(),
      agents: agentRegistry([shop]),
      models: {},
      clock: world.clock,
      ids: { uuid: () => `00000000-0000-4000-8000-acce${(++count).toString(16).padStart(8, '0')}` },
      random: () => 0.5,
      owner: 'here/1/acceptor',
      ownerIsGone: () => false,
      costOf: () => 0,
      modelConcurrency: 8,
      notify: () => undefined,
      onDelta: () => undefined,
    },
    { performs: false },
  )
}

const worker = (world: BusWorld) =>
  openWorld({
    agents: [shop],
    log: world.log,
    clock: world.clock,
    owner: 'here/2/worker',
    models: {
      scripted: scriptedModel((request) =>
        request.messages.at(-1)?.role === 'tool' ? answer('Done.') : toolCalls([{ name: 'refund', arguments: { order: '18' } }]),
      ),
    },
  })

const consumers: BusConsumer[] = []
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.close()))
})

const consume = (world: BusWorld, runtime: Pick<Runtime, 'start' | 'command'>): CommandNotice[] => {
  const notices: CommandNotice[] = []
  consumers.push(consumeCommands({ ...world, group: 'commands', runtime, notify: (notice) => notices.push(notice) }))
  return notices
}

const command = (body: Record<string, unknown>, headers: Record<string, string> = {}): BusMessage => ({
  key: String(body['runId']),
  value: JSON.stringify(body),
  headers,
})

const publish = async (world: BusWorld, ...messages: BusMessage[]): Promise<void> => {
  const publisher = await world.bus.openPublisher()
  await publisher.publish([{ topic: world.topics.commands, messages }])
  await publisher.close()
}

const handled = async (world: BusWorld): Promise<void> => {
  while ((await world.bus.lag('commands', world.topics.commands)) > 0) await new Promise((resolve) => setImmediate(resolve))
}

const start = (runId: string, change: Record<string, unknown> = {}): BusMessage =>
  command({ type: 'startRun', commandId: `start-${runId}`, runId, agent: 'shop', message: 'Refund 18', ...change })

const typesOf = async (world: BusWorld, runId: string): Promise<string[]> => (await eventsOf(world, runId)).map(({ type }) => type)

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('a command', () => {
  test('is recorded with its origin and nothing is performed; a worker performs what is owed', async () => {
    const world = await openBusWorld()
    consume(world, acceptor(world))
    await publish(world, { ...start('run-a', { by: 'crm' }), headers: { traceparent: TRACEPARENT } })
    await handled(world)
    expect(await typesOf(world, 'run-a')).toEqual(['RunStarted', 'MessageReceived'])
    expect((await eventsOf(world, 'run-a'))[0]!.meta).toMatchObject({ commandId: 'start-run-a', actor: 'crm', traceparent: TRACEPARENT })
    const { refold, clock } = worker(world)
    await refold.runtime.wake('run-a')
    expect(await settle({ clock }, refold.run('run-a'))).toMatchObject({ waitsFor: 'approval' })
  })

  test('begins a run with all that one may be begun with', async () => {
    const world = await openBusWorld()
    consume(world, acceptor(world))
    const kept = { context: { customer: 'ann' }, tags: { order: '18' }, metadata: { source: { shop: 7 } } }
    await publish(world, start('run-a', { ...kept, data: { channel: 'mail' } }))
    await handled(world)
    const [started, received] = await eventsOf(world, 'run-a')
    expect(started!.data).toMatchObject(kept)
    expect(received!.data).toMatchObject({ data: { channel: 'mail' } })
  })

  test.each(['00-aa-bb-01', `${TRACEPARENT}-${'x'.repeat(5_000)}`, TRACEPARENT.toUpperCase(), `ff${TRACEPARENT.slice(2)}`])(
    'counts as one without a trace where its trace is none: %.60s',
    async (traceparent) => {
      const world = await openBusWorld()
      consume(world, acceptor(world))
      await publish(world, { ...start('run-a'), headers: { traceparent } })
      await handled(world)
      expect((await eventsOf(world, 'run-a')).filter(({ meta }) => meta.traceparent !== undefined)).toEqual([])
    },
  )

  test('with JSON of too many levels lies among the dead letters, and records nothing', async () => {
    const world = await openBusWorld()
    const notices = consume(world, acceptor(world))
    const input = '['.repeat(6_000) + ']'.repeat(6_000)
    await publish(world, {
      key: 'run-a',
      value: `{"type":"startRun","commandId":"c","runId":"run-a","agent":"shop","input":${input}}`,
      headers: {},
    })
    await handled(world)
    expect(notices).toMatchObject([
      { type: 'commandRefused', code: 'InvalidInput', reason: expect.stringContaining('128 levels') as string },
    ])
  })

  test('is decided on what other processes have recorded meanwhile', async () => {
    const world = await openBusWorld()
    const notices = consume(world, acceptor(world))
    await publish(world, start('run-a'))
    await handled(world)
    const { refold, clock } = worker(world)
    await refold.runtime.wake('run-a')
    const { approvals } = await settle({ clock }, refold.run('run-a'))
    const { callId, digest } = approvals[0]!
    await publish(world, command({ type: 'approve', commandId: 'yes', runId: 'run-a', callId, digest, by: 'dana' }))
    await handled(world)
    expect(notices).toEqual([])
    expect(await typesOf(world, 'run-a')).toContain('ApprovalGranted')
    await refold.runtime.wake('run-a')
    expect(await settle({ clock }, refold.run('run-a'))).toMatchObject({ answer: 'Done.' })
  })
  test('moves a run to another version of its agent, once', async () => {
    const world = await openBusWorld()
    const notices = consume(world, acceptor(world))
    const before = openWorld({
      agents: [defineAgent({ name: 'shop', version: '0', instructions: '', models: ['scripted/one'] })],
      log: world.log,
      clock: world.clock,
      models: { scripted: scriptedModel([]) },
    })
    await before.refold.start('shop', { runId: 'run-a' })
    const move = command({ type: 'move', commandId: 'm1', runId: 'run-a', by: 'dana', to: '1' })
    await publish(world, move, move)
    await handled(world)
    expect(notices).toEqual([])
    expect(await typesOf(world, 'run-a')).toEqual(['RunStarted', 'RunMoved'])
  })
  test('that comes twice is granted once, also to another process', async () => {
    const world = await openBusWorld()
    consume(world, acceptor(world))
    const pause = command({ type: 'pause', commandId: 'p1', runId: 'run-a', by: 'dana' })
    const resume = command({ type: 'resume', commandId: 'r1', runId: 'run-a', by: 'dana' })
    await publish(world, start('run-a'), pause, start('run-a'), resume, pause)
    await handled(world)
    await consumers.pop()!.close()
    consume(world, acceptor(world))
    await publish(world, start('run-a'), resume, pause)
    await handled(world)
    expect(await typesOf(world, 'run-a')).toEqual(['RunStarted', 'MessageReceived', 'RunPaused', 'RunResumed'])
    expect(await messagesIn(world.bus, world.topics.commandsDeadLetters)).toEqual([])
  })
  test('of every type finds its way to the run', async () => {
    const world = await openBusWorld()
    const notices = consume(world, acceptor(world))
    const at = { runId: 'run-a', by: 'dana' }
    await publish(world, start('run-a'), command({ ...at, type: 'sendMessage', commandId: '1', text: 'And 19', data: { order: 19 } }))
    await publish(
      world,
      command({ ...at, type: 'deny', commandId: '2', callId: '9.9', reason: 'no' }),
      command({ ...at, type: 'settleToolCall', commandId: '3', callId: '9.9', outcome: { succeeded: true, output: 'ok' } }),
      command({ ...at, type: 'answer', commandId: '4', text: 'It is on its way.' }),
      command({ ...at, type: 'giveBack', commandId: '5', note: 'go on', limits: { tokens: 5 } }),
      command({ ...at, type: 'complete', commandId: '6', output: { done: true } }),
      command({ ...at, type: 'fail', commandId: '7', reason: 'broken' }),
      command({ ...at, type: 'cancel', commandId: '8', reason: 'no longer needed' }),
    )
    await handled(world)
    expect(await typesOf(world, 'run-a')).toEqual(['RunStarted', 'MessageReceived', 'MessageReceived', 'RunCancelled'])
    // What the run is in no state for, the charts have refused, each for a reason of its own.
    expect(notices.map(({ code }) => code)).toEqual(Array(6).fill('NotPossible'))
    expect(notices.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('deny is not possible') as string,
      '9.9 is not unresolved',
      expect.stringContaining('answer is not possible') as string,
      expect.stringContaining('give-back is not possible') as string,
      expect.stringContaining('complete is not possible') as string,
      expect.stringContaining('fail is not possible') as string,
    ])
  })
})

describe('a command that cannot be granted', () => {
  test.each([
    ['that is no JSON', { key: 'run-a', value: '{"type"', headers: {} }, 'InvalidInput', /as JSON/],
    [
      'with a member called __proto__',
      { key: 'run-a', value: '{"type":"resume","by":"dana","commandId":"1","runId":"run-a","a":{"__proto__":1}}', headers: {} },
      'InvalidInput',
      /without a member \$\.a\.__proto__/,
    ],
    ['without a value', { key: 'run-a', value: null, headers: {} }, 'InvalidInput', /as JSON/],
    ['of no known type', command({ type: 'fly', commandId: '1', runId: 'run-a' }), 'InvalidInput', /type/],
    ['without an id', command({ type: 'resume', runId: 'run-a', by: 'dana' }), 'InvalidInput', /commandId/],
    [
      'with a member too many',
      command({ type: 'resume', commandId: '1', runId: 'run-a', by: 'dana', force: true }),
      'InvalidInput',
      /force/,
    ],
    ['of a later version', command({ type: 'resume', version: 2, commandId: '1', runId: 'run-a', by: 'dana' }), 'InvalidInput', /version/],
    ['under the key of another run', { ...start('run-a'), key: 'run-b' }, 'InvalidInput', /run-a.*"run-b"/],
    ['to an agent that nobody knows', start('run-a', { agent: 'nobody' }), 'UnknownAgent', /nobody/],
    ['to a run that is not there', command({ type: 'resume', commandId: '1', runId: 'run-x', by: 'dana' }), 'RunNotFound', /run-x/],
    ['with a run id that is none', start('run a'), 'InvalidInput', /run id/],
  ])('%s lies among the dead letters with the reason, and the next one is handled', async (_, message, code, reason) => {
    const world = await openBusWorld(1)
    const notices = consume(world, acceptor(world))
    await publish(world, { ...message, headers: { 'x-from': 'crm' } }, start('run-next'))
    await handled(world)
    const [letter, ...others] = await messagesIn(world.bus, world.topics.commandsDeadLetters)
    expect(others).toEqual([])
    expect(letter).toMatchObject({
      key: message.key,
      value: message.value,
      headers: { 'x-from': 'crm', 'dlq-code': code, 'dlq-topic': world.topics.commands, 'dlq-partition': '0', 'dlq-offset': '0' },
    })
    expect(letter!.headers['dlq-reason']).toMatch(reason)
    expect(notices).toMatchObject([{ type: 'commandRefused', runId: message.key, code }])
    expect(await typesOf(world, 'run-next')).toHaveLength(2)
  })
})

describe('a log that is away', () => {
  test('keeps commands waiting, and none is granted twice or lost', async () => {
    const world = await openBusWorld(1)
    let left = 3
    const log: EventLog = {
      ...world.log,
      append: (stream, expected, events) =>
        left-- > 0
          ? Promise.reject(new AppError('EventLogUnavailable', 'the store is away', { retryable: true }))
          : world.log.append(stream, expected, events),
    }
    const notices = consume(world, acceptor(world, log))
    const invalid = command({ type: 'fly', commandId: '1', runId: 'run-c' })
    await publish(world, start('run-a'), invalid, start('run-b'), command({ type: 'pause', commandId: 'p', runId: 'run-a', by: 'dana' }))
    while ((await world.bus.lag('commands', world.topics.commands)) > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      world.clock.next()
    }
    expect(await typesOf(world, 'run-a')).toEqual(['RunStarted', 'MessageReceived', 'RunPaused'])
    expect(await typesOf(world, 'run-b')).toEqual(['RunStarted', 'MessageReceived'])
    expect(world.busNotices.every(({ type }) => type === 'batchFailed')).toBe(true)
    expect(await messagesIn(world.bus, world.topics.commandsDeadLetters)).toHaveLength(1)
    expect(notices).toHaveLength(1)
  })
})
