import { textContent } from '../../../src/events/content.ts'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import type { RunFact } from '../../../src/events/run-events.ts'
import { applyToRunRow, type RunRow, type StoredRunEvent } from '../../../src/projections/run-index.ts'
import {
  anySteps,
  approvalRequested,
  completed,
  escalated,
  message,
  modelFailed,
  modelRequested,
  modelSucceeded,
  newEvent,
  oneTurn,
  recorded,
  START,
  started,
  storedEvent,
  storedHistory,
  timerFired,
  timerScheduled,
  toolRequested,
  toolSucceeded,
  toolUnresolved,
  turnCompleted,
  type Recorded,
} from '../consumers/run-history.ts'

const RUN = 'run-7'

const foldAll = (events: readonly StoredRunEvent[], onto?: RunRow): RunRow => {
  const row = events.reduce<RunRow | undefined>(applyToRunRow, onto)
  if (row === undefined) throw new Error('no events')
  return row
}

const rowAfter = (...steps: readonly Recorded[]): RunRow => foldAll(storedHistory(RUN, steps))

const begin = recorded(started(), 'awaitingMessage')

/** What is stored, with parts of it replaced. */
const damaged = (steps: readonly Recorded[], revision: number, change: Partial<StoredRunEvent>): StoredRunEvent[] =>
  storedHistory(RUN, steps).map((event) => (event.revision === revision ? { ...event, ...change } : event))

describe('the row of a run', () => {
  test('tells what the run is, where it stands and what it has used', () => {
    expect(rowAfter(...oneTurn)).toEqual({
      runId: RUN,
      agent: 'order-desk',
      agentVersion: '1',
      chartHash: 'chart',
      status: 'active',
      paused: false,
      state: 'awaitingMessage',
      revision: 11,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      position: 120,
      startedAt: START,
      updatedAt: START + 11_000,
      turn: 1,
      inTurn: false,
      messages: 1,
      unread: 0,
      modelCalls: 2,
      toolCalls: 1,
      tokens: 240,
      costMicroUsd: 14,
      waitsFor: 'message',
      waitsSince: START + 11_000,
      waitsIn: null,
      asked: {},
      firstText: 'Where is my order?',
      lastText: 'Where is my order?',
      reason: null,
      owed: {},
      timers: {},
      attentionAt: null,
      stays: { since: START + 11_000, waitedMs: 0 },
    })
  })
  test('names the state of the run and not those of its tool calls', () => {
    expect(rowAfter(...oneTurn.slice(0, 4)).state).toBe('acting')
  })
  test('names the run that asked for it', () => {
    const parent = { runId: 'run-1', callId: '4.0' }
    expect(rowAfter(recorded(started(parent), 'thinking')).parent).toEqual(parent)
  })
  test('names its tenant', () => {
    const { data } = started() as Extract<RunFact, { type: 'RunStarted' }>
    expect(rowAfter(recorded({ type: 'RunStarted', data: { ...data, tenant: 'acme' } }, 'thinking')).tenant).toBe('acme')
    expect(rowAfter(begin)).not.toHaveProperty('tenant')
  })
  test('counts a call once, however often it is tried or taken over', () => {
    const row = rowAfter(
      begin,
      recorded(message('Hi'), 'thinking', 'callModel:1.model'),
      recorded(modelRequested('1.model', START + 60_000), 'thinking'),
      recorded(modelRequested('1.model', START + 90_000, 2), 'thinking'),
      recorded(modelFailed('1.model', START + 91_000), 'thinking', 'callModel:1.model'),
      recorded(modelRequested('1.model', START + 120_000, 3), 'thinking'),
    )
    expect(row.modelCalls).toBe(1)
  })
  test('counts a message into the turn that it comes in', () => {
    const row = rowAfter(begin, recorded(message('One'), 'thinking'), recorded(message('Two'), 'thinking'))
    expect(row).toMatchObject({ turn: 1, messages: 2, lastText: 'Two' })
  })
  test('opens a turn of its own when a person gives the run back', () => {
    const back: RunFact = { type: 'RunReturned', data: { by: 'ann' } }
    const row = rowAfter(
      begin,
      recorded(message('Hi'), 'thinking'),
      recorded(escalated('model: auth'), 'escalated'),
      recorded(back, 'thinking'),
    )
    expect(row).toMatchObject({ turn: 2, inTurn: true, reason: null, waitsFor: null })
  })
  test('says who has taken it over, until it is given back, is forked or has ended, and again once it is reopened', () => {
    const takenOver: RunFact = { type: 'RunTakenOver', data: { by: 'ann', note: 'hers' } }
    const taken = [begin, recorded(message('Hi'), 'thinking'), recorded(takenOver, 'thinking')]
    const holder = { by: 'ann', at: START + 2_000 }
    expect(rowAfter(...taken)).toMatchObject({ takenOver: holder, turn: 1 })
    const other: RunFact = { type: 'RunTakenOver', data: { by: 'bob', from: 'ann' } }
    expect(rowAfter(...taken, recorded(other, 'thinking')).takenOver?.by).toBe('bob')
    const released: RunFact = { type: 'RunReleased', data: { by: 'ann' } }
    expect(rowAfter(...taken, recorded(released, 'thinking'))).toMatchObject({ turn: 1, inTurn: true })
    const returned: RunFact = { type: 'RunReturned', data: { by: 'ann' } }
    for (const end of [released, returned]) expect(rowAfter(...taken, recorded(end, 'thinking'))).not.toHaveProperty('takenOver')
    const failed = recorded({ type: 'RunFailed', data: { by: 'refold', reason: 'a defect' } }, 'thinking')
    expect(rowAfter(...taken, failed)).not.toHaveProperty('takenOver')
    const reopened = recorded({ type: 'RunReopened', data: { by: 'ann' } }, 'thinking')
    expect(rowAfter(...taken, failed, reopened)).toMatchObject({ status: 'active', takenOver: holder })
  })
  test('shows the beginning of a long message and cuts no character in two', () => {
    expect(rowAfter(begin, recorded(message(`${'x'.repeat(119)}😀!`), 'thinking')).lastText).toBe('x'.repeat(119))
  })
  test('shows what a guardrail left of a message', () => {
    const redacted: RunFact = { type: 'InputAccepted', data: { parts: textContent('my card is [card]') } }
    expect(rowAfter(begin, recorded(message('my card is 4111'), 'checkingInput'), recorded(redacted, 'thinking')).lastText).toBe(
      'my card is [card]',
    )
  })
  test('says so where the message is in the blob store', () => {
    expect(rowAfter(begin, recorded(message('long '.repeat(20_000)), 'thinking')).lastText).toBe('(stored apart)')
  })
  test('is paused between pause and resumption', () => {
    const paused = recorded({ type: 'RunPaused', data: { by: 'ann' } }, 'awaitingMessage')
    const resumed = recorded({ type: 'RunResumed', data: { by: 'ann' } }, 'awaitingMessage')
    expect(rowAfter(begin, paused).paused).toBe(true)
    expect(rowAfter(begin, paused, resumed).paused).toBe(false)
  })
  test.each<[RunRow['status'], string | null, RunFact]>([
    ['completed', null, completed],
    ['failed', 'no way on', { type: 'RunFailed', data: { reason: 'no way on' } }],
    ['cancelled', 'a mistake', { type: 'RunCancelled', data: { by: 'ann', reason: 'a mistake' } }],
  ])('of a run that is %s owes nothing and waits for nobody', (status, reason, end) => {
    const row = rowAfter(...oneTurn.slice(0, 6), recorded(escalated('lost'), 'escalated', 'callModel:6.model'), recorded(end, status))
    expect(row).toMatchObject({ status, reason, owed: {}, timers: {}, asked: {}, waitsFor: null, attentionAt: null })
  })
})

describe('where a run stands at its end', () => {
  const ended = (type: 'RunFailed' | 'RunCancelled', by?: string): RunFact =>
    ({ type, data: { reason: 'no way on', ...(by === undefined ? {} : { by }) } }) as RunFact

  test.each<[string, RunFact, string, string]>([
    ['a defect', ended('RunFailed', 'refold'), 'acting', 'failed'],
    ['a person, whom its chart does not follow', ended('RunCancelled', 'ann'), 'acting', 'cancelled'],
    ['a person, whom its chart follows', ended('RunCancelled', 'ann'), 'withdrawn', 'withdrawn'],
    ['its chart', ended('RunFailed'), 'acting', 'acting'],
  ])('by %s', (_, end, to, state) => {
    expect(rowAfter(...oneTurn.slice(0, 4), recorded(end, to)).state).toBe(state)
  })
})

describe('what a run waits for', () => {
  test('a message, until the first one comes and after each turn', () => {
    expect(rowAfter(begin).waitsFor).toBe('message')
    expect(rowAfter(...oneTurn.slice(0, 2)).waitsFor).toBeNull()
    expect(rowAfter(...oneTurn).waitsFor).toBe('message')
  })
  test('no message where the chart goes on by itself', () => {
    expect(rowAfter(recorded(started(), 'planning', 'callModel:0.plan')).waitsFor).toBeNull()
    expect(rowAfter(...oneTurn.slice(0, -1), recorded(turnCompleted(1), 'thinking', 'callModel:11.model')).waitsFor).toBeNull()
  })
  test('an approval, until it is granted', () => {
    expect(rowAfter(...oneTurn.slice(0, 6)).waitsFor).toBe('approval')
    expect(rowAfter(...oneTurn.slice(0, 7)).waitsFor).toBeNull()
  })
  test('a human, once it is escalated and until somebody answers', () => {
    const lost = [...oneTurn.slice(0, 3), recorded(escalated('model: auth: no key'), 'escalated')]
    expect(rowAfter(...lost)).toMatchObject({ waitsFor: 'human', reason: 'model: auth: no key' })
    const answer: RunFact = { type: 'HumanAnswerReceived', data: { by: 'ann', parts: textContent('It is on its way.') } }
    expect(rowAfter(...lost, recorded(answer, 'finishingTurn', 'endTurn:endTurn')).waitsFor).toBeNull()
  })
  test('a human where a call is unresolved and no look-up helps, once there is no approval left to give', () => {
    const row = rowAfter(
      ...oneTurn.slice(0, 6),
      recorded(toolUnresolved('3.1'), 'acting; 3.1=unresolved.lookingUp', 'lookUp:3.1'),
      recorded(escalated('nobody knows whether it happened', '3.1'), 'acting; 3.1=unresolved.awaitingHuman'),
    )
    expect(row).toMatchObject({ waitsFor: 'approval', owed: {} })
    const denied = newEvent(
      RUN,
      8,
      recorded({ type: 'ToolCallDenied', data: { callId: '3.0', by: 'ann', reason: 'no' } }, 'acting; 3.0=over'),
    )
    const settled = newEvent(RUN, 9, recorded(toolSucceeded('3.1'), 'thinking; 3.1=over', 'callModel:9.model'))
    expect(foldAll([storedEvent(RUN, 8, denied)], row).waitsFor).toBe('human')
    expect(foldAll([storedEvent(RUN, 8, denied), storedEvent(RUN, 9, settled)], row).waitsFor).toBeNull()
  })
})

describe('what a run owes', () => {
  test('is unclaimed from the request until somebody claims it, and then until the lease ends', () => {
    expect(rowAfter(...oneTurn.slice(0, 2))).toMatchObject({ owed: { '1.model': 0 }, attentionAt: 0 })
    expect(rowAfter(...oneTurn.slice(0, 3))).toMatchObject({ owed: { '1.model': START + 60_000 }, attentionAt: START + 60_000 })
    expect(rowAfter(...oneTurn.slice(0, 4))).toMatchObject({ owed: { '3.0': 0 }, attentionAt: 0 })
  })
  test('is nothing while a person is asked', () => {
    expect(rowAfter(...oneTurn.slice(0, 5))).toMatchObject({ owed: {}, attentionAt: null })
  })
  test('is the same after a takeover, with the new lease', () => {
    expect(rowAfter(...oneTurn.slice(0, 3), recorded(modelRequested('1.model', START + 99_000), 'thinking')).owed).toEqual({
      '1.model': START + 99_000,
    })
  })
  test('is not owed by a claim that nobody asked for', () => {
    expect(rowAfter(begin, recorded(toolRequested('9.0', START), 'acting')).owed).toEqual({})
  })
  test.each<[string, RunFact]>([
    ['checkInput', { type: 'InputAccepted', data: {} }],
    ['checkInput', { type: 'InputRejected', data: { guardrail: 'g', reason: 'r' } }],
    ['checkOutput', { type: 'OutputAccepted', data: {} }],
    ['checkOutput', { type: 'OutputRejected', data: { reason: 'r' } }],
    ['reportLimit', { type: 'LimitExceeded', data: { limit: 'tokens', used: 2, allowed: 1 } }],
    ['endTurn', turnCompleted(1)],
    ['escalate', escalated('lost')],
  ])('holds %s until it is settled', (intent, settling) => {
    const wanted = [begin, recorded(message('Hi'), 'somewhere', `${intent}:${intent}`)]
    expect(rowAfter(...wanted).owed).toEqual({ [intent]: 0 })
    expect(rowAfter(...wanted, recorded(settling, 'elsewhere')).owed).toEqual({})
  })
  test('is asked for anew at the very event that settles it', () => {
    const row = rowAfter(...oneTurn.slice(0, 3), recorded(modelFailed('1.model', START), 'thinking', 'callModel:1.model'))
    expect(row.owed).toEqual({ '1.model': 0 })
  })
  test('keeps a child run until that has ended', () => {
    const requested: RunFact = { type: 'ChildRunRequested', data: { callId: '1.0', childRunId: 'run-8', agent: 'a', input: null } }
    const succeeded: RunFact = { type: 'ChildRunSucceeded', data: { callId: '1.0', childRunId: 'run-8', output: null } }
    const waiting = [begin, recorded(message('Hi'), 'delegating', 'startChildRun:1.0'), recorded(requested, 'delegating')]
    expect(rowAfter(...waiting)).toMatchObject({ owed: { '1.0': 0 }, attentionAt: 0 })
    expect(rowAfter(...waiting, recorded(succeeded, 'thinking'))).toMatchObject({ owed: {}, attentionAt: null })
  })
  test('is only its end, once the chart has ended', () => {
    const row = rowAfter(...oneTurn.slice(0, 6), recorded(turnCompleted(1), 'completed', 'endRun:endRun'))
    expect(row).toMatchObject({ owed: { endRun: 0 }, timers: {} })
  })
  test('is nothing that the chart has abandoned', () => {
    const row = rowAfter(...oneTurn.slice(0, 3), recorded(message('Stop'), 'idle', 'abandon:abandon', 'endTurn:endTurn'))
    expect(row.owed).toEqual({ endTurn: 0 })
  })
})

describe('the timers of a run', () => {
  const timer = '4.xstate.after.reminder.shop.waiting'
  const waiting = [begin, recorded(timerScheduled(timer, START + 50_000), 'waiting')]

  test('call for attention when they are due, and no more once they have fired', () => {
    expect(rowAfter(...waiting)).toMatchObject({ timers: { [timer]: START + 50_000 }, attentionAt: START + 50_000 })
    expect(rowAfter(...waiting, recorded(timerFired(timer), 'reminding'))).toMatchObject({ timers: {}, attentionAt: null })
  })
  test('stand beside leases: the earliest counts', () => {
    const row = rowAfter(
      ...waiting,
      recorded(message('Hi'), 'thinking', 'callModel:2.m'),
      recorded(modelRequested('2.m', START + 40_000), 'thinking'),
    )
    expect(row.attentionAt).toBe(START + 40_000)
  })
  test('count while the run is paused', () => {
    expect(rowAfter(...waiting, recorded({ type: 'RunPaused', data: { by: 'ann' } }, 'waiting')).attentionAt).toBe(START + 50_000)
  })
  test('replace each other where a chart arms one again', () => {
    const again = timer.replace('4.', '9.')
    expect(rowAfter(...waiting, recorded(timerScheduled(again, START + 70_000), 'waiting')).timers).toEqual({ [again]: START + 70_000 })
  })
  test('of a tool call end when the call moves on, and those of others stay', () => {
    const other = '4.3.10/xstate.after.x'
    const asked = [...oneTurn.slice(0, 6), recorded(timerScheduled(other, START + 1), 'acting')]
    expect(rowAfter(...asked, recorded(toolSucceeded('3.0'), 'acting; 3.0=over')).timers).toEqual({ [other]: START + 1 })
  })
  test('end when the chart takes them back', () => {
    expect(rowAfter(...waiting, recorded(message('Hi'), 'thinking', `disarm:${timer}`))).toMatchObject({ timers: {}, owed: {} })
  })
})

describe('an event that cannot be taken in', () => {
  const steps = oneTurn.slice(0, 4)
  const before = rowAfter(...oneTurn.slice(0, 3))

  test.each<[string, Partial<StoredRunEvent>, RegExp]>([
    ['is of an unknown type', { type: 'RunTeleported' }, /Expected an event type of this version, found RunTeleported at run\..*-run-7@3/],
    ['is of a newer version', { meta: '{"version":2}' }, /version 1 of ModelCallSucceeded at most, found version 2/],
    ['has data that is no JSON', { data: '{"callId"' }, /Expected JSON in the data of run\..*-run-7@3/],
    ['has meta that is no object', { meta: 'null' }, /an object in the meta of .*run-7@3, found null/],
    ['has meta without a place', { meta: '{"version":1,"at":1}' }, /ModelCallSucceeded at revision 3 of run-7: meta\.to/],
    ['has data of another shape', { data: '{"callId":"1.model","usage":7}' }, /data\.usage/],
    ['comes after a gap', { revision: 5 }, /run-7 expected revision 3, found ModelCallSucceeded at revision 5/],
    ['starts the run again', { type: 'RunStarted', data: storedHistory(RUN, [begin])[0]!.data }, /expected RunStarted only once/],
  ])('and %s is a problem of the row and leaves status and reason alone', (_, change, problem) => {
    const row = foldAll(damaged(steps, 3, change))
    expect(row.problem).toMatch(problem)
    expect(row).toEqual({ ...before, problem: row.problem, revision: change.revision ?? 3, position: 40, updatedAt: START + 3_005 })
  })
  test('does not keep later ones from being shown, and stays the problem that was first', () => {
    const row = foldAll(damaged([...steps, recorded(message('Still there?'), 'thinking')], 3, { type: 'RunTeleported' }))
    expect(row).toMatchObject({ revision: 4, lastText: 'Still there?' })
    expect(row.problem).toMatch(/RunTeleported/)
    expect(applyToRunRow(row, { ...storedHistory(RUN, oneTurn)[5]!, data: '' }).problem).toBe(row.problem)
  })
  test('makes a row even where it is the first', () => {
    const row = foldAll(damaged([begin], 0, { type: 'RunTeleported' }))
    expect(row).toMatchObject({ runId: RUN, agent: '', status: 'active', revision: 0, startedAt: START + 5 })
  })
  test('is anything but RunStarted at the beginning, and anything at all after the end', () => {
    expect(rowAfter(recorded(message('Hi'), 'thinking')).problem).toMatch(/expected RunStarted first/)
    expect(rowAfter(begin, recorded(completed, 'completed'), recorded(message('Hi'), 'thinking'))).toMatchObject({
      status: 'completed',
      problem: 'run-7 expected nothing after it has completed, found MessageReceived at revision 2',
    })
  })
})

describe('folding', () => {
  test('takes an event in once', () => {
    const events = storedHistory(RUN, oneTurn)
    const row = foldAll(events)
    for (const event of events) expect(applyToRunRow(row, event)).toBe(row)
  })
  test('gives a row that JSON carries, whatever is folded', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const row = rowAfter(...steps)
        expect(JSON.parse(JSON.stringify(row))).toEqual(row)
      }),
    )
  })
  test('never throws and never loses the place, whatever texts are stored', () => {
    fc.assert(
      fc.property(anySteps, fc.nat(), fc.json(), fc.json(), (steps, at, data, meta) => {
        const events = damaged(steps, at % steps.length, { data, meta })
        expect(foldAll(events)).toMatchObject({ runId: RUN, revision: steps.length - 1, position: steps.length * 10 })
      }),
    )
  })
  test('asks for attention exactly where something is owed or a timer runs', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const { owed, timers, attentionAt } = rowAfter(...steps)
        const times = [...Object.values(owed), ...Object.values(timers)]
        expect(attentionAt).toBe(times.length === 0 ? null : times.sort((a, b) => a - b)[0])
      }),
    )
  })
  test('of a tool call that is asked about again needs no earlier answer', () => {
    const row = rowAfter(
      begin,
      recorded(approvalRequested('1.0', START), 'asking', 'checkCall:1.0'),
      recorded(modelSucceeded('1.0'), 'asking'),
    )
    expect(row).toMatchObject({ asked: {}, owed: {} })
  })
})
