import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../src/events/envelope.ts'
import type { ForkChanges, ForkSeal } from '../../../src/events/fork.ts'
import { isUnresolved } from '../../../src/fold/doubts.ts'
import { describeBroken } from '../../../src/fold/fold-projections.ts'
import { spentAt, step } from '../../../src/fold/fold.ts'
import { askedAfter, nothingAsked, placeAmong, type AskedSoFar } from '../../../src/fold/fork.ts'
import type { RunState } from '../../../src/fold/run-state.ts'
import { standingOf, viewOf } from '../../../src/fold/run-view.ts'
import { seal as sealEvent } from '../../../src/fold/seal.ts'
import { restoreState, saveState, startOf } from '../../../src/fold/snapshot.ts'
import { runPlace, stateText } from '../../../src/fold/standing.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalRequested,
  calls,
  escalated,
  isAccepted,
  messageReceived,
  modelAnswered,
  modelFailed,
  modelRequested,
  returned,
  says,
  timerScheduled,
  toolFailed,
  toolRequested,
  toolSucceeded,
  toolUnresolved,
  turnCompleted,
} from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given, type Happening } from '../../../src/testing/given.ts'
import { parentOf } from '../../support/parent-charts.ts'

// Runs that go on elsewhere, or again: forks, runs that are reopened, moved or restored.

const agent = defineAgent({ name: 'agent', version: '1', instructions: 'Help.', models: ['scripted/one', 'scripted/two'] })

/** Of its calls 3.0 is in doubt, 3.1 asks for an approval, 3.2 is done, 3.3 runs. */
const busy = (first: Happening): Given =>
  given(
    agent,
    first,
    messageReceived('Pay.'),
    modelRequested('1.model'),
    modelAnswered(
      '1.model',
      ['a', 'b', 'c', 'd'].map((id) => calls('pay', '{}', id)),
    ),
    toolRequested('3.0', { tool: 'pay', effect: 'once' }),
    toolUnresolved('3.0'),
    approvalRequested('3.1', DAWN + 5_000),
    timerScheduled('6.3.1/xstate.after.untilApprovalExpires.tool-call.awaitingApproval', DAWN + 5_000),
    toolRequested('3.2', { tool: 'pay', effect: 'once', act: 'order 21', idempotencyKey: 'act/21' }),
    toolSucceeded('3.2'),
    toolRequested('3.3', { tool: 'pay', effect: 'once', attempt: 2 }),
  )

const of = { runId: 'origin', revision: 10 }
const seal: ForkSeal = { real: ['pay'], reads: false, simulate: {}, samples: false, modelCalls: null, costMicroUsd: null }
const forkedWith = (changes: ForkChanges = {}, afterMs = 0): Happening =>
  fact('RunForked', { by: 'ann', from: { runId: 'origin', revision: 10, recordedTo: 30 }, seal, changes }, afterMs)

const copied = (): Given => busy(started(agent, { forkOf: of }))
const expiries = ({ state }: Given): readonly number[] => [...state.approvals.values()].map(({ expiresAt }) => expiresAt)
const wallTime = ({ state }: Given): number => spentAt(state.budget, state.at).wallTimeMs

describe('a fork', () => {
  const forked = (): Given => copied().and(forkedWith({ model: 'scripted/three', instructions: 'Otherwise.' }, 1_000))

  test('begins once, behind the copies of the run that it is of', () => {
    expect(isAccepted(copied(), forkedWith())).toBe(true)
    expect(isAccepted(forked(), forkedWith())).toBe(false)
    expect(isAccepted(busy(started(agent)), forkedWith())).toBe(false)
  })

  test('knows of what it is, what it may do, and how it differs', () => {
    expect(copied().state.fork).toEqual({ of })
    expect(forked().state.fork).toEqual({
      of,
      instructions: 'Otherwise.',
      own: {
        recordedTo: 30,
        seal,
        changes: { model: 'scripted/three', instructions: 'Otherwise.' },
        counts: { recorded: 0, simulated: 0, asked: 0, live: 0, real: 0 },
        liveCostMicroUsd: 0,
        asked: nothingAsked,
      },
    })
    expect(forked().state.started.settings.models).toEqual(['scripted/three', 'scripted/three'])
    const before = copied()
    const same = before.and(forkedWith())
    expect(same.state.started).toBe(before.state.started)
    expect(same.state.fork).not.toHaveProperty('instructions')
  })

  test('of a fork has the copy of that fork among its events, and begins behind its own', () => {
    const farther = busy(started(agent, { forkOf: { runId: 'origin', revision: 11 } })).and(forkedWith({ instructions: 'Otherwise.' }))
    expect(farther.state.fork).toEqual({ of: { runId: 'origin', revision: 11 }, instructions: 'Otherwise.' })
    expect(farther.and(forkedWith()).state.fork).toMatchObject({ instructions: 'Otherwise.', own: { recordedTo: 30 } })
  })

  test('asks the world under keys of its own for all that is open, in doubt or done', () => {
    const keys = ({ state }: Given) => ({
      calls: [...state.calls].map(([callId, { idempotencyKey }]) => [callId, idempotencyKey]),
      doubts: [...state.doubts.values()].map(({ callId, idempotencyKey }) => [callId, idempotencyKey]),
      acts: [...state.acts].map(([key, { callId }]) => [key, callId]),
    })
    expect(keys(forked())).toEqual({
      calls: [
        ['3.0', 'run-1/run-1/3.0'],
        ['3.1', undefined],
        ['3.3', 'run-1/run-1/3.3'],
      ],
      doubts: [['3.0', 'run-1/run-1/3.0']],
      acts: [['run-1/act/21', '3.2']],
    })
    expect(forked().state.calls.get('3.1')).not.toHaveProperty('idempotencyKey')
    expect([...forked().state.doubts.values()].map(isUnresolved)).toEqual([true])
    expect(forked().state.calls.get('3.0')).toMatchObject({ tool: 'pay', effect: 'once' })
  })

  test('has lost no time since the last event of its origin', () => {
    expect(expiries(forked())).toEqual([DAWN + 6_000])
    expect(expiries(copied().and(forkedWith({}, -1_000)))).toEqual([DAWN + 5_000])
    const [before] = copied().state.timers.values()
    const [timer] = forked().state.timers.values()
    expect(before).toMatchObject({ dueAt: DAWN + 5_000 })
    expect(timer).toMatchObject({ timerId: before?.timerId, chart: '3.1', askedAt: DAWN + 1_000, delayMs: 5_000 })
    expect(timer).not.toHaveProperty('dueAt')
    const thinking = given(agent, started(agent, { forkOf: { ...of, revision: 2 } }), messageReceived('Hi'), modelRequested('1.model'))
    expect(wallTime(thinking.and(forkedWith({}, 1_000)))).toBe(0)
    const forEver = given(
      agent,
      started(agent, { forkOf: of }),
      messageReceived('Pay.'),
      modelRequested('1.model'),
      modelAnswered('1.model', [calls('pay')]),
      approvalRequested('3.0', Number.MAX_SAFE_INTEGER),
    )
    expect(expiries(forEver.and(forkedWith({}, 1_000)))).toEqual([Number.MAX_SAFE_INTEGER])
  })

  test('stands where its origin stood, and nothing is asked for anew', () => {
    const { meta } = forked().events.at(-1)!
    expect(meta).toMatchObject({ to: 'acting' })
    expect(meta).not.toHaveProperty('intents')
    expect(meta).not.toHaveProperty('ignored')
  })

  test('counts where its results are from, and what models that were called have cost', () => {
    const { state } = forked().and(
      toolRequested('3.3', { tool: 'pay', effect: 'once', attempt: 3 }),
      fact('ToolCallSucceeded', { callId: '3.3', attempt: 3, output: 'done', source: 'recorded' }),
      returned(),
      messageReceived('And now?'),
    )
    expect(state.fork?.own).toMatchObject({ counts: { recorded: 1, live: 0 }, liveCostMicroUsd: 0 })
    const thinking = given(agent, started(agent, { forkOf: { ...of, revision: 1 } }), messageReceived('Hi'), forkedWith())
    const spent = thinking.and(
      modelRequested('1.model'),
      modelFailed('1.model', { next: 'nextModel', source: 'live', costMicroUsd: 5 }),
      modelRequested('1.model', { attempt: 2 }),
      modelAnswered('1.model', [says('Hi')], { attempt: 2, source: 'live', costMicroUsd: 7 }),
    )
    expect(spent.state.fork?.own).toMatchObject({ counts: { live: 2 }, liveCostMicroUsd: 12 })
    const free = thinking.and(
      modelRequested('1.model'),
      modelFailed('1.model', { next: 'nextModel', source: 'live' }),
      modelRequested('1.model', { attempt: 2 }),
      modelAnswered('1.model', [says('Hi')], { attempt: 2, source: 'recorded', costMicroUsd: 7 }),
    )
    expect(free.state.fork?.own).toMatchObject({ counts: { live: 1, recorded: 1 }, liveCostMicroUsd: 0 })
    const before = free.state.fork
    expect(free.and(turnCompleted(1)).state.fork).toBe(before)
  })
})

const event = (type: string, data: object): RunEvent => ({ type, data }) as unknown as RunEvent
const after = (asked: AskedSoFar, ...events: readonly RunEvent[]): AskedSoFar => events.reduce(askedAfter, asked)

describe('which of several equal requests one is', () => {
  test.for([
    { kind: 'model', type: 'ModelCallRequested', data: { fingerprint: 'a' }, other: { fingerprint: 'b' }, results: 'ModelCall' },
    { kind: 'tool', type: 'ToolCallRequested', data: { tool: 'a', input: 1 }, other: { tool: 'a', input: 2 }, results: 'ToolCall' },
    { kind: 'tool', type: 'ToolCallRequested', data: { tool: 'a', input: 1 }, other: { tool: 'b', input: 1 }, results: 'ToolCall' },
    { kind: 'run', type: 'ChildRunRequested', data: { agent: 'a', input: 1 }, other: { agent: 'a', input: 2 }, results: 'ChildRun' },
    { kind: 'run', type: 'ChildRunRequested', data: { agent: 'a', input: 1 }, other: { agent: 'b', input: 1 }, results: 'ChildRun' },
    { kind: 'approval', type: 'ApprovalRequested', data: { subject: 1 }, other: { subject: 2 }, results: 'Approval' },
  ])('is counted for each $kind that is asked for the same', ({ kind, type, data, other, results }) => {
    const [good, bad] = kind === 'approval' ? ['Granted', 'Denied'] : ['Succeeded', 'Failed']
    const wanted = (callId: string, of: object = data) => event(type, { callId, ...of })
    const once = after(nothingAsked, wanted('1'))
    expect(after(once, wanted('1'))).toBe(once)
    const four = after(once, wanted('2'), wanted('3', other), wanted('4'))
    expect(Object.entries(four.calls).map(([name, { rank, results }]) => [name, rank, results])).toEqual([
      [`${kind} 1`, 0, 0],
      [`${kind} 2`, 1, 0],
      [`${kind} 3`, 0, 0],
      [`${kind} 4`, 2, 0],
    ])
    expect(Object.values(four.equal)).toEqual([3, 1])
    const told = after(four, event(`${results}${good}`, { callId: '2' }), event(`${results}${bad}`, { callId: '2' }))
    expect(told.calls[`${kind} 2`]).toEqual({ ...four.calls[`${kind} 2`], results: 2 })
    expect(told.equal).toBe(four.equal)
    expect(after(told, event(`${results}${good}`, { callId: '9' }))).toBe(told)
    const otherwise = after(told, wanted('2', other))
    expect(otherwise.calls[`${kind} 2`]).toMatchObject({ rank: 1, results: 0 })
    const { what } = otherwise.calls[`${kind} 2`]!
    expect(placeAmong(otherwise, { kind: 'model', callId: '10', what })).toEqual({ what, rank: 2, results: 0 })
    expect(placeAmong(otherwise, { kind: 'model', callId: '10', what: 'new' })).toEqual({ what: 'new', rank: 0, results: 0 })
  })

  test('is not changed by what is neither a request nor a result', () => {
    const asked = after(nothingAsked, event('ToolCallRequested', { callId: '1', tool: 'a', input: 1 }))
    for (const type of ['ToolCallUnresolved', 'ToolCallQueued', 'MessageReceived', 'ToolCallCorrected', 'RunEscalated'])
      expect(after(asked, event(type, { callId: '1' }), event(type, {}))).toBe(asked)
  })
})

const failed = (by = 'refold', afterMs = 0): Happening => fact('RunFailed', { by, reason: 'a defect' }, afterMs)
const reopened = (afterMs = 0): Happening => fact('RunReopened', { by: 'ann' }, afterMs)
const moved = (afterMs = 0): Happening =>
  fact('RunMoved', { by: 'ann', agent: 'agent', fromVersion: '1', agentVersion: '2', chartHash: agent.program.chartHash }, afterMs)

describe('a run that Refold has failed for a defect of its code', () => {
  const before = busy(started(agent)).and(
    fact('ToolCallLookupRequested', { callId: '3.0', attempt: 1, tool: 'pay', owner: 'there/2/b', leaseUntil: 5 }),
    fact('RunPaused', { by: 'ann' }),
  )
  const again = (): Given => before.and(failed(), reopened(1_000))

  test('goes on from where it stood when it is reopened', () => {
    const { state } = again()
    const kept: readonly (keyof RunState)[] = ['chart', 'calls', 'approvals', 'transcript', 'paused']
    for (const part of kept) expect(state[part]).toBe(before.state[part])
    expect(state).toMatchObject({ status: 'active', revision: before.state.revision + 2 })
    for (const gone of ['reason', 'output', 'beforeFailure']) expect(state).not.toHaveProperty(gone)
    expect(before.and(failed()).state).toMatchObject({ status: 'failed', reason: 'a defect', owed: new Map() })
  })

  test('has what was claimed taken over, as after a crash, and its timers set anew', () => {
    const owed = (callId: string) => again().state.owed.get(callId)
    expect(owed('3.3')).toMatchObject({ status: 'claimed', owner: 'nobody', leaseUntil: 0, formerOwner: 'here/1/a' })
    expect(owed('3.0')).toMatchObject({ intent: 'lookUp', status: 'claimed', owner: 'nobody', formerOwner: 'here/1/a' })
    const wanting = given(agent, started(agent), messageReceived('Hi'))
    expect(wanting.and(failed(), reopened()).state.owed).toEqual(wanting.state.owed)
    const [timer] = again().state.timers.values()
    expect(timer).toMatchObject({ chart: '3.1', askedAt: DAWN, delayMs: 5_000 })
    expect(timer).not.toHaveProperty('dueAt')
  })

  test('has used up no time since it was failed, also where it was moved meanwhile', () => {
    const thinking = given(agent, started(agent), messageReceived('Hi'), modelRequested('1.model'))
    expect(wallTime(thinking.and(failed('refold', 10), reopened(1_000)))).toBe(10)
    expect(wallTime(thinking.and(failed('refold', 10), moved(500), reopened(1_000)))).toBe(10)
  })

  test('keeps the output that it had', () => {
    const accepted = given(
      agent,
      started(agent),
      messageReceived('Hi'),
      modelRequested('1.model'),
      modelAnswered('1.model', [says('Hi')]),
      fact('OutputAccepted', { output: { n: 1 } }),
    )
    expect(accepted.and(failed(), reopened()).state).toMatchObject({ output: { n: 1 } })
  })

  test('is the only one that may be reopened or moved when it is over', () => {
    for (const over of [before.and(fact('RunCancelled', { by: 'ann', reason: 'enough' })), human.and(failed('ann'))]) {
      expect(isAccepted(over, reopened())).toBe(false)
      for (const happening of [reopened(), moved()]) expect(() => over.and(happening)).toThrow(/nothing after the run has/)
    }
    expect(isAccepted(before.and(failed()), reopened())).toBe(true)
    expect(isAccepted(before, reopened())).toBe(false)
    expect(isAccepted(again(), reopened())).toBe(false)
    expect(() => before.and(failed(), messageReceived('Hello?'))).toThrow(/nothing after the run has failed/)
  })
})

const human = given(agent, started(agent), messageReceived('Hi'), modelRequested('1.model'), modelFailed('1.model'), escalated())

describe('a run that moves to another version', () => {
  test('stays where it is, with what it has begun with but for its code', () => {
    const { state } = human.and(moved())
    expect(state.started).toEqual({ ...human.state.started, agentVersion: '2' })
    expect(state).toMatchObject({ movedAt: 5, status: 'active' })
    for (const useful of [moved(), fact('RunRestored', { restoreId: 'r' })])
      expect(human.and(useful).events.at(-1)?.meta).not.toHaveProperty('ignored')
    const waiting = given(agent, started(agent)).and(failed())
    expect(waiting.events.at(-1)?.meta).not.toHaveProperty('ignored')
    expect(state).not.toHaveProperty('beforeFailure')
  })
})

describe('a run that goes on from an older copy of its log', () => {
  const restored = fact('RunRestored', { restoreId: 'r' }, 50)

  test('knows which restore that was, in which turn and when', () => {
    expect(human.and(restored).state.restored).toEqual({ restoreId: 'r', turn: 1, at: DAWN + 50 })
    expect(human.state).not.toHaveProperty('restored')
  })

  test('has its calls in doubt again, until each was looked up once more', () => {
    const running = given(
      agent,
      started(agent),
      messageReceived('Pay.'),
      modelRequested('1.model'),
      modelAnswered('1.model', [calls('pay')]),
      toolRequested('3.0', { tool: 'pay', effect: 'once' }),
    )
    expect(running.and(toolUnresolved('3.0')).state.calls.get('3.0')).not.toHaveProperty('lookedUp')
    const asked = running.and(restored, toolRequested('3.0', { tool: 'pay', effect: 'once', lookUpFirst: true }))
    expect(asked.state.calls.get('3.0')).toMatchObject({ lookUpFirst: 1 })
    expect(asked.state.calls.get('3.0')).not.toHaveProperty('lookedUp')
    const looked = asked.and(toolUnresolved('3.0'))
    expect(looked.state.calls.get('3.0')).toMatchObject({ lookedUp: true, lookUpFirst: 1 })
    expect(looked.and(restored).state.calls.get('3.0')).not.toHaveProperty('lookedUp')
    expect(looked.and(restored).state.calls.get('3.0')).toMatchObject({ tool: 'pay', lookUpFirst: 1 })
    expect(running.state.calls.get('3.0')).not.toHaveProperty('lookUpFirst')
  })
})

describe('a run that goes on from a snapshot', () => {
  const { program } = agent
  const early = given(agent, started(agent), messageReceived('Hi'), modelRequested('1.model'), modelAnswered('1.model', [says('Hi')]))
  const rich = (): RunState => ({
    ...busy(started(agent)).and(
      messageReceived('And?'),
      toolFailed('3.3', { attempt: 2, happened: 'no', retryAt: DAWN }),
      toolRequested('3.3', { tool: 'pay', effect: 'once', attempt: 3 }),
    ).state,
    commandIds: new Map([['c', 'h']]),
  })
  const plain = ({ chart, calls, ...state }: RunState) => ({
    ...state,
    place: runPlace({ status: 'active', chart }),
    calls: [...calls].map(([callId, { snapshot, ...call }]) => [callId, call, stateText(snapshot)]),
  })

  test('is in all the state that was saved', () => {
    const state = rich()
    for (const part of ['calls', 'owed', 'doubts', 'acts', 'earlierAttempts', 'approvals', 'timers', 'commandIds'] as const)
      expect(state[part].size).toBeGreaterThan(0)
    expect(plain(restoreState(program, [saveState(program, state, 0)!])!)).toEqual(plain(state))
    const parent = parentOf([{ agent: 'agent', key: 'a' }])
    const asked = given(parent, started(parent)).and(
      fact('ChildRunRequested', { callId: '0.a', childRunId: 'c', agent: 'agent', input: 'Go.', childRuns: 3 }),
    )
    expect(plain(restoreState(parent.program, [saveState(parent.program, asked.state, 0)!])!)).toEqual(plain(asked.state))
  })

  test('is put together from its pieces, where all of them are there', () => {
    const first = saveState(program, early.state, 0)!
    const later = early.and(turnCompleted(1), messageReceived('Go on.'), modelRequested('5.model')).state
    const since = early.state.transcript.length
    const second = saveState(program, later, since)!
    expect(plain(restoreState(program, [first, second])!)).toEqual(plain(later))
    expect(second).not.toContain('"text":"Hi"')
    for (const texts of [
      [first, first, second],
      [first, second, second],
    ])
      expect(plain(restoreState(program, texts)!)).toEqual(plain(later))
    for (const texts of [[], [second]]) expect(restoreState(program, texts)).toBeUndefined()
    expect(restoreState(program, [first.replace(/"format":\d+/, '"format":1')])).toBeUndefined()
    expect(restoreState({ ...program, chartHash: 'another' }, [first])).toBeUndefined()
    expect(startOf(first)).toEqual(early.state.started)
    expect(startOf('{}')).toBeUndefined()
  })
})

describe('what is shown of a run', () => {
  const shown = ({ state }: Given) => viewOf(agent.program, state)

  test('is its timers, what nobody knows of, what it was asked about, and of which run it is a fork', () => {
    const [timer] = busy(started(agent)).state.timers.values()
    const view = shown(busy(started(agent, { tags: { of: 'ann' }, metadata: { n: 1 }, context: { m: 2 } })))
    expect(view).toMatchObject({
      tags: { of: 'ann' },
      metadata: { n: 1 },
      context: { m: 2 },
      fork: null,
      problem: null,
      waitsIn: null,
      timers: [{ timerId: timer?.timerId, dueAt: DAWN + 5_000 }],
      unresolved: [{ callId: '3.0', tool: 'pay', input: {} }],
      approvals: [{ callId: '3.1', unread: [] }],
    })
    expect(shown(human)).toMatchObject({ tags: {}, metadata: {}, context: null, timers: [], unresolved: [], approvals: [] })
    expect(shown(copied().and(forkedWith())).timers).toEqual([{ timerId: timer?.timerId, dueAt: null }])
    const settled = given(agent, started(agent), messageReceived('Pay.'), modelRequested('1.model')).and(
      modelAnswered('1.model', [calls('pay')]),
      toolRequested('3.0', { tool: 'pay', effect: 'idempotent' }),
      fact('RunCancelled', { by: 'ann', reason: 'enough' }),
    )
    expect(settled.state.doubts.size).toBe(1)
    expect(shown(settled).unresolved).toEqual([])
    expect(shown(copied()).fork).toEqual({ ...of, counts: { recorded: 0, simulated: 0, asked: 0, live: 0, real: 0 }, real: [] })
    expect(shown(copied().and(forkedWith())).fork).toMatchObject({ ...of, real: ['pay'] })
    const unasked = given(
      agent,
      started(agent),
      messageReceived('Pay.'),
      modelRequested('1.model'),
      modelAnswered('1.model', [calls('pay')]),
    )
    expect(shown(unasked).toolCalls).toEqual([{ callId: '3.0', tool: 'pay', state: 'checking', input: null }])
    const problem = { projection: 'p', revision: 1, type: 't', problem: 'x' }
    expect(viewOf(agent.program, { ...human.state, broken: problem })).toMatchObject({ problem: describeBroken(problem) })
  })

  test('is where it stands after a command, once and again', () => {
    const standing = standingOf(human.state)
    expect(standing).toEqual({ runId: 'run-1', revision: 4, status: 'active', paused: false, state: 'escalated', waitsFor: 'human' })
    expect(standingOf(standing)).toBe(standing)
    expect(standingOf(given(agent, started(agent), messageReceived('Hi')).state)).toMatchObject({ waitsFor: null })
  })
})

describe('an event that cannot follow', () => {
  const { program } = agent
  const codeOf = (details?: object) => expect.objectContaining({ code: 'UnexpectedEvent', ...(details && { details }) }) as Error

  test('is refused with its place and what was expected', () => {
    const next = human.and(returned()).events.at(-1)!
    const at = (revision: number) => () => step(program, human.state, { ...next, revision })
    expect(at(4)).toThrow(codeOf({ runId: 'run-1', revision: 4, type: 'RunReturned' }))
    expect(at(6)).toThrow(/revision 5/)
    expect(at(5)).not.toThrow()
    const [first] = human.events
    expect(() => step(program, undefined, { ...first!, revision: 1 })).toThrow(codeOf())
    expect(() => step(program, undefined, { ...next, revision: 0 })).toThrow(/Expected RunStarted at revision 0/)
  })

  test('is refused before the log where it has not its published shape', () => {
    expect(() => human.and(fact('RunPaused', { by: 3 } as never))).toThrow(codeOf({ runId: 'run-1', type: 'RunPaused' }))
  })

  test('has its hash in its state, and says of nothing that is not there', () => {
    const origin = { runId: 'run-1', id: 'e', at: DAWN, agent: agent.id, correlationId: 'run-1' }
    const sealed = sealEvent(program, human.state, returned(), origin)
    expect(sealed.event.meta).toMatchObject({ hash: sealed.state.hash, to: 'thinking.callingModel' })
    const paused = sealEvent(program, human.state, fact('RunPaused', { by: 'ann' }), origin)
    for (const absent of ['blobs', 'media', 'intents', 'ignored']) expect(paused.event.meta).not.toHaveProperty(absent)
  })
})
