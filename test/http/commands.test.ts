import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answer } from '../../src/models/scripted/script.ts'
import type { Receipt, Problem } from '../../src/http/contract.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import { startIds, type StartIds } from '../../src/http/start-ids.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { eventsOf, manualClock, openWorld, settle } from '../support/world.ts'
import { deskAgent, openService } from './service.ts'

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

interface RunBody {
  readonly revision: number
  readonly approvals: readonly { readonly callId: string; readonly digest: string }[]
  readonly toolCalls: readonly { readonly callId: string }[]
}

describe('a start', () => {
  test('is a run at once, says where it is, and what it does comes later', async () => {
    await using service = await openService()
    const { status, headers, body } = await service.ask<Receipt>('POST /v1/runs', { body: { agent: 'desk', message: 'Hello' } })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/v1/runs/${body.runId}`)
    await service.settle(body.runId)
    expect((await service.ask(`GET ${headers.get('location') ?? ''}`)).body).toMatchObject({
      answer: 'You said: Hello',
      waitsFor: 'message',
    })
  })

  test('without a message waits for one', async () => {
    await using service = await openService()
    expect((await service.ask('POST /v1/runs', { body: { agent: 'desk' } })).body).toMatchObject({ waitsFor: 'message', revision: 0 })
  })

  test('may have an id of its own, and is one start under it', async () => {
    await using service = await openService()
    const kept = { tags: { customer: 'ann' }, metadata: { source: { shop: 7 } } }
    const body = { agent: 'desk', runId: 'order-17', message: 'Hello', data: { page: 3 }, ...kept }
    const answers = await Promise.all([1, 2, 3].map(() => service.ask<Receipt>('POST /v1/runs', { body })))
    expect(answers.map(({ status, body: { runId } }) => [status, runId])).toEqual(answers.map(() => [201, 'order-17']))
    await service.settle('order-17')
    expect((await eventsOf(service.world, 'order-17'))[1]).toMatchObject({
      type: 'MessageReceived',
      data: { parts: [{ type: 'text', text: 'Hello' }], data: { page: 3 } },
    })
    expect((await service.ask('GET /v1/runs?tag=customer%3Dann')).body).toMatchObject({
      runs: [{ runId: 'order-17', ...kept }],
    })
    expect((await service.ask('GET /v1/runs/order-17')).body).toMatchObject(kept)
    expect((await service.ask('GET /v1/runs?tag=customer%3Dan')).body).toMatchObject({ runs: [] })
    expect((await service.ask('GET /v1/runs?tag=customer')).status).toBe(400)
    const other = { body: { ...body, data: { page: 4 } } }
    expect(await service.ask('POST /v1/runs', other)).toMatchObject({ status: 422, body: { code: 'IdempotencyKeyReused' } })
  })

  test.each([
    [{ runId: 'has space', message: 'Hello' }, {}],
    [{ runId: '../up', message: 'Hello' }, {}],
    [{ runId: 'one', message: 'Hello' }, { 'idempotency-key': 'other' }],
    [{ data: { page: 3 } }, {}],
    [{ message: 'Hello', metadata: ['shop'] }, {}],
    [{ message: 'Hello', metadata: { text: 'x'.repeat(9_000) } }, {}],
  ])('is refused where it cannot be had: %j', async (given, headers) => {
    await using service = await openService()
    const { status, body } = await service.ask('POST /v1/runs', { body: { agent: 'desk', ...given }, headers })
    expect({ status, body }).toMatchObject({ status: 400, body: { code: 'InvalidInput' } })
  })

  test('hands on what the code of the agent may know of it', async () => {
    await using service = await openService()
    const started = await service.ask<Receipt>('POST /v1/runs', { body: { agent: 'desk', message: 'Hello', context: { customer: 'ann' } } })
    await service.settle(started.body.runId)
    const { body } = await service.ask(`GET /v1/runs/${started.body.runId}`)
    expect(body).toMatchObject({ context: { customer: 'ann' } })
    expect((await eventsOf(service.world, started.body.runId))[0]).toMatchObject({ data: { context: { customer: 'ann' } } })
  })

  test('that is repeated with its idempotency key, many times at once, is one run', async () => {
    await using service = await openService()
    const start = { body: { agent: 'desk', message: 'Hello' }, headers: { 'idempotency-key': 'order-7' } }
    const answers = await Promise.all(Array.from({ length: 20 }, () => service.ask<Receipt>('POST /v1/runs', start)))
    const [runId = '', ...others] = new Set(answers.map(({ body }) => body.runId))
    expect(others).toEqual([])
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    await service.settle(runId)
    expect((await service.ask<Receipt>('POST /v1/runs', start)).body).toMatchObject({ runId, waitsFor: 'message' })
    const types = (await eventsOf(service.world, runId)).map(({ type }) => type)
    expect(types.filter((type) => type === 'RunStarted' || type === 'MessageReceived')).toHaveLength(2)
  })

  test('is refused where its idempotency key has come with another request', async () => {
    await using service = await openService()
    const headers = { 'idempotency-key': 'order-7' }
    const { body } = await service.ask<Receipt>('POST /v1/runs', { body: { agent: 'desk' }, headers })
    await service.ask(`POST /v1/runs/${body.runId}/messages`, { body: { message: 'Hello' }, headers })
    expect((await service.ask('POST /v1/runs', { body: { agent: 'desk' }, headers })).status).toBe(201)
    for (const other of [
      { agent: 'desk', message: 'Hello' },
      { agent: 'desk', input: 1 },
      { agent: 'desk', context: 1 },
    ]) {
      const refused = await service.ask('POST /v1/runs', { body: other, headers })
      expect(refused).toMatchObject({ status: 422, body: { code: 'IdempotencyKeyReused' } })
    }
  })

  test('has an id that its idempotency key does not tell: another log has another, and this one the same, on every process', async () => {
    const log = memoryEventLog({ clock: manualClock() })
    const ofKey = (of: EventLog): StartIds['ofKey'] => startIds(of).ofKey
    const [one, two, three] = [ofKey(log), ofKey(log), ofKey(log)]
    const acme = { tenant: 'acme' }
    const first = await Promise.all([one(acme, 'order-7'), two(acme, 'order-7'), three(acme, 'order-7')])
    expect(new Set(first).size).toBe(1)
    expect(first[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(await ofKey(log)(acme, 'order-7')).toBe(first[0])
    const others = [
      one({ tenant: 'globex' }, 'order-7'),
      one({ tenant: undefined }, 'order-7'),
      one(acme, 'order-8'),
      ofKey(memoryEventLog({ clock: manualClock() }))(acme, 'order-7'),
    ]
    expect(new Set([first[0], ...(await Promise.all(others))]).size).toBe(5)
  })

  test('of an agent that nobody knows names those that are known', async () => {
    await using service = await openService()
    const { status, body } = await service.ask<Problem>('POST /v1/runs', { body: { agent: 'clerk' } })
    expect({ status, body }).toMatchObject({ status: 404, body: { code: 'UnknownAgent', details: { wanted: 'clerk', known: ['desk'] } } })
  })
})

describe('a score', () => {
  test('is recorded once for each key, by whom it says or by the name of the key, also behind the end of a run', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const scored = `POST /v1/runs/${runId}/scores`
    const once = { body: { name: 'thumbs', value: 0, note: 'rude', revision: 3 }, headers: { 'idempotency-key': 'k' } }
    expect(await service.ask(scored, once)).toMatchObject({ status: 200, body: { runId, waitsFor: 'message' } })
    await service.ask(`POST /v1/runs/${runId}/complete`)
    expect((await service.ask(scored, once)).status).toBe(200)
    expect((await service.ask(scored, { body: { name: 'thumbs', value: 1, passed: true, by: 'ann' } })).status).toBe(200)
    const { body } = await service.ask<{ scores: readonly { by: string }[] }>(`GET /v1/runs/${runId}`)
    expect(body.scores).toMatchObject([
      { name: 'thumbs', value: 0, note: 'rude', revision: 3 },
      { name: 'thumbs', value: 1, passed: true, by: 'ann' },
    ])
    expect((await eventsOf(service.world, runId)).filter(({ type }) => type === 'RunScored')).toHaveLength(2)
  })

  test.each([
    [{ name: '', value: 1 }],
    [{ name: 'thumbs' }],
    [{ name: 'thumbs', value: '1' }],
    [{ name: 'thumbs', value: 1, revision: -1 }],
  ])('that is none is refused: %j', async (body) => {
    await using service = await openService()
    const runId = await service.run('Hello')
    expect((await service.ask(`POST /v1/runs/${runId}/scores`, { body })).status).toBe(400)
  })
})

describe('a command', () => {
  test('carries who made it, its id and its trace into the events', async () => {
    await using service = await openService()
    const headers = { 'idempotency-key': 'k-1', traceparent: TRACEPARENT }
    const { body } = await service.ask<Receipt>('POST /v1/runs', { body: { agent: 'desk' }, headers })
    await service.ask(`POST /v1/runs/${body.runId}/messages`, { body: { message: 'Hello' }, headers })
    await service.ask(`POST /v1/runs/${body.runId}/pause`, { body: { by: 'dana' }, headers: { traceparent: '00-nonsense' } })
    const metas = (await eventsOf(service.world, body.runId)).filter(({ meta }) => meta.actor !== undefined).map(({ meta }) => meta)
    expect(metas).toMatchObject([
      { actor: 'local', commandId: 'start:k-1', traceparent: TRACEPARENT },
      { actor: 'local', commandId: 'sendMessage:k-1', traceparent: TRACEPARENT },
      { actor: 'dana' },
    ])
    expect(metas[2]).not.toHaveProperty('traceparent')
  })

  test('that is repeated with its idempotency key is granted once', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const request = { body: { message: 'Again' }, headers: { 'idempotency-key': 'm-1' } }
    const answers = await Promise.all([1, 2, 3].map(() => service.ask(`POST /v1/runs/${runId}/messages`, request)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const types = (await eventsOf(service.world, runId)).map(({ type }) => type)
    expect(types.filter((type) => type === 'MessageReceived')).toHaveLength(2)
  })

  test('that the run cannot grant is refused with the reason, and changes nothing', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const before = await eventsOf(service.world, runId)
    const { status, body } = await service.ask(`POST /v1/runs/${runId}/resume`)
    expect(status).toBe(409)
    expect(body).toMatchObject({
      code: 'NotPossible',
      type: '/docs/errors.md#notpossible',
      title: 'Not possible',
      detail: `resume is not possible: ${runId} is at awaitingMessage, and waits for a message (send)`,
      details: { runId, command: 'resume' },
    })
    expect(await eventsOf(service.world, runId)).toEqual(before)
  })

  test('of a run that is not there is not found', async () => {
    await using service = await openService()
    expect(await service.ask('POST /v1/runs/nowhere/pause')).toMatchObject({ status: 404, body: { code: 'RunNotFound' } })
  })
})

describe('a message', () => {
  test('begins the next turn', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const sent = await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'And now?', data: { page: 3 } } })
    expect(sent).toMatchObject({ status: 200, body: { runId, state: 'thinking.callingModel' } })
    await service.settle(runId)
    expect((await service.ask(`GET /v1/runs/${runId}`)).body).toMatchObject({ answer: 'You said: And now?', turn: 2 })
    const received = (await eventsOf(service.world, runId)).filter(({ type }) => type === 'MessageReceived')
    expect(received[1]).toMatchObject({ data: { parts: [{ type: 'text', text: 'And now?' }], data: { page: 3 } } })
  })

  test('of a megabyte is taken, and one of a byte more is too large', async () => {
    await using service = await openService({ script: () => answer('Long.') })
    const runId = await service.run('Hello')
    const largest = 'é'.repeat(512 * 1024)
    expect((await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: largest } })).status).toBe(200)
    await service.settle(runId)
    const refused = await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: `${largest}!` } })
    expect(refused).toMatchObject({ status: 413, body: { code: 'TooLarge' } })
  })
})

describe('an approval', () => {
  const askedFor = async (service: Awaited<ReturnType<typeof openService>>) => {
    const runId = await service.run('A refund, please')
    const { body } = await service.ask<RunBody>(`GET /v1/runs/${runId}`)
    const { callId = '', digest = '' } = body.approvals[0] ?? {}
    return { runId, callId, digest, path: `/v1/runs/${runId}/approvals/${callId}` }
  }

  test('is granted by name, for what was asked', async () => {
    await using service = await openService()
    const { runId, path, digest } = await askedFor(service)
    expect((await service.ask(`POST ${path}/grant`, { body: { by: 'dana', digest } })).status).toBe(200)
    await service.settle(runId)
    expect((await service.ask(`GET /v1/runs/${runId}`)).body).toMatchObject({ answer: 'The tool said: refunded 18' })
    const granted = (await eventsOf(service.world, runId)).find(({ type }) => type === 'ApprovalGranted')
    expect(granted?.data).toMatchObject({ by: 'dana', digest })
  })

  test('is granted with another input, which is executed; one that does not fit is refused, and the question stays open', async () => {
    await using service = await openService()
    const { runId, path, digest } = await askedFor(service)
    const misfit = await service.ask(`POST ${path}/grant`, { body: { by: 'dana', digest, input: { id: 19 } } })
    expect(misfit).toMatchObject({
      status: 400,
      body: { code: 'InvalidInput', detail: expect.stringContaining('that refund_order takes as they are') as string },
    })
    expect((await service.ask(`POST ${path}/grant`, { body: { by: 'dana', digest, input: { id: '19' } } })).status).toBe(200)
    await service.settle(runId)
    const { body } = await service.ask<RunBody & { answer: string }>(`GET /v1/runs/${runId}`)
    expect(body.answer).toContain(
      'The tool said: refunded 19\nThe arguments of this call were changed by dana, who approved it, to {"id":"19"}',
    )
    const again = await service.ask(`POST ${path}/grant`, { body: { by: 'erin', input: { id: '20' } } })
    expect(again).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('dana granted it with changed arguments') as string },
    })
  })

  test('is refused on a state that a message has come in behind', async () => {
    await using service = await openService()
    const { runId, path } = await askedFor(service)
    const { body } = await service.ask<RunBody>(`GET /v1/runs/${runId}`)
    await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'wait, stop!' } })
    expect((await service.ask(`POST ${path}/grant`, { body: { by: 'dana', seen: body.revision } })).status).toBe(409)
    expect((await service.ask(`POST ${path}/grant`, { body: { by: 'dana', seen: body.revision + 1 } })).status).toBe(200)
  })

  test('is granted without any body, in the name of the key', async () => {
    await using service = await openService()
    const { runId, path } = await askedFor(service)
    expect((await service.ask(`POST ${path}/grant`)).status).toBe(200)
    expect((await eventsOf(service.world, runId)).find(({ type }) => type === 'ApprovalGranted')?.data).toMatchObject({ by: 'local' })
  })

  test('is denied with a reason that the agent is told', async () => {
    await using service = await openService()
    const { runId, path, digest } = await askedFor(service)
    expect((await service.ask(`POST ${path}/deny`, { body: { by: 'dana', reason: 'not ours', digest } })).status).toBe(200)
    await service.settle(runId)
    expect((await service.ask(`GET /v1/runs/${runId}`)).body).toMatchObject({ answer: 'The tool said: Denied by dana: not ours' })
  })

  test('that was given for something else is refused, whichever way it goes', async () => {
    await using service = await openService()
    const { path } = await askedFor(service)
    const digest = 'f'.repeat(64)
    expect(await service.ask(`POST ${path}/grant`, { body: { digest } })).toMatchObject({ status: 409, body: { code: 'NotPossible' } })
    expect((await service.ask(`POST ${path}/deny`, { body: { digest, reason: 'no' } })).status).toBe(409)
    expect((await service.ask(`POST ${path}/deny`)).status).toBe(400)
  })
})

describe('a person', () => {
  test.each([
    [{ succeeded: true, output: 'charged' }, 'The tool said: charged'],
    [{ succeeded: false, message: 'the bank said no' }, 'The tool said: the bank said no'],
  ])('settles a call of which nobody knows whether it happened: %j', async (outcome, told) => {
    await using service = await openService()
    const runId = await service.run('charge me')
    const { body } = await service.ask<RunBody>(`GET /v1/runs/${runId}`)
    expect(body).toMatchObject({ waitsFor: 'human', openEffects: [{ intent: 'lookUp', status: 'parked' }] })
    const path = `/v1/runs/${runId}/tool-calls/${body.toolCalls[0]?.callId ?? ''}/settlement`
    expect((await service.ask(`POST ${path}`, { body: { by: 'dana', outcome } })).status).toBe(200)
    await service.settle(runId)
    expect((await service.ask(`GET /v1/runs/${runId}`)).body).toMatchObject({ answer: told })
    const unknown = path.replace(/tool-calls\/[^/]+/, 'tool-calls/99.0')
    expect((await service.ask(`POST ${unknown}`, { body: { outcome } })).status).toBe(409)
  })

  test('answers for the agent of a run that was handed over', async () => {
    await using service = await openService()
    const runId = await service.run('human, please')
    const answered = await service.ask(`POST /v1/runs/${runId}/answer`, { body: { by: 'dana', text: 'Here I am.' } })
    expect(answered).toMatchObject({ status: 200, body: { waitsFor: 'message' } })
    expect((await service.ask(`GET /v1/runs/${runId}`)).body).toMatchObject({ answer: 'Here I am.' })
  })

  test('gives such a run back with a note and other limits', async () => {
    await using service = await openService()
    const runId = await service.run('human, please')
    const body = { by: 'dana', note: 'Go on.', limits: { costUsd: 2, tokens: null } }
    expect((await service.ask(`POST /v1/runs/${runId}/give-back`, { body })).status).toBe(200)
    const returned = (await eventsOf(service.world, runId)).find(({ type }) => type === 'RunReturned')
    expect(returned?.data).toEqual({ by: 'dana', note: 'Go on.', limits: { costMicroUsd: 2_000_000, tokens: null } })
  })

  test('takes any run over, once under one key, says who has it, and gives it back', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const take = (body: object, key: string) =>
      service.ask(`POST /v1/runs/${runId}/take-over`, { body, headers: { 'idempotency-key': key } })
    expect(await take({ by: 'dana', note: 'She asked for me.' }, 'one')).toMatchObject({ status: 200, body: { waitsFor: 'message' } })
    expect((await take({ by: 'dana', note: 'She asked for me.' }, 'one')).status).toBe(200)
    expect((await take({ by: 'eve' }, 'two')).body).toMatchObject({ status: 409, code: 'NotPossible' })
    const takenOver = { by: 'dana', note: 'She asked for me.' }
    expect((await service.ask(`GET /v1/runs/${runId}`)).body).toMatchObject({ takenOver })
    const listed = (await service.ask<{ runs: unknown[] }>('GET /v1/runs?q=taken:dana')).body.runs
    expect(listed).toMatchObject([{ runId, takenOver: { by: 'dana' } }])
    expect((await take({ by: 'eve', from: 'dana' }, 'two')).status).toBe(200)
    expect((await service.ask(`POST /v1/runs/${runId}/give-back`, { body: { by: 'eve' } })).status).toBe(200)
    expect((await service.ask(`GET /v1/runs/${runId}`)).body).toMatchObject({ takenOver: null })
    const types = (await eventsOf(service.world, runId)).map(({ type }) => type)
    expect(types.slice(-3)).toEqual(['RunTakenOver', 'RunTakenOver', 'RunReleased'])
  })

  test('completes such a run, or fails it', async () => {
    await using service = await openService()
    const done = await service.run('human, please')
    const completed = await service.ask(`POST /v1/runs/${done}/complete`, { body: { output: { ok: true } } })
    expect(completed.body).toMatchObject({ status: 'completed', waitsFor: null })
    expect((await service.ask(`GET /v1/runs/${done}`)).body).toMatchObject({ output: { ok: true } })
    const lost = await service.run('human, please')
    expect((await service.ask(`POST /v1/runs/${lost}/fail`, { body: { reason: 'nobody there' } })).body).toMatchObject({ status: 'failed' })
    expect((await service.ask(`GET /v1/runs/${lost}`)).body).toMatchObject({ reason: 'nobody there' })
  })
})

describe('an operator', () => {
  test('pauses a run and lets it go on', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    expect((await service.ask(`POST /v1/runs/${runId}/pause`, { body: { reason: 'lunch' } })).body).toMatchObject({
      paused: true,
      waitsFor: 'resume',
    })
    expect((await service.ask(`POST /v1/runs/${runId}/resume`)).body).toMatchObject({ paused: false, waitsFor: 'message' })
  })

  test('cancels a run', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    expect((await service.ask(`POST /v1/runs/${runId}/cancel`)).status).toBe(400)
    expect((await service.ask(`POST /v1/runs/${runId}/cancel`, { body: { reason: 'spam' } })).body).toMatchObject({ status: 'cancelled' })
    expect((await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'More' } })).status).toBe(409)
  })
})

describe('a run whose agent is gone', () => {
  test('is shown with the reason, and can be cancelled and nothing else', async () => {
    await using service = await openService()
    const { log, clock } = service.world
    const agent = defineAgent({ name: 'desk', version: '0', instructions: 'Help.', models: ['scripted/one'] })
    const earlier = openWorld({ agents: [agent], models: { scripted: scriptedModel([answer('Yes.')]) }, log, clock })
    await settle(earlier, await earlier.refold.start('desk', { runId: 'old', message: 'Hello' }))
    expect((await service.ask('GET /v1/runs/old')).body).toMatchObject({
      agent: 'desk@0',
      answer: 'Yes.',
      unfolded: 'UnknownAgent',
    })
    expect((await service.ask('GET /v1/runs/old?revision=0')).body).toMatchObject({ revision: 0, answer: null })
    expect((await service.ask('GET /v1/runs/old/transcript')).body).toMatchObject({ messages: [{ role: 'user' }, { role: 'assistant' }] })
    expect((await service.ask('POST /v1/runs/old/messages', { body: { message: 'And?' } })).body).toMatchObject({ code: 'UnknownAgent' })
    const { status, body } = await service.ask('POST /v1/runs/old/cancel', { body: { reason: 'enough' } })
    expect({ status, body }).toMatchObject({ status: 200, body: { runId: 'old', status: 'cancelled', state: 'cancelled' } })
  })
})

describe('a run of an earlier version of its agent', () => {
  test('moves to the one of today, once under its key; one that it does not fit is refused with the differences', async () => {
    await using service = await openService()
    const { log, clock } = service.world
    const tools = [...deskAgent.tools.values()]
    const agent = defineAgent({ name: 'desk', version: '0', instructions: 'Help.', models: ['scripted/one'], tools })
    const typed = defineAgent({ name: 'desk', version: '00', instructions: 'Help.', models: ['scripted/one'], output: z.string() })
    const earlier = openWorld({ agents: [agent], models: { scripted: scriptedModel([answer('Yes.')]) }, log, clock })
    await settle(earlier, await earlier.refold.start('desk', { runId: 'old', message: 'Hello' }))
    const other = openWorld({ agents: [typed], models: { scripted: scriptedModel([]) }, log, clock, owner: 'here/2/bb' })
    await other.refold.start('desk', { runId: 'typed' })
    const version = deskAgent.version
    const move = { body: { to: version, by: 'dana' }, headers: { 'idempotency-key': 'm-1' } }
    for (let times = 0; times < 2; times++) {
      const { status, body } = await service.ask('POST /v1/runs/old/move', move)
      expect({ status, body }).toMatchObject({ status: 200, body: { runId: 'old', state: 'awaitingMessage', waitsFor: 'message' } })
    }
    expect((await eventsOf(service.world, 'old')).filter(({ type }) => type === 'RunMoved')).toHaveLength(1)
    expect((await service.ask('GET /v1/runs/old')).body).toMatchObject({ agent: `desk@${version}`, unfolded: null })
    expect((await service.ask('POST /v1/runs/old/messages', { body: { message: 'And?' } })).status).toBe(200)
    const refused = await service.ask('POST /v1/runs/typed/move', { body: { to: version } })
    const ends = { what: 'settings', expected: 'endsWithOutput true, as it was started with', found: 'false' }
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'NotPossible', details: { differences: expect.arrayContaining([ends]) as unknown } },
    })
    expect((await service.ask('POST /v1/runs/old/move', { body: { to: '9' } })).body).toMatchObject({ code: 'UnknownAgent' })
    expect((await service.ask('POST /v1/runs/old/move', { body: {} })).status).toBe(400)
  })
})
