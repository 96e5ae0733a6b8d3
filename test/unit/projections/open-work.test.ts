import { describe, expect, test } from 'vitest'
import type { EventMeta, RunEvent } from '../../../src/events/envelope.ts'
import type { RunFact } from '../../../src/events/run-events.ts'
import { freedBy, recordedWorkAfter, waitingChild, workAfter, workAsked, type OpenWork } from '../../../src/projections/open-work.ts'
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
    expect(entryAfter({ status: 'wanted', intent: 'askApproval' }, approvalRequested('1.0', 5))).toMatchObject({ status: 'parked' })
    expect(entryAfter(wanted, toolUnresolved('1.0'))).toMatchObject({ status: 'parked' })
    expect(entryAfter(wanted, escalated('nobody knows', '1.0'))).toMatchObject({ status: 'parked' })
  })
  test('and where a call asks for an approval, its own chart waits, and nothing is owed', () => {
    expect(workAfter(open({ status: 'wanted', intent: 'checkCall' }), eventOf(approvalRequested('1.0', 5))).size).toBe(0)
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
})
