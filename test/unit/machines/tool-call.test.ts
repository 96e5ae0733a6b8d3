import { describe, expect, test } from 'vitest'
import { stateText } from '../../../src/fold/standing.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalDenied,
  approvalGranted,
  approvalRequested,
  calls,
  escalated,
  isAccepted,
  messageReceived,
  modelAnswered,
  modelRequested,
  timerFired,
  timerScheduled,
  toolFailed,
  toolRejected,
  toolRequested,
  toolSucceeded,
  toolUnresolved,
} from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given, type Happening } from '../../../src/testing/given.ts'

const agent = defineAgent({ name: 'agent', version: '1', instructions: 'Help.', models: ['scripted/one'] })

/** The model has asked for one tool, as call 3.0. */
const proposed = given(
  agent,
  started(agent),
  messageReceived('Hello'),
  modelRequested('1.model'),
  modelAnswered('1.model', [calls('read')]),
)
const running = proposed.and(toolRequested('3.0'))
const awaiting = proposed.and(approvalRequested('3.0', DAWN + 5_000))
const unresolved = running.and(toolUnresolved('3.0'))

const place = ({ state }: Given): string => {
  const call = state.calls.get('3.0')
  return call === undefined ? 'over' : stateText(call.snapshot)
}

const after = (before: Given, happening: Happening) => {
  const then = before.whenHappens(happening)
  return { place: place(then), asks: (then.events.at(-1)?.meta.intents ?? []).filter((text) => text.includes(':3.0')), state: then.state }
}

describe('a tool call', () => {
  test('is checked before anything else', () => {
    expect(place(proposed)).toBe('checking')
    const after = given(agent, started(agent), messageReceived('Hello'), modelRequested('1.model')).and(
      modelAnswered('1.model', [calls('read')]),
    )
    expect(after.state.owed.get('3.0')).toMatchObject({ intent: 'checkCall', params: { callId: '3.0' } })
    const { snapshot: _, place: __, ...call } = after.state.calls.get('3.0')!
    expect(call).toEqual({ tool: 'read', argumentsText: '{}' })
  })

  test('runs once it is claimed', () => {
    expect(after(proposed, toolRequested('3.0'))).toMatchObject({ place: 'running', asks: [] })
    expect(running.state.owed.get('3.0')).toMatchObject({ intent: 'startCall', status: 'claimed', attempt: 1, owner: 'here/1/a' })
  })

  test('is over with its result, its last failure, or its rejection', () => {
    expect(after(running, toolSucceeded('3.0')).place).toBe('over')
    expect(after(running, toolFailed('3.0')).place).toBe('over')
    expect(after(proposed, toolRejected('3.0')).place).toBe('over')
    expect(after(running, toolSucceeded('3.0')).state.owed.has('3.0')).toBe(false)
  })

  test('backs off until its retry time and is then claimed again, with the next attempt', () => {
    const failed = running.and(toolFailed('3.0', { retryAt: DAWN + 400 }))
    const timerId = '5.3.0/xstate.after.untilRetry.tool-call.backingOff'
    expect(place(failed)).toBe('backingOff')
    expect([...failed.state.timers.values()]).toMatchObject([{ timerId, delayMs: 400, chart: '3.0' }])
    const fired = after(failed.and(timerScheduled(timerId, DAWN + 400)), timerFired(timerId, 400))
    expect(fired).toMatchObject({ place: 'ready', asks: ['startCall:3.0'] })
    expect(fired.state.owed.get('3.0')).toMatchObject({ intent: 'startCall', status: 'wanted', attempt: 2 })
    const later = running.and(toolRequested('3.0', { attempt: 4 }), toolFailed('3.0', { attempt: 4, retryAt: DAWN - 1 }))
    expect([...later.state.timers.values()]).toMatchObject([{ delayMs: 0 }])
    const [timer] = later.state.timers.values()
    const again = later.and(timerScheduled(timer!.timerId, DAWN), timerFired(timer!.timerId))
    expect(again.state.owed.get('3.0')).toMatchObject({ intent: 'startCall', attempt: 5, params: { callId: '3.0', attempt: 5 } })
  })

  test('that another process takes over stays one call', () => {
    expect(after(running, toolRequested('3.0', { attempt: 2, owner: 'there/2/b' }))).toMatchObject({ place: 'running', asks: [] })
  })

  test('waits for a person, and runs once it is granted', () => {
    const awaiting = proposed.and(approvalRequested('3.0', DAWN + 5_000, { subject: { tool: 'read', input: { n: 1 } } }))
    expect(place(awaiting)).toBe('awaitingApproval')
    expect(awaiting.state.calls.get('3.0')).toMatchObject({ input: { n: 1 } })
    const unasked = proposed.and(approvalRequested('3.0', DAWN + 5_000, { subject: { tool: 'read' } }))
    expect(unasked.state.calls.get('3.0')).not.toHaveProperty('input')
    expect([...awaiting.state.timers.values()]).toMatchObject([{ delayMs: 5_000, chart: '3.0' }])
    const late = proposed.and({ ...approvalRequested('3.0', DAWN + 5_000), afterMs: 6_000 })
    expect([...late.state.timers.values()]).toMatchObject([{ delayMs: 0 }])
    expect(after(awaiting, approvalGranted('3.0'))).toMatchObject({ place: 'ready', asks: ['startCall:3.0'] })
    expect(after(awaiting.and(approvalGranted('3.0')), toolRejected('3.0')).place).toBe('over')
  })

  test('is denied with the words of the person who did', () => {
    const denied = after(awaiting, approvalDenied('3.0'))
    expect(denied).toMatchObject({ place: 'refused', asks: ['deny:3.0'] })
    expect(denied.state.owed.get('3.0')?.params).toMatchObject({ by: 'ann', reason: 'too dear' })
    expect(after(awaiting.and(approvalDenied('3.0')), fact('ToolCallDenied', { callId: '3.0', by: 'ann', reason: 'too dear' })).place).toBe(
      'over',
    )
  })

  test('is denied when nobody answers in time', () => {
    const timerId = '4.3.0/xstate.after.untilApprovalExpires.tool-call.awaitingApproval'
    const expired = after(awaiting.and(timerScheduled(timerId, DAWN + 5_000)), timerFired(timerId, 5_000))
    expect(expired).toMatchObject({ place: 'expired', asks: ['deny:3.0'] })
    expect(expired.state.owed.get('3.0')?.params).toMatchObject({ by: 'refold' })
    const denied = awaiting.and(
      timerScheduled(timerId, DAWN + 5_000),
      timerFired(timerId, 5_000),
      fact('ToolCallDenied', { callId: '3.0', by: 'refold', reason: 'nobody answered in time' }),
    )
    expect(denied.state).not.toHaveProperty('beforeFailure')
  })

  test('of which nobody knows whether it happened is looked up, and never simply run again', () => {
    expect(after(running, toolUnresolved('3.0'))).toMatchObject({ place: 'unresolved.lookingUp', asks: ['lookUp:3.0'] })
    expect(after(unresolved, escalated('nobody knows', '3.0')).place).toBe('unresolved.awaitingHuman')
    expect(after(unresolved, toolRequested('3.0', { attempt: 2 })).place).toBe('unresolved.lookingUp')
  })

  test('is looked up beside its owner, whose late answer is still the truth', () => {
    expect(running.and(toolUnresolved('3.0')).state.owed.get('3.0')).toMatchObject({ intent: 'lookUp', owner: 'here/1/a', attempt: 1 })
  })

  test('that waits behind another is looked at again after the last word on that', () => {
    const queued = given(agent, started(agent), messageReceived('Hello'), modelRequested('1.model')).and(
      modelAnswered('1.model', [calls('read'), calls('read', '{}', 'b')]),
      toolRequested('3.0'),
      fact('ToolCallQueued', { callId: '3.1', behind: '3.0' }),
    )
    queued.whenHappens(toolSucceeded('3.0')).thenAsks('proceed:3.1')
    queued.whenHappens(toolFailed('3.0', { retryAt: DAWN })).thenAsks()
    expect(queued.and(toolSucceeded('3.0')).state.owed.get('3.1')).toMatchObject({ status: 'wanted' })
  })

  test('is settled by what the look-up or a person found', () => {
    const human = unresolved.and(escalated('nobody knows', '3.0'))
    expect(after(unresolved, toolSucceeded('3.0')).place).toBe('over')
    expect(after(human, toolFailed('3.0')).place).toBe('over')
    expect(after(unresolved, toolFailed('3.0', { class: 'neverHappened', retryAt: DAWN })).place).toBe('backingOff')
  })
})

describe('a result', () => {
  test('is taken from the attempt under way, and from no other', () => {
    expect(isAccepted(running, toolSucceeded('3.0'))).toBe(true)
    expect(isAccepted(running, toolFailed('3.0', { attempt: 2 }))).toBe(false)
    expect(isAccepted(proposed, toolSucceeded('3.0'))).toBe(false)
    expect(isAccepted(running, toolSucceeded('9.9'))).toBe(false)
  })

  test('is taken once', () => {
    expect(isAccepted(running.and(toolSucceeded('3.0')), toolSucceeded('3.0'))).toBe(false)
  })

  test('that comes late is taken where nobody knows what happened', () => {
    expect(isAccepted(unresolved, toolSucceeded('3.0'))).toBe(true)
    expect(isAccepted(unresolved.and(escalated('nobody knows', '3.0')), toolSucceeded('3.0'))).toBe(true)
  })

  test('of a look-up that found nobody knows is asked of people once', () => {
    expect(isAccepted(unresolved, escalated('nobody knows', '3.0'))).toBe(true)
    expect(isAccepted(unresolved.and(escalated('nobody knows', '3.0')), escalated('nobody knows', '3.0'))).toBe(false)
    expect(isAccepted(running, escalated('why?', '3.0'))).toBe(false)
  })

  test('leaves a call unresolved only while its attempt is under way', () => {
    expect(isAccepted(running, toolUnresolved('3.0'))).toBe(true)
    expect(isAccepted(unresolved, toolUnresolved('3.0'))).toBe(false)
  })
})
