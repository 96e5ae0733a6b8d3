import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import { decodeEvent, streamOf } from '../../../src/events/codec.ts'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { fingerprint } from '../../../src/fold/prompt.ts'
import { describeDifference, refoldStep, type Difference } from '../../../src/fold/replay.ts'
import type { RunState } from '../../../src/fold/run-state.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { emptyTranscript } from '../../../src/projections/transcript.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { approvalRequested, calls, messageReceived, modelAnswered, modelRequested } from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given, type Stored } from '../../../src/testing/given.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { rewritten } from '../../support/rewritten.ts'
import { openWorld, settle } from '../../support/world.ts'

const lookUp = defineTool({
  name: 'read',
  description: 'Reads.',
  input: z.object({}),
  output: z.string(),
  effect: 'read',
  execute: () => Promise.resolve('done'),
})
const agent = defineAgent({ name: 'agent', version: '1', instructions: 'Help.', models: ['scripted/one'], tools: [lookUp] })

/** RunStarted, MessageReceived, ModelCallRequested, ModelCallSucceeded, ToolCallRequested, ToolCallSucceeded, … */
const live = async (): Promise<readonly Stored[]> => {
  const script = scriptedModel([toolCalls([{ name: 'read', arguments: {} }]), answer('Done.')])
  const world = openWorld({ agents: [agent], models: { scripted: script } })
  await settle(world, await world.refold.start('agent', { runId: 'run-1', message: 'Hello' }))
  const stored: Stored[] = []
  for await (const texts of world.log.readStream(streamOf('run-1'))) stored.push({ event: decodeEvent(texts, new Map()), texts })
  return stored
}

const stored = await live()

const firstDifference = (history: readonly Stored[], { program }: Pick<Agent, 'program'> = agent): Difference | undefined => {
  let state: RunState | undefined
  for (const recorded of history) {
    const refold = refoldStep(program, state, recorded)
    if (!refold.ok) return refold.difference
    state = refold.state
  }
  return undefined
}

const withMeta = (revision: number, meta: Partial<RunEvent['meta']>): readonly Stored[] =>
  rewritten(stored, revision, (event) => ({ ...event, meta: { ...event.meta, ...meta } }))

describe('a replay', () => {
  test('agrees with a history as it was recorded, and with one that was only written again', () => {
    expect(firstDifference(stored)).toBeUndefined()
    expect(firstDifference(rewritten(stored, 3, (event) => event))).toBeUndefined()
  })

  test('finds a place where the run never was', () => {
    expect(firstDifference(withMeta(2, { to: 'escalated' }))).toMatchObject({ revision: 2, what: 'state', recorded: 'escalated' })
  })

  test.for([
    { what: 'another one', intents: ['checkCall:3.1'] },
    { what: 'one more', intents: ['checkCall:3.0', 'escalate:escalate'] },
    { what: 'none', intents: [] },
  ])('finds $what where a chart asked for something else', ({ intents }) => {
    expect(firstDifference(withMeta(3, { intents }))).toMatchObject({
      revision: 3,
      what: 'intents',
      recorded: intents.join(' '),
      refolded: 'checkCall:3.0',
    })
  })

  test('finds something asked for where no chart asked', () => {
    expect(firstDifference(withMeta(4, { intents: ['callModel:4.model'] }))).toMatchObject({ revision: 4, what: 'intents', refolded: '' })
  })

  test('finds an event said to be of no use that was, and one said to be of use that was not', () => {
    expect(firstDifference(withMeta(2, { ignored: true }))).toMatchObject({ revision: 2, what: 'ignored', refolded: 'false' })
    const repeated = given(agent, started(agent), messageReceived('Hello')).and({
      type: 'TurnCompleted',
      data: { turn: 1, outcome: 'answered' },
    })
    expect(repeated.events.at(-1)?.meta.ignored).toBe(true)
    const claimed = rewritten(repeated.stored, 2, ({ meta: { ignored: _, ...meta }, ...event }) => ({ ...event, meta }) as RunEvent)
    expect(firstDifference(claimed)).toMatchObject({ revision: 2, what: 'ignored', recorded: 'false', refolded: 'true' })
  })

  test.for(['fingerprint', 'promptHash', 'model'])('finds another %s of what a model was asked', (field) => {
    const asked = rewritten(stored, 2, (event) => ({ ...event, data: { ...event.data, [field]: 'another' } }) as RunEvent)
    expect(firstDifference(asked)).toMatchObject({ revision: 2, what: 'fingerprint' })
  })

  test('finds another tool under the id of a call, whether it was claimed or asked about', () => {
    const claimed = rewritten(stored, 4, (event) => ({ ...event, data: { ...event.data, tool: 'pay' } }) as RunEvent)
    expect(firstDifference(claimed)).toMatchObject({ revision: 4, what: 'asked', recorded: 'pay', refolded: 'read' })
    const print = fingerprint({
      promptHash: 'hash',
      model: 'scripted/one',
      asked: given(agent, started(agent), messageReceived('Hi')).state.transcript,
    })
    const called = given(
      agent,
      started(agent),
      messageReceived('Hi'),
      modelRequested('1.model', { fingerprint: print }),
      modelAnswered('1.model', [calls('read')]),
    )
    const about = (tool?: string): Given => called.and(approvalRequested('3.0', DAWN, { subject: { ...(tool && { tool }), input: {} } }))
    expect(firstDifference(about('read').stored)).toBeUndefined()
    expect(firstDifference(about().stored)).toBeUndefined()
    expect(firstDifference(about('pay').stored)).toMatchObject({ revision: 4, what: 'asked', recorded: 'pay', refolded: 'read' })
  })

  test('finds another question, another run and another input of it than a chart has asked for', () => {
    const asking = defineAgent({
      name: 'asking',
      version: '1',
      chart: setup({ actions: { askApproval: (_, _params: object) => undefined } }).createMachine({
        id: 'asking',
        entry: { type: 'askApproval', params: { question: 'Buy?', key: 'buy', timeoutMs: 1_000 } },
      }),
    })
    const asked = (question?: string): readonly Stored[] =>
      given(asking, started(asking), approvalRequested('0.buy', DAWN, { subject: { ...(question && { question }) } })).stored
    expect(firstDifference(asked('Buy?'), asking)).toBeUndefined()
    expect(firstDifference(asked('Sell?'), asking)).toMatchObject({ what: 'asked', recorded: 'Sell?', refolded: 'Buy?' })
    expect(firstDifference(asked(), asking)).toMatchObject({ what: 'asked', recorded: '', refolded: 'Buy?' })
    const parent = parentOf([{ agent: 'agent', key: 'a' }])
    const child = (name: string, input: string, callId = '0.a'): readonly Stored[] =>
      given(parent, started(parent)).and(fact('ChildRunRequested', { callId, childRunId: 'c', agent: name, input })).stored
    expect(firstDifference(child('agent', 'Go.'), parent)).toBeUndefined()
    expect(firstDifference(child('agent', 'Go.', '0.other'), parent)).toBeUndefined()
    expect(firstDifference(child('other', 'Go.'), parent)).toMatchObject({
      revision: 1,
      what: 'asked',
      refolded: '{"agent":"agent","input":"Go."}',
    })
    expect(firstDifference(child('agent', 'Stop.'), parent)).toMatchObject({ what: 'asked', recorded: '{"agent":"agent","input":"Stop."}' })
  })

  test('says where it would go on from, where it could take the event', () => {
    const state = stored.slice(0, 3).reduce<RunState | undefined>((before, each) => {
      const refold = refoldStep(agent.program, before, each)
      return refold.ok ? refold.state : undefined
    }, undefined)
    const other = withMeta(3, { intents: [] })[3]!
    expect(refoldStep(agent.program, state, other)).toMatchObject({ ok: false, state: { revision: 3 } })
    expect(refoldStep(agent.program, state, stored[3]!)).toMatchObject({ ok: true, state: { revision: 3 } })
    expect(refoldStep(agent.program, undefined, stored[3]!)).not.toHaveProperty('state')
    const misshapen = { ...stored[3]!, event: { ...stored[3]!.event, data: { callId: '1.model' } } as RunEvent }
    expect(() => refoldStep(agent.program, state, misshapen)).toThrow(TypeError)
  })

  test('finds a message that is not the one the model was asked about', () => {
    const said = rewritten(stored, 1, (event) => ({ ...event, data: { parts: [{ type: 'text', text: 'Goodbye' }] } }) as RunEvent)
    expect(firstDifference(said)).toMatchObject({ revision: 2, what: 'fingerprint' })
  })

  test('finds an event whose texts are not those of its hash', () => {
    const forged = stored.map((each) => (each.event.revision === 1 ? { ...each, texts: { ...each.texts, data: '{"text":"Bye"}' } } : each))
    expect(firstDifference(forged)).toMatchObject({ revision: 1, what: 'hash' })
  })

  test('finds an event that cannot come first', () => {
    expect(firstDifference(rewritten(stored.slice(1), 0, (event) => event))).toMatchObject({
      revision: 1,
      what: 'event',
      recorded: 'MessageReceived',
      refolded: expect.stringContaining('Expected RunStarted at revision 0') as string,
    })
  })

  test('finds another question that a workflow asked a model beside the conversation', async () => {
    const aside = { type: 'callModel', params: { prompt: 'Which of them?', model: 0 } } as const
    const workflow = defineAgent({
      name: 'workflow',
      version: '1',
      models: ['scripted/one'],
      chart: setup({ actions: { callModel: (_, _params: object) => undefined } }).createMachine({
        id: 'workflow',
        initial: 'asking',
        states: { asking: { entry: aside, on: { ModelCallSucceeded: 'done' } }, done: { type: 'final' } },
      }),
    })
    const world = openWorld({ agents: [workflow], models: { scripted: scriptedModel([answer('The first.')]) } })
    await settle(world, await world.refold.start('workflow', { runId: 'aside' }))
    const history: Stored[] = []
    for await (const texts of world.log.readStream(streamOf('aside'))) history.push({ event: decodeEvent(texts, new Map()), texts })
    expect(firstDifference(history, workflow)).toBeUndefined()
    const conversation = rewritten(history, 1, (event) =>
      event.type === 'ModelCallRequested'
        ? { ...event, data: { ...event.data, fingerprint: fingerprint({ ...event.data, asked: emptyTranscript }) } }
        : event,
    )
    expect(firstDifference(conversation, workflow)).toMatchObject({ revision: 1, what: 'fingerprint' })
  })

  test('tells of a difference by run, revision, type and both sides', () => {
    const difference = firstDifference(withMeta(3, { intents: [] }))
    expect(describeDifference(difference!)).toBe(
      ['run-1 differs at revision 3 (ModelCallSucceeded): intents', '  recorded: (nothing)', '  refolded: checkCall:3.0'].join('\n'),
    )
    expect(describeDifference(firstDifference(withMeta(4, { intents: ['callModel:4.model'] }))!)).toContain(
      '  recorded: callModel:4.model\n  refolded: (nothing)',
    )
  })
})
