import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { defineAgentSpec } from '../../../src/fold/agent-spec.ts'
import { foldRun } from '../../../src/fold/folded-run.ts'
import { viewOf } from '../../../src/fold/run-view.ts'
import { defineProjection, type Projection } from '../../../src/projections/projection.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { fact, given, started } from '../../../src/testing/given.ts'

const talker = (version: string, projections: readonly Projection<number>[] = []): Agent =>
  defineAgent({ name: 'talker', version, instructions: 'Talk.', models: ['scripted/one'], projections: projections as Projection[] })

const chart = (second: string) =>
  createMachine({
    id: 'own',
    initial: 'waiting',
    states: { waiting: { tags: ['human', 'message'], on: { MessageReceived: second } }, [second]: { tags: 'human' } },
  })
const own = (second: string, name = 'own') => defineAgent({ name, version: '1', chart: chart(second) })

const count = defineProjection<number>({ name: 'count', initial: () => 0, apply: (n) => n + 1 })

const message = fact('MessageReceived', { parts: [{ type: 'text', text: 'hello' }] }, 5)
const thrown = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe('a run that is folded from its events', () => {
  test('needs no code of an agent on the standard chart, and stands where its agent says', () => {
    const agent = talker('1', [count])
    const { events, state } = given(agent, started(agent), message)
    expect(foldRun(events).view()).toEqual({ ...viewOf(agent.program, state), projections: {} })
    expect(foldRun(events, [agent]).view()).toEqual(viewOf(agent.program, state))
  })

  test('is kept at every revision that somebody has kept', () => {
    const agent = talker('1')
    const { events } = given(agent, started(agent), message)
    const first = foldRun(events.slice(0, 1))
    const [one, other] = [first.next(events[1]!), first.next(events[1]!)]
    expect(first.view()).toMatchObject({ revision: 0, transcript: [] })
    expect(one.view()).toEqual(other.view())
    expect([one.event, one.to, one.intents, one.difference]).toEqual([events[1], 'thinking.callingModel', ['callModel:1.model'], undefined])
  })

  test('tells the first thing that its code does not do as it was recorded', () => {
    const { events } = given(own('here'), started(own('here')), message)
    const recorded = events.map((event) => ({
      ...event,
      meta: { ...event.meta, to: event.meta.to.replace('here', 'there') },
    })) as RunEvent[]
    expect(foldRun(recorded, [own('here')]).difference).toEqual({
      runId: 'run-1',
      revision: 1,
      type: 'MessageReceived',
      what: 'state',
      recorded: 'there',
      refolded: 'here',
    })
  })

  test('of a chart of its own needs its spec, with the chart that it began on', () => {
    const { events } = given(own('here'), started(own('here')), message)
    const spec = defineAgentSpec({ name: 'own', version: '1', chart: chart('here') })
    expect(foldRun(events, [spec]).view().state).toBe('here')
    expect(thrown(() => foldRun(events))).toMatchObject({
      code: 'UnknownAgent',
      message: 'Expected the spec of own@1, whose chart is not the standard one, found the specs (none)',
    })
    expect(thrown(() => foldRun(events, [own('here', 'other')]))).toMatchObject({
      code: 'UnknownAgent',
      message: expect.stringContaining('found the specs other@1') as string,
      details: { wanted: 'own@1', known: ['other@1'] },
    })
    const [recorded, found] = [own('here'), own('there')].map(({ program }) => program.chartHash)
    expect(thrown(() => foldRun(events, [own('there')]))).toMatchObject({
      code: 'ChartChanged',
      details: { agent: 'own@1', recorded, found },
    })
  })

  test('of a chart of its own is not folded by the standard one, though it has the same states', () => {
    const agent = talker('1')
    const { events } = given(agent, started(agent, { definition: { ...agent.definition, code: '0123456789abcdef' } }), message)
    expect(thrown(() => foldRun(events))).toMatchObject({ code: 'UnknownAgent' })
    expect(foldRun(events, [agent]).view().state).toBe('thinking.callingModel')
  })

  test.each([
    ['no event', () => [], 'InvalidInput'],
    ['no beginning', (events: readonly RunEvent[]) => events.slice(1), 'UnexpectedEvent'],
    ['a gap', (events: readonly RunEvent[]) => events.toSpliced(1, 1), 'UnexpectedEvent'],
    [
      'an event of a newer Refold',
      (events: readonly RunEvent[]) => [...events, { ...events[1], type: 'RunTeleported' } as never],
      'UnknownEvent',
    ],
    ['an event twice', (events: readonly RunEvent[]) => [...events, events[1]!], 'UnexpectedEvent'],
  ])('is none with %s', (_, change, code) => {
    const agent = talker('1')
    const { events } = given(agent, started(agent), message, fact('RunPaused', { by: 'dana' }))
    expect(thrown(() => foldRun(change(events)))).toMatchObject({ code })
  })
})

describe('a run that has moved to other code', () => {
  const [before, after] = [talker('1'), talker('2', [count])]
  const { name: agent, version: agentVersion, program } = after
  const move = fact('RunMoved', { by: 'dana', fromVersion: '1', agent, agentVersion, chartHash: program.chartHash })
  const { events } = given(before, started(before), message, move, fact('RunPaused', { by: 'dana' }))

  test('is folded anew by it from there on, as one that had always been on it', () => {
    const moved = foldRun(events, [before, after])
    expect(moved.view()).toMatchObject({ agent: 'talker@2', paused: true, projections: { count: 4 } })
    const atEach = events
      .slice(1)
      .reduce((runs, event) => [...runs, runs.at(-1)!.next(event)], [foldRun(events.slice(0, 1), [before, after])])
    expect(atEach.map((run) => run.view().projections)).toEqual([{}, {}, { count: 3 }, { count: 4 }])
  })

  const ownBefore = own('here')
  const ownMove = fact('RunMoved', {
    by: 'dana',
    fromVersion: '1',
    agent: 'own',
    agentVersion: '2',
    chartHash: ownBefore.program.chartHash,
  })
  const ofOwn = given(ownBefore, started(ownBefore), message, ownMove).events
  const second = defineAgentSpec({ name: 'own', version: '2', chart: chart('here') })

  test('is folded by the later code where that of the beginning is gone', () => {
    expect(foldRun(ofOwn, [second]).view()).toMatchObject({ agent: 'own@2', state: 'here' })
    expect(thrown(() => foldRun(ofOwn.slice(0, 2), [second]))).toMatchObject({ code: 'UnknownAgent' })
  })

  test('twice is folded by the code that is here, of what came after it and of nothing before', () => {
    const { agent: name, ...again } = ownMove.data as { agent: string }
    const [third, fourth] = ['3', '4'].map((agentVersion) => fact('RunMoved', { ...again, agent: name, agentVersion } as never))
    const moved = given(ownBefore, started(ownBefore), message, ownMove, third!, fourth!).events
    const last = defineAgentSpec({ name: 'own', version: '4', chart: chart('here') })
    expect(foldRun(moved, [last]).view()).toMatchObject({ agent: 'own@4', state: 'here' })
    expect(thrown(() => foldRun(moved, [ownBefore, second]))).toMatchObject({ code: 'UnknownAgent' })
  })

  test('and to code that is not here is not folded further', () => {
    expect(thrown(() => foldRun(ofOwn, [ownBefore]))).toMatchObject({ code: 'UnknownAgent' })
  })
})

describe('a spec', () => {
  test.each(['context', 'messageData', 'instructions', 'models', 'output'])('has no %s: it is given beside it', (option) => {
    const options = { name: 'own', version: '1', [option]: {} } as Parameters<typeof defineAgentSpec>[0]
    expect(() => defineAgentSpec(options)).toThrow(
      `the spec of agent "own": expected its options, found "${option}": what performs or checks is given to \`defineAgent\``,
    )
  })
})

describe('what is no run', () => {
  const { events } = given(talker('1'), started(talker('1')), message)
  const codes = new Set(['EventLogCorrupt', 'UnknownEvent', 'UnexpectedEvent', 'UnknownAgent', 'ChartChanged'])

  test.each([null, undefined, 3, 'events', {}])('is no list of events: %o', (nothing) => {
    expect(thrown(() => foldRun(nothing as unknown as RunEvent[]))).toMatchObject({ code: 'InvalidInput' })
  })

  test.each([
    [null, 'it has no type'],
    [{ type: 3, runId: 'run-1', data: {}, meta: {} }, 'it has no type'],
    [{ type: 'RunStarted', data: {}, meta: {} }, 'it has no run, no data or no meta'],
    [{ type: 'RunStarted', runId: 'run-1', data: null, meta: {} }, 'it has no run, no data or no meta'],
    [{ type: 'RunStarted', runId: 'run-1', data: {}, meta: 'x' }, 'it has no run, no data or no meta'],
  ])('is no event: %o', (nothing, problem) => {
    expect(thrown(() => foldRun([nothing as unknown as RunEvent]))).toMatchObject({
      code: 'EventLogCorrupt',
      message: expect.stringMatching(new RegExp(`at (run-1|undefined)@undefined, found another thing: ${problem}$`)) as string,
    })
  })

  test.each([null, undefined, 3, 'x', [], {}, { type: 'RunStarted' }, { type: '__proto__', data: {}, meta: {} }])(
    'holds something else than an event: %o',
    (nothing) => {
      for (const before of [0, 1, 2]) {
        const found = thrown(() => foldRun([...events.slice(0, before), nothing as unknown as RunEvent]))
        expect(codes).toContain((found as { code?: string }).code)
      }
    },
  )

  test('lacks an event, has one twice, or one of another run', () => {
    const [first, second] = events as [RunEvent, RunEvent]
    for (const wrong of [
      [first, first],
      [second],
      [first, second, second],
      [first, { ...second, revision: 2 }],
      [first, { ...second, runId: 'other' }],
    ])
      expect(thrown(() => foldRun(wrong as RunEvent[]))).toMatchObject({ code: 'UnexpectedEvent' })
  })

  test.each([null, 3, 'x', [], {}, undefined])('has %o in the place of any field, and is refused or folded, but breaks nothing', (odd) => {
    for (const [at, event] of events.entries())
      for (const part of ['data', 'meta'] as const)
        for (const field of Object.keys(event[part])) {
          const changed = { ...event, [part]: { ...event[part], [field]: odd } } as unknown as RunEvent
          const found = thrown(() => foldRun(events.map((other, index) => (index === at ? changed : other))).view())
          if (found instanceof Error)
            expect(codes, `${event.type} ${part}.${field}: ${found.stack}`).toContain((found as { code?: string }).code)
        }
  })
})
