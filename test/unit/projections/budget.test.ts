import { describe, expect, test } from 'vitest'
import { spentAt } from '../../../src/fold/fold.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalDenied,
  approvalGranted,
  approvalRequested,
  calls,
  escalated,
  messageReceived,
  modelAnswered,
  modelFailed,
  modelRequested,
  returned,
  says,
  toolFailed,
  toolRejected,
  toolRequested,
  toolSucceeded,
  toolUnresolved,
  turnCompleted,
} from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given, type Happening } from '../../../src/testing/given.ts'

const agent = defineAgent({
  name: 'agent',
  version: '1',
  instructions: 'Help.',
  models: ['scripted/one'],
  limits: { iterationsPerTurn: null },
})

const begun = given(agent, started(agent), messageReceived('Hello'))
const acting = begun.and(modelRequested('1.model'), modelAnswered('1.model', [calls('read'), calls('read', '{}', 'b')]))

const spent = ({ state }: Pick<Given, 'state'>, afterMs = 0) => spentAt(state.budget, state.at + afterMs)

/** The model calls a tool with this input and gets this result; `from` is the revision of its request. */
const round = (from: number, input: number, output: string): Happening[] => [
  modelRequested(`${from - 1}.model`),
  modelAnswered(`${from - 1}.model`, [calls('read')]),
  toolRequested(`${from + 1}.0`, { input: { input } }),
  toolSucceeded(`${from + 1}.0`, output),
]

const rounds = (...steps: readonly (readonly [input: number, output: string])[]): Given =>
  steps.reduce((before, [input, output]) => before.and(...round(before.events.length, input, output)), begun)

describe('what a run has used up', () => {
  test('counts each model call once, whatever its attempts', () => {
    const retried = begun.and(modelRequested('1.model'), modelRequested('1.model', { attempt: 2 }))
    expect(spent(retried).iterations).toBe(1)
  })

  test('counts each tool call once, whatever its attempts, and none that never got to its tool', () => {
    const again = acting.and(
      toolRequested('3.0'),
      toolFailed('3.0', { retryAt: DAWN }),
      fact('TimerScheduled', { timerId: '5.3.0/xstate.after.untilRetry.tool-call.backingOff', dueAt: DAWN }),
      fact('TimerFired', { timerId: '5.3.0/xstate.after.untilRetry.tool-call.backingOff' }),
      toolRequested('3.0', { attempt: 2 }),
      toolRejected('3.1'),
    )
    expect(spent(again).toolCalls).toBe(1)
  })

  test('counts a call from when a person is asked about it, and no longer once it is denied', () => {
    const asked = acting.and(approvalRequested('3.0', DAWN + 90_000))
    expect(spent(asked).toolCalls).toBe(1)
    expect(spent(asked.and(approvalGranted('3.0'), toolRequested('3.0'))).toolCalls).toBe(1)
    expect(spent(asked.and(approvalDenied('3.0'), fact('ToolCallDenied', { callId: '3.0', by: 'ann', reason: 'no' }))).toolCalls).toBe(0)
  })

  test('begins anew with each turn, but for tokens and money', () => {
    const usage = { inputTokens: 7, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
    const over = begun.and(
      modelRequested('1.model'),
      modelAnswered('1.model', [says('Hi')], { usage, costMicroUsd: 30 }),
      turnCompleted(1),
      messageReceived('And?', 60_000),
    )
    expect(spent(over)).toMatchObject({ iterations: 0, toolCalls: 0, tokens: 9, costMicroUsd: 30, wallTimeMs: 0 })
  })

  test('holds what failed model calls have cost', () => {
    const usage = { inputTokens: 7, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
    const failed = begun.and(modelRequested('1.model'), modelFailed('1.model', { class: 'length', usage, costMicroUsd: 12 }))
    expect(spent(failed)).toMatchObject({ tokens: 9, costMicroUsd: 12 })
  })

  test('has other limits after it was given back with them, and keeps the rest', () => {
    const raised = begun.and(
      modelRequested('1.model'),
      modelFailed('1.model'),
      escalated(),
      returned({ limits: { tokens: 5, costMicroUsd: null } }),
    )
    expect(raised.state.budget.limits).toEqual({ ...agent.settings.limits, tokens: 5, costMicroUsd: null })
  })
})

describe('repetitions', () => {
  test('are calls with the same arguments and the same result', () => {
    expect(spent(rounds([1, 'a'], [1, 'a'], [1, 'a'])).repeatedCalls).toBe(3)
    expect(spent(rounds([1, 'a'], [2, 'a'], [1, 'b'])).repeatedCalls).toBe(1)
  })

  test('count too where other calls lie between them', () => {
    expect(spent(rounds([1, 'a'], [2, 'b'], [1, 'a'])).repeatedCalls).toBe(2)
  })

  test('are rejections for the same reason too', () => {
    const rejected = acting.and(toolRejected('3.0'), toolRejected('3.1'))
    expect(spent(rejected).repeatedCalls).toBe(2)
  })

  test('in a pattern of two, three or four calls are cycles', () => {
    expect(spent(rounds([1, 'a'], [2, 'b'], [1, 'a'], [2, 'b'])).cycles).toBe(2)
    expect(spent(rounds([1, 'a'], [2, 'b'], [3, 'c'], [1, 'a'], [2, 'b'], [3, 'c'])).cycles).toBe(2)
    expect(spent(rounds([1, 'a'], [2, 'b'], [3, 'c'], [4, 'd'], [1, 'a'], [2, 'b'], [3, 'c'], [4, 'd'])).cycles).toBe(2)
  })

  test('of one call alone are no cycle', () => {
    expect(spent(rounds([1, 'a'], [1, 'a'], [1, 'a'], [1, 'a'])).cycles).toBe(0)
  })

  /** A look with the same result each time, and something between two of them. */
  const looksWith = (effect: 'read' | 'once' | undefined, ...between: Happening[]): Given => {
    const look = (from: Given): Given => {
      const at = from.events.length
      return from.and(
        modelRequested(`${at - 1}.model`),
        modelAnswered(`${at - 1}.model`, [calls('read'), calls('change')]),
        toolRequested(`${at + 1}.0`, { input: { id: 7 }, effect: effect === undefined ? undefined : 'read' } as never),
        toolSucceeded(`${at + 1}.0`, 'the same'),
        toolRequested(`${at + 1}.1`, { input: { at }, effect } as never),
        toolSucceeded(`${at + 1}.1`, `done ${at}`),
        ...between,
      )
    }
    return look(look(look(begun)))
  }

  test('count only while nothing has changed', () => {
    expect(spent(looksWith('once'))).toMatchObject({ repeatedCalls: 1, cycles: 0 })
    expect(spent(looksWith('read')).repeatedCalls).toBe(3)
  })

  test('count from the newest message on', () => {
    expect(spent(looksWith('read', messageReceived('And now?'))).repeatedCalls).toBe(0)
  })

  test('of a change with the same result are repetitions all the same', () => {
    const change = (from: Given): Given => {
      const at = from.events.length
      return from.and(
        modelRequested(`${at - 1}.model`),
        modelAnswered(`${at - 1}.model`, [calls('change')]),
        toolRequested(`${at + 1}.0`, { input: { id: 7 }, effect: 'once' }),
        toolSucceeded(`${at + 1}.0`, 'charged'),
      )
    }
    expect(spent(change(change(change(begun)))).repeatedCalls).toBe(3)
  })

  test('count as they did where no claim says what its tool does', () => {
    expect(spent(looksWith(undefined)).repeatedCalls).toBe(3)
    expect(spent(looksWith(undefined, messageReceived('And now?'))).repeatedCalls).toBe(3)
  })

  test('end with the turn', () => {
    const again = rounds([1, 'a'], [1, 'a'])
    const revision = again.events.length
    const over = again.and(
      modelRequested(`${revision - 1}.model`),
      modelAnswered(`${revision - 1}.model`, [says('Done')]),
      turnCompleted(1),
    )
    expect(spent(over)).toMatchObject({ repeatedCalls: 0, cycles: 0 })
  })
})

describe('the wall time of a turn', () => {
  test('runs from its message on', () => {
    expect(spent(begun, 5_000).wallTimeMs).toBe(5_000)
    expect(spent(given(agent, started(agent)), 5_000).wallTimeMs).toBe(0)
  })

  test('stands still while a person is asked for an approval', () => {
    const asked = acting.and(approvalRequested('3.0', DAWN + 90_000))
    expect(spent(asked, 60_000).wallTimeMs).toBe(0)
    expect(spent(asked.and(approvalGranted('3.0', 60_000)), 1_000).wallTimeMs).toBe(1_000)
    expect(spent(asked.and(approvalDenied('3.0', 60_000)), 1_000).wallTimeMs).toBe(1_000)
  })

  test('stands still until the last of several people has answered', () => {
    const two = acting.and(approvalRequested('3.0', DAWN + 90_000), approvalRequested('3.1', DAWN + 90_000))
    const one = two.and(approvalGranted('3.0', 10_000))
    expect(spent(one, 20_000).wallTimeMs).toBe(0)
    expect(spent(one.and(approvalGranted('3.1', 20_000)), 500).wallTimeMs).toBe(500)
  })

  test('stands still while a person finds out whether a call has happened', () => {
    const unknown = acting.and(toolRequested('3.0'), toolUnresolved('3.0'), escalated('look', '3.0'))
    expect(spent(unknown, 60_000).wallTimeMs).toBe(0)
    expect(spent(unknown.and(toolSucceeded('3.0', 'it did', 60_000)), 700).wallTimeMs).toBe(700)
  })

  test('stands still while the run is paused', () => {
    const paused = acting.and(toolRequested('3.0'), fact('RunPaused', { by: 'ann' }))
    expect(spent(paused, 60_000).wallTimeMs).toBe(0)
    expect(spent(paused.and(fact('RunResumed', { by: 'ann' }, 60_000)), 900).wallTimeMs).toBe(900)
  })

  test('is not counted backwards by a clock that was set back', () => {
    const back = acting.and(approvalRequested('3.0', DAWN + 90_000), approvalGranted('3.0', -30_000))
    expect(spent(back).wallTimeMs).toBeGreaterThanOrEqual(0)
  })

  test('begins anew when the run is given back', () => {
    const back = begun.and(modelRequested('1.model'), modelFailed('1.model'), escalated(), returned({}, 600_000))
    expect(spent(back, 3_000).wallTimeMs).toBe(3_000)
  })
})
