import { describe, expect, test } from 'vitest'
import type { EventMeta, RunEvent } from '../../../src/events/envelope.ts'
import type { RunFact } from '../../../src/events/run-events.ts'
import {
  freedBy,
  recordedIntents,
  recordedWorkAfter,
  waitingChild,
  workAfter,
  workAsked,
  type OpenWork,
} from '../../../src/projections/open-work.ts'
import {
  approvalGranted,
  approvalRequested,
  escalated,
  message,
  modelRequested,
  toolRequested,
  toolUnresolved,
} from '../consumers/run-history.ts'

const eventOf = (fact: RunFact, intents: readonly string[] = []): RunEvent => ({
  ...fact,
  id: 'event-9',
  runId: 'run-1',
  revision: 9,
  meta: { at: 0, to: '', hash: '', correlationId: 'run-1', intents: [...intents] } as unknown as EventMeta,
})

/** Of a type whose data is its call id and what says nothing here. */
const ofCall = (type: RunFact['type'], callId = '1.0'): RunFact => ({ type, data: { callId } }) as unknown as RunFact

const wanted: OpenWork = { status: 'wanted' }
const open = (entry: OpenWork = wanted, key = '1.0'): ReadonlyMap<string, OpenWork> => new Map([[key, entry]])
const entryAfter = (entry: OpenWork, fact: RunFact): OpenWork | undefined => workAfter(open(entry), eventOf(fact)).get('1.0')

describe('open work is settled', () => {
  test.for([
    'ApprovalGranted',
    'ApprovalDenied',
    'ModelCallSucceeded',
    'ModelCallFailed',
    'ToolCallSucceeded',
    'ToolCallFailed',
    'ToolCallRejected',
    'ToolCallDenied',
    'ChildRunSucceeded',
    'ChildRunFailed',
  ] as const)('by the last word on its call: %s', (type) => {
    expect(workAfter(open(), eventOf(ofCall(type)))).toEqual(new Map())
    expect(workAfter(open(wanted, '1.1'), eventOf(ofCall(type)))).toEqual(open(wanted, '1.1'))
  })
  test.for([
    ['checkInput', 'InputAccepted'],
    ['checkInput', 'InputRejected'],
    ['checkOutput', 'OutputAccepted'],
    ['checkOutput', 'OutputRejected'],
    ['endTurn', 'TurnCompleted'],
    ['reportLimit', 'LimitExceeded'],
    ['escalate', 'RunEscalated'],
  ] as const)('where it has no call id, by its name: %s by %s', ([key, type]) => {
    expect(workAfter(open(wanted, key), eventOf({ type, data: {} } as unknown as RunFact))).toEqual(new Map())
    expect(workAfter(open(wanted, 'another'), eventOf({ type, data: {} } as unknown as RunFact)).size).toBe(1)
  })
  test('by nothing else, and an event that says nothing of it leaves it as it was', () => {
    const work = open()
    for (const fact of [message('Hi'), ofCall('ToolCallCorrected'), modelRequested('1.7', 5), ofCall('ChildRunReported', '1.7')])
      expect(workAfter(work, eventOf(fact))).toBe(work)
  })
})

describe('a claim', () => {
  test('names owner, lease, attempt and event, and forgets what an earlier one said of looking first', () => {
    expect(entryAfter({ status: 'wanted', lookUpFirst: true, lostOwners: 2 }, toolRequested('1.0', 700, 3))).toMatchObject({
      status: 'claimed',
      intent: 'startCall',
      leaseUntil: 700,
      attempt: 3,
      lostOwners: 2,
      eventId: 'event-9',
    })
    expect(entryAfter({ status: 'wanted', lookUpFirst: true }, toolRequested('1.0', 700, 3))).not.toHaveProperty('lookUpFirst')
    expect(entryAfter({ status: 'wanted', intent: 'callModel' }, modelRequested('1.0', 700))).toMatchObject({ intent: 'callModel' })
  })
  test('keeps what it says of its settings, its effect and the owners that were lost', () => {
    const claimOf = (fact: RunFact, data: object): RunFact => ({ ...fact, data: { ...fact.data, ...data } }) as unknown as RunFact
    expect(entryAfter(wanted, claimOf(modelRequested('1.0', 700), { settings: { temperature: 0 } }))).toMatchObject({
      settings: { temperature: 0 },
    })
    const call = claimOf(toolRequested('1.0', 700), { effect: 'once', lookUpFirst: true, lostOwners: 4 })
    expect(entryAfter(wanted, call)).toMatchObject({ effect: 'once', lookUpFirst: true, lostOwners: 4 })
  })
  test('to look up is not that of whoever may still be at the attempt, who stays known', () => {
    const lookUpBy = (owner: string, leaseUntil: number): RunFact => ({
      type: 'ToolCallLookupRequested',
      data: { callId: '1.0', attempt: 2, tool: 'pay', owner, leaseUntil },
    })
    const lookUp = lookUpBy('there/2/b', 900)
    const looked = entryAfter({ status: 'wanted', intent: 'lookUp', attempt: 2, owner: 'here/1/a', lostOwners: 1 }, lookUp)
    expect(looked).toEqual({
      status: 'claimed',
      intent: 'lookUp',
      attempt: 2,
      owner: 'there/2/b',
      leaseUntil: 900,
      formerOwner: 'here/1/a',
      eventId: 'event-9',
    })
    const taken = entryAfter(looked!, lookUpBy('far/3/c', 950))
    expect(taken).toMatchObject({ owner: 'far/3/c', formerOwner: 'here/1/a' })
    expect(entryAfter({ status: 'claimed', intent: 'lookUp', owner: 'there/2/b' }, lookUp)).not.toHaveProperty('formerOwner')
    expect(workAfter(open(wanted, '1.7'), eventOf(lookUp))).toEqual(open(wanted, '1.7'))
  })
})

describe('work of a fork', () => {
  const forked = { type: 'RunForked', data: {} } as unknown as RunFact
  const claimed: OpenWork = {
    status: 'claimed',
    attempt: 2,
    owner: 'here/1/a',
    formerOwner: 'there/2/b',
    leaseUntil: 700,
    lostOwners: 1,
    lookUpFirst: true,
    effect: 'once',
    eventId: 'event-3',
  }

  test('that its origin had claimed is begun anew, as a further attempt', () => {
    const left = { status: 'wanted', effect: 'once', eventId: 'event-3' }
    expect(entryAfter({ ...claimed, intent: 'startCall' }, forked)).toEqual({ ...left, intent: 'startCall', attempt: 3 })
    expect(entryAfter({ ...claimed, intent: 'lookUp' }, forked)).toEqual({ ...left, intent: 'lookUp', attempt: 2 })
    expect(entryAfter({ status: 'claimed', intent: 'callModel', settings: {} }, forked)).toEqual({
      status: 'wanted',
      intent: 'callModel',
      attempt: 2,
    })
  })
  test('that nobody had begun stays as it is, and a run below it that waits is not that of the fork', () => {
    const work = new Map<string, OpenWork>([
      ['1.0', wanted],
      ['1.1', { status: 'parked', intent: 'startChildRun', childRunId: 'c', waitsFor: 'human', waitsIn: 'c.d' }],
    ])
    expect(workAfter(work, eventOf(forked))).toEqual(
      new Map<string, OpenWork>([
        ['1.0', wanted],
        ['1.1', { status: 'parked', intent: 'startChildRun', childRunId: 'c' }],
      ]),
    )
  })
})

describe('work has nothing to do', () => {
  test('until a child has ended, an earlier call, or a person has answered', () => {
    expect(entryAfter(wanted, { type: 'ChildRunRequested', data: { callId: '1.0', childRunId: 'c' } } as unknown as RunFact)).toMatchObject(
      {
        status: 'parked',
        intent: 'startChildRun',
        childRunId: 'c',
      },
    )
    expect(entryAfter(wanted, { type: 'ToolCallQueued', data: { callId: '1.0', behind: '1.1' } })).toEqual({
      status: 'parked',
      behind: '1.1',
    })
    expect(entryAfter({ status: 'wanted', intent: 'askApproval' }, approvalRequested('1.0', 5))).toEqual({
      status: 'parked',
      intent: 'askApproval',
      eventId: 'event-9',
    })
    for (const fact of [toolUnresolved('1.0'), escalated('nobody knows', '1.0')])
      expect(entryAfter(wanted, fact)).toEqual({ status: 'parked', eventId: 'event-9' })
  })
  test('and where a call asks for an approval, its own chart waits, and nothing is owed', () => {
    expect(workAfter(open({ status: 'wanted', intent: 'checkCall' }), eventOf(approvalRequested('1.0', 5))).size).toBe(0)
    expect(workAfter(open(wanted, '1.7'), eventOf(approvalRequested('1.0', 5)))).toEqual(open(wanted, '1.7'))
  })
  test('and is wanted again after the last word on the call that it is behind', () => {
    const work = new Map<string, OpenWork>([
      ['1.0', { status: 'parked', behind: '1.9' }],
      ['1.1', { status: 'parked', behind: '1.8' }],
    ])
    expect(freedBy(work, '1.9')).toEqual([['1.0', { status: 'wanted' }]])
  })
})

describe('a child run', () => {
  const report = (waitsFor: 'approval' | null, waitsIn?: string): RunFact =>
    ({ type: 'ChildRunReported', data: { callId: '1.0', childRunId: 'c', waitsFor, ...(waitsIn && { waitsIn }) } }) as unknown as RunFact
  const child: OpenWork = { status: 'parked', intent: 'startChildRun' }

  test('says for whom it waits, and when it does not any more', () => {
    const waiting = entryAfter(child, report('approval', 'c.d'))
    expect(waiting).toEqual({ ...child, waitsFor: 'approval', waitsIn: 'c.d' })
    expect(entryAfter(waiting!, report(null))).toEqual(child)
    const work = open(waiting)
    expect(workAfter(work, eventOf(report('approval', 'c.d')))).toBe(work)
    expect(entryAfter(waiting!, report('approval', 'c.e'))).toMatchObject({ waitsFor: 'approval', waitsIn: 'c.e' })
    expect(
      workAfter(work, eventOf({ ...report('approval', 'c.d'), data: { callId: '1.0', waitsFor: 'human', waitsIn: 'c.d' } } as never)),
    ).toEqual(open({ ...child, waitsFor: 'human', waitsIn: 'c.d' }))
  })
  test('keeps its run waiting only where no other works', () => {
    const waiting: OpenWork = { ...child, waitsFor: 'approval' }
    expect(waitingChild([wanted, waiting])).toBe(waiting)
    expect(waitingChild([waiting, child])).toBeUndefined()
    expect(waitingChild([wanted])).toBeUndefined()
  })
})

describe('what a chart asks for', () => {
  test('is open beside the rest, or in place of it', () => {
    expect(workAsked(open(), { intent: 'callModel', key: '9.model' }, wanted).size).toBe(2)
    expect(workAsked(open(), { intent: 'endRun', key: 'endRun' }, wanted)).toEqual(open(wanted, 'endRun'))
    expect(workAsked(open(), { intent: 'abandon', key: 'abandon' }, undefined).size).toBe(0)
  })
  test('is read from the record where there is no chart, behind what the event says itself', () => {
    const after = recordedWorkAfter(
      open({ status: 'claimed', leaseUntil: 5 }),
      eventOf(approvalGranted('1.0'), ['startCall:1.0', 'disarm:3.1.0/expires']),
    )
    expect(after).toEqual(open())
  })
  test('is named beside its key, or is its own key', () => {
    expect(recordedIntents({ intents: ['endTurn', 'startCall:1.0', 'disarm:3.1.0/expires', ':odd'] } as unknown as EventMeta)).toEqual([
      { intent: 'endTurn', key: 'endTurn' },
      { intent: 'startCall', key: '1.0' },
      { intent: 'disarm', key: '3.1.0/expires' },
      { intent: '', key: 'odd' },
    ])
  })
})
