import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { eventsOf, manualClock, openWorld, settle, type World } from '../../support/world.ts'

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

interface Claim {
  readonly amount: number
  readonly price: number
  readonly fee: number
}

interface Code {
  readonly version: string
  readonly largest?: number
  readonly fee?: number
  readonly tool?: string
  readonly amountOf?: (amount: number) => number
  readonly input?: z.ZodType<{ amount: number }>
  readonly approval?: boolean
  readonly question?: string
}

let paid: { tool: string; input: unknown; version: string }[] = []

/** A claim is paid at once where it is small; otherwise somebody reviews it, and asks the customer again. */
const claims = ({
  version,
  largest = 100,
  fee = 0,
  tool = 'pay',
  amountOf = (amount) => amount,
  input = z.object({ amount: z.number() }),
  approval = false,
  question = 'Really?',
}: Code): Agent =>
  defineAgent({
    name: 'claims',
    version,
    probeInput: { amount: 1 },
    chart: setup({
      types: { context: {} as Claim, events: {} as ChartEvent, input: {} as { input: { amount: number } } },
      actions: { callTool: intent, askApproval: intent },
      guards: { isSmall: ({ context }) => context.amount <= largest },
      delays: { aDay: 86_400_000 },
    }).createMachine({
      id: 'claims',
      context: ({ input: given }) => ({ amount: given.input.amount, price: 0, fee }),
      initial: 'deciding',
      output: ({ context }) => context.price + context.fee,
      states: {
        deciding: { always: [{ guard: 'isSmall', target: 'paying' }, { target: 'reviewing' }] },
        reviewing: {
          tags: ['human', 'message'],
          on: { MessageReceived: { target: 'asking', actions: assign({ amount: 50 }) } },
        },
        asking: {
          tags: 'human',
          entry: { type: 'askApproval', params: () => ({ question }) },
          on: { ApprovalGranted: 'paying', ApprovalDenied: 'reviewing' },
          after: { aDay: 'reviewing' },
        },
        paying: {
          entry: { type: 'callTool', params: ({ context }) => ({ tool, input: { amount: amountOf(context.amount) } }) },
          on: { ToolCallSucceeded: { target: 'paid', actions: assign({ price: ({ event }) => Number(event.output) }) } },
        },
        paid: { tags: ['human', 'message'], on: { RunCompleted: 'done', MessageReceived: 'closing' } },
        closing: { type: 'final' },
        done: { type: 'final' },
      },
    }),
    tools: [tool, 'refund'].map((name) =>
      defineTool({
        name,
        description: 'Pays.',
        input,
        output: z.number(),
        effect: 'once',
        approval: () => approval,
        execute: (given) => {
          paid.push({ tool: name, input: given, version })
          return Promise.resolve(given.amount)
        },
      }),
    ),
  })

const first: Code = { version: '1' }

/** A log that outlives its processes, each with code of its own. */
const shared = () => {
  paid = []
  const clock = manualClock()
  const log = memoryEventLog({ clock })
  let processes = 0
  return {
    clock,
    log,
    opened: (...codes: Code[]): World => openWorld({ agents: codes.map(claims), log, clock, owner: `here/${'x'.repeat(++processes)}/a` }),
  }
}

const reviewing = async (world: World): Promise<string> => {
  const run = await world.refold.start('claims', { input: { amount: 500 } })
  await settle(world, run)
  return run.id
}

describe('a run that is moved to another version of its agent', () => {
  test('goes on with its code, and says who has moved it', async () => {
    const { opened } = shared()
    const world = opened(first)
    const runId = await reviewing(world)
    const later = opened(first, { version: '2', fee: 7 })
    const run = later.refold.run(runId)
    await run.move({ to: '2', by: 'ada', note: 'fees' })
    expect(await run.state()).toMatchObject({ agent: 'claims@2', state: 'reviewing', revision: 1 })
    await run.send({ message: 'please' })
    const asking = await settle(later, run)
    await run.approve(asking.approvals[0]!.callId, { by: 'ada' })
    await settle(later, run)
    await run.send({ message: 'thanks' })
    expect(await settle(later, run)).toMatchObject({ status: 'completed', output: 57 })
    expect(paid).toMatchObject([{ version: '2', input: { amount: 50 } }])
    const moved = (await eventsOf(later, runId))[1]
    expect(moved).toMatchObject({
      type: 'RunMoved',
      data: { by: 'ada', note: 'fees', agent: 'claims', fromVersion: '1', agentVersion: '2' },
      meta: { agent: 'claims@2', to: 'reviewing' },
    })
    expect(await run.verify()).toMatchObject({ ok: true })
  })

  test('is refused with what was expected, what was found and at which event, where that code would have led it elsewhere', async () => {
    const { opened } = shared()
    const runId = await reviewing(opened(first))
    const world = opened(first, { version: '2', largest: 1_000 })
    const run = world.refold.run(runId)
    const check = await run.checkMove('2')
    expect(check).toMatchObject({ ok: false, from: 'claims@1', to: 'claims@2', revision: 0 })
    expect(check.differences[0]).toEqual({
      what: 'state',
      revision: 0,
      type: 'RunStarted',
      expected: 'reviewing',
      found: expect.stringContaining('paying') as string,
    })
    await expect(run.move({ to: '2', by: 'ada' })).rejects.toMatchObject({
      code: 'NotPossible',
      message: expect.stringMatching(
        /cannot move from claims@1 to claims@2: state at revision 0 \(RunStarted\): expected reviewing, found paying/,
      ) as string,
      details: { differences: check.differences },
    })
    expect(await eventsOf(world, runId)).toHaveLength(1)
    expect(paid).toEqual([])
  })

  const atQuestion = async (world: World): Promise<string> => {
    const runId = await reviewing(world)
    await world.refold.run(runId).send({ message: 'please' })
    await settle(world, world.refold.run(runId))
    return runId
  }

  const atPaid = async (world: World): Promise<string> => {
    const run = await world.refold.start('claims', { input: { amount: 30 } })
    await settle(world, run)
    return run.id
  }

  test.each([
    [
      'asks a person something else',
      atQuestion,
      { question: 'Surely?' },
      { what: 'asked', type: 'ApprovalRequested', expected: 'Really?', found: 'Surely?' },
    ],
    [
      'calls another tool under the same id',
      atPaid,
      { tool: 'charge' },
      { what: 'asked', type: 'ToolCallRequested', expected: 'pay', found: 'charge' },
    ],
    [
      'gives a tool something else',
      atPaid,
      { amountOf: (amount: number) => 2 * amount },
      { what: 'input', type: 'ToolCallRequested', expected: '{"amount":30}', found: '{"amount":60}' },
    ],
  ])('is refused where that code %s', async (_, placed, changed, difference) => {
    const { opened } = shared()
    const runId = await placed(opened(first))
    const check = await opened(first, { version: '2', ...changed })
      .refold.run(runId)
      .checkMove('2')
    expect(check.differences).toContainEqual(expect.objectContaining(difference))
  })

  test('may have a schema that fills in what was not asked for before', async () => {
    const { opened } = shared()
    const runId = await atPaid(opened(first))
    const input = z.object({ amount: z.number(), currency: z.string().default('EUR') })
    expect(await opened({ version: '2', input }).refold.run(runId).checkMove('2')).toMatchObject({ ok: true, differences: [] })
  })

  test('asks people again, under another digest and for the same time, and takes no answer to what was asked before', async () => {
    const { opened, clock } = shared()
    const runId = await atQuestion(opened(first))
    const world = opened(first, { version: '2' })
    const run = world.refold.run(runId)
    const [before] = (await run.state()).approvals
    const timers = (await run.state()).timers
    clock.advance(3_600_000)
    await run.move({ to: '2', by: 'ada' })
    const [after] = (await run.state()).approvals
    expect(after).toEqual({ ...before, digest: expect.not.stringMatching(before!.digest) as string })
    expect((await run.state()).timers).toEqual(timers)
    await expect(run.approve(before!.callId, { by: 'eve', digest: before!.digest })).rejects.toMatchObject({ code: 'NotPossible' })
    await expect(run.approve(after!.callId, { by: 'eve', seen: 3 })).rejects.toMatchObject({
      message: expect.stringContaining('the run moved to claims@2 at revision') as string,
    })
    await run.approve(after!.callId, { by: 'ada', digest: after!.digest, seen: (await run.state()).revision })
    await settle(world, run)
    expect(paid).toHaveLength(1)
    expect(await run.verify()).toMatchObject({ ok: true })
  })

  test('is not touched any more by a process without that version, which says so and can cancel it', async () => {
    const { opened } = shared()
    const old = opened(first)
    const runId = await reviewing(old)
    await opened(first, { version: '2' }).refold.run(runId).move({ to: '2', by: 'ada' })
    const gone = { code: 'UnknownAgent', message: expect.stringContaining('claims@2') as string }
    await expect(old.refold.run(runId).send({ message: 'please' })).rejects.toMatchObject(gone)
    await expect(old.refold.runtime.wake(runId)).rejects.toMatchObject(gone)
    expect(await old.refold.run(runId).state()).toMatchObject({ agent: 'claims@2', state: 'reviewing', unfolded: 'UnknownAgent' })
    expect(await eventsOf(old, runId)).toHaveLength(2)
    await old.refold.run(runId).cancel({ by: 'ada', reason: 'over' })
    expect(await opened({ version: '2' }).refold.run(runId).verify()).toMatchObject({ ok: true, events: 3 })
  })

  test('is looked at before its move with the code of then where that is here, and with the later one where it is not', async () => {
    const { opened } = shared()
    const runId = await atQuestion(opened(first))
    await opened(first, { version: '2', fee: 7 }).refold.run(runId).move({ to: '2', by: 'ada' })
    const both = opened(first, { version: '2', fee: 7 }).refold.run(runId)
    const one = opened({ version: '2', fee: 7 }).refold.run(runId)
    const newest = (await both.state()).revision
    for (let revision = 0; revision <= newest; revision++) {
      const view = await both.at(revision)
      expect(await one.at(revision)).toEqual(view)
      expect(view).toMatchObject({ unfolded: null, agent: revision < newest - 1 ? 'claims@1' : 'claims@2' })
    }
    expect(await one.verify()).toMatchObject({ ok: true, events: newest + 1 })
    const changed = opened({ version: '1', largest: 1_000 }, { version: '2', fee: 7 }).refold.run(runId)
    expect(await changed.state()).toMatchObject({ agent: 'claims@2', state: 'asking' })
    expect(await changed.at(0)).toMatchObject({ agent: 'claims@1', state: 'reviewing', unfolded: null })
    expect(await changed.verify()).toMatchObject({ ok: true })
    expect(await opened(first).refold.run(runId).at(2)).toMatchObject({ agent: 'claims@1', unfolded: null })
  })

  test('may move again, and back', async () => {
    const { opened } = shared()
    const runId = await reviewing(opened(first))
    const world = opened(first, { version: '2', fee: 2 }, { version: '3', fee: 3 })
    const run = world.refold.run(runId)
    for (const to of ['2', '3', '1', '3']) await run.move({ to, by: 'ada' })
    for (const codes of [
      [{ version: '3', fee: 3 }],
      [first, { version: '3', fee: 3 }],
      [first, { version: '2', fee: 2 }, { version: '3', fee: 3 }],
    ]) {
      const other = opened(...codes).refold.run(runId)
      expect(await other.state()).toMatchObject({ agent: 'claims@3', state: 'reviewing' })
      expect(await other.verify()).toMatchObject({ ok: true, events: 5 })
      expect((await other.at(1)).unfolded).toBeNull()
    }
  })

  test('is moved once under one command id, and refused for another version under it', async () => {
    const { opened } = shared()
    const runId = await reviewing(opened(first))
    const { refold, ...world } = opened(first, { version: '2' }, { version: '3' })
    const origin = { commandId: 'move-1' }
    await refold.runtime.command(runId, { type: 'move', by: 'ada', to: '2' }, origin)
    await refold.run(runId).move({ by: 'ada', to: '3' })
    await refold.runtime.command(runId, { type: 'move', by: 'ada', to: '2' }, origin)
    await expect(refold.runtime.command(runId, { type: 'move', by: 'ada', to: '3' }, origin)).rejects.toMatchObject({
      code: 'IdempotencyKeyReused',
    })
    expect((await eventsOf(world, runId)).map(({ type }) => type)).toEqual(['RunStarted', 'RunMoved', 'RunMoved'])
  })

  test('has to be there, in a version that is here, and open', async () => {
    const { opened } = shared()
    const world = opened(first, { version: '2' })
    const runId = await reviewing(world)
    const run = world.refold.run(runId)
    await expect(run.move({ to: '9', by: 'ada' })).rejects.toMatchObject({
      code: 'UnknownAgent',
      message: expect.stringContaining('claims@9') as string,
    })
    await expect(world.refold.run('nobody').move({ to: '2', by: 'ada' })).rejects.toMatchObject({ code: 'RunNotFound' })
    await expect(run.move({ to: 2 as unknown as string, by: 'ada' })).rejects.toMatchObject({ code: 'InvalidInput' })
    await run.cancel({ by: 'ada', reason: 'over' })
    await expect(run.move({ to: '2', by: 'ada' })).rejects.toMatchObject({
      code: 'NotPossible',
      message: expect.stringContaining('cancelled') as string,
    })
  })

  test('has its row on the new version', async () => {
    const { opened } = shared()
    const runId = await atQuestion(opened(first))
    const world = opened(first, { version: '2' })
    await world.refold.run(runId).move({ to: '2', by: 'ada' })
    const views = memoryViewStore()
    await createProjector({ log: world.log, views }).catchUp()
    const [agent] = [claims({ version: '2' })]
    expect(await views.get(runId)).toMatchObject({
      agent: 'claims',
      agentVersion: '2',
      chartHash: agent.program.chartHash,
      waitsFor: 'approval',
    })
    const { rows } = await views.query('approvals', { run: runId, limit: 10 }, 0)
    expect(rows).toHaveLength(1)
  })
})
