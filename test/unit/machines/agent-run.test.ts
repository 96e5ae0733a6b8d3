import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { type Agent, defineAgent } from '../../../src/runtime/agent.ts'
import { z } from 'zod'
import {
  calls,
  escalated,
  isAccepted,
  messageReceived,
  modelAnswered,
  modelFailed,
  modelRequested,
  returned,
  says,
  timerFired,
  timerScheduled,
  toolFailed,
  toolRejected,
  toolRequested,
  toolSucceeded,
  turnCompleted,
} from '../../support/facts.ts'
import { limitChanges, limitsFrom } from '../../../src/fold/limits.ts'
import type { ModelFailureClass } from '../../../src/events/message.ts'
import { afterModelFailure, defaultFailurePolicy, type FailedAttempt } from '../../../src/machines/model-failure-policy.ts'
import { reachedLimit } from '../../../src/machines/spent.ts'
import { DAWN, fact, given, started, type Given } from '../../../src/testing/given.ts'

const agentWith = (options: Partial<AgentOptions<unknown>> = {}): Agent =>
  defineAgent({ name: 'agent', version: '1', instructions: 'Help.', models: ['scripted/one', 'scripted/two'], ...options })

const agent = agentWith()
const asked = (of: Agent = agent): Given => given(of, started(of), messageReceived('Hello'), modelRequested('1.model'))
const acting = (of: Agent = agent): Given => asked(of).and(modelAnswered('1.model', [calls('read'), calls('read', '{"n":2}', 'second')]))

describe('an agent run', () => {
  test('waits for a first message', () => {
    given(agent).whenHappens(started(agent)).thenIsAt('awaitingMessage').thenWaitsFor('message').thenAsks()
  })

  test('asks the model once a message has come', () => {
    given(agent, started(agent)).whenHappens(messageReceived('Hello')).thenIsAt('thinking.callingModel').thenAsks('callModel:1.model')
  })

  test('ends its turn with an answer that calls no tool', () => {
    asked()
      .whenHappens(modelAnswered('1.model', [says('Hi')]))
      .thenIsAt('finishingTurn')
      .thenAsks('endTurn')
    const finishing = asked().and(modelAnswered('1.model', [says('Hi')]))
    expect(finishing.state.owed.get('endTurn')?.params).toEqual({ outcome: 'answered' })
  })

  test('proposes every tool call of an answer at once', () => {
    asked()
      .whenHappens(modelAnswered('1.model', [calls('read'), calls('read', '{}', 'b')]))
      .thenIsAt('acting')
      .thenAsks('checkCall:3.0', 'checkCall:3.1')
  })

  test('asks the model again only once every tool has answered', () => {
    const one = acting().and(toolRequested('3.0'), toolRequested('3.1')).whenHappens(toolSucceeded('3.1')).thenIsAt('acting').thenAsks()
    one.whenHappens(toolSucceeded('3.0')).thenIsAt('thinking.callingModel').thenAsks('callModel:7.model')
  })

  test('lets a tool back off without asking the model', () => {
    acting()
      .and(toolRequested('3.0'))
      .whenHappens(toolFailed('3.0', { retryAt: DAWN + 500 }))
      .thenIsAt('acting')
      .thenAsks()
  })

  test('corrects calls that were no calls so many times as its settings say, and then takes the next model', () => {
    const strict = agentWith({ clarifications: 1 })
    const first = asked(strict).and(modelAnswered('1.model', [calls('no')]), toolRejected('3.0'), modelRequested('4.model'))
    expect(first.state.chart.context).toMatchObject({ corrections: 1, model: 0 })
    const second = first.and(modelAnswered('4.model', [calls('no')]), toolRejected('6.0'))
    expect(second.state.chart.context).toMatchObject({ corrections: 0, model: 1 })
  })

  test('waits out a retry and then asks the same model again under the same call id', () => {
    const failed = asked()
      .whenHappens(modelFailed('1.model', { next: 'retry', retryAt: DAWN + 700 }))
      .thenIsAt('thinking.backingOff')
    const timerId = '3.xstate.after.untilRetry.agent-run.thinking.backingOff'
    expect([...failed.state.timers.values()]).toMatchObject([{ timerId, delayMs: 700 }])
    failed
      .and(timerScheduled(timerId, DAWN + 700))
      .whenHappens(timerFired(timerId, 700))
      .thenAsks('callModel:1.model')
  })

  test('asks the next model of its list, and stays with it', () => {
    const next = asked()
      .whenHappens(modelFailed('1.model', { next: 'nextModel' }))
      .thenAsks('callModel:1.model')
    expect(next.state.owed.get('1.model')?.params).toMatchObject({ model: 1, attempt: 2, modelAttempt: 1 })
  })

  test('counts on from the attempt that has failed, also where others had taken the call over', () => {
    const next = asked().and(modelRequested('1.model', { attempt: 3 }), modelFailed('1.model', { attempt: 3, next: 'nextModel' }))
    expect(next.state.owed.get('1.model')).toMatchObject({ attempt: 4, params: { attempt: 4 } })
  })

  test('remembers since when the attempts of a call fail and how much the next one may write, and nothing of other calls', () => {
    expect(asked().and(modelFailed('1.model', { next: 'retry', retryAt: DAWN })).state).not.toHaveProperty('retried')
    const failing = asked().and(modelFailed('1.model', { next: 'retry', retryAt: DAWN, failingSince: DAWN }))
    expect(failing.state.retried).toEqual({ callId: '1.model', failingSince: DAWN })
    const cut = { next: 'nextModel', maxOutputTokens: 9 } as const
    const timerId = '3.xstate.after.untilRetry.agent-run.thinking.backingOff'
    const again = failing.and(timerScheduled(timerId, DAWN), timerFired(timerId), modelRequested('1.model', { attempt: 2 }))
    expect(again.and(modelFailed('1.model', { ...cut, attempt: 2 })).state.retried).toEqual({
      callId: '1.model',
      failingSince: DAWN,
      maxOutputTokens: 9,
    })
    const later = again.and(
      modelAnswered('1.model', [calls('read')], { attempt: 2 }),
      toolRequested('7.0'),
      toolSucceeded('7.0'),
      modelRequested('9.model'),
    )
    expect(later.state.retried).toEqual({ callId: '1.model', failingSince: DAWN })
    expect(later.and(modelFailed('9.model', cut)).state.retried).toEqual({ callId: '9.model', maxOutputTokens: 9 })
  })

  test('has no model after the last of its list', () => {
    const last = asked().and(modelFailed('1.model', { next: 'nextModel' }), modelRequested('1.model', { attempt: 2 }))
    last
      .whenHappens(modelFailed('1.model', { attempt: 2, next: 'nextModel' }))
      .thenIsAt('escalated')
      .thenAsks('escalate')
    const strict = agentWith({ models: ['scripted/one'], clarifications: 0 })
    const over = asked(strict)
      .and(modelAnswered('1.model', [calls('no')]))
      .whenHappens(toolRejected('3.0'))
      .thenIsAt('escalated')
    expect(over.state.owed.get('escalate')?.params).toEqual({ reason: 'the model keeps making calls that are no calls' })
  })

  test('is handed to a person when no model is left', () => {
    asked()
      .whenHappens(modelFailed('1.model', { class: 'auth', message: 'no key' }))
      .thenIsAt('escalated')
      .thenAsks('escalate')
      .thenWaitsFor(undefined)
    asked().and(modelFailed('1.model')).whenHappens(escalated()).thenWaitsFor('human')
  })

  test('ends its turn by a human answer', () => {
    asked()
      .and(modelFailed('1.model'), escalated())
      .whenHappens(fact('HumanAnswerReceived', { by: 'ann', parts: textContent('I will call you.') }))
      .thenIsAt('finishingTurn')
      .thenAsks('endTurn')
  })

  test('goes on when a person gives it back', () => {
    asked().and(modelFailed('1.model'), escalated()).whenHappens(returned()).thenIsAt('thinking.callingModel').thenAsks('callModel:5.model')
  })

  test('is given back with other limits, which hold from then on', () => {
    const frugal = agentWith({ limits: { tokens: 12 } })
    const exceeded = asked(frugal).and(
      modelAnswered('1.model', [calls('read')]),
      toolRequested('3.0'),
      toolSucceeded('3.0'),
      fact('LimitExceeded', { limit: 'tokens', used: 15, allowed: 12 }),
      modelRequested('6.model', { purpose: 'wrapUp' }),
      modelAnswered('6.model', [says('So far this.')]),
      turnCompleted(1, 'wrappedUp'),
      escalated(),
    )
    exceeded.whenHappens(returned()).thenIsAt('wrappingUp.reportingLimit')
    exceeded.whenHappens(returned({ limits: { tokens: 1_000 } })).thenIsAt('thinking.callingModel')
  })

  test('reads what came in the middle of a turn with the next prompt', () => {
    const steered = acting().and(messageReceived('Faster!'), toolRequested('3.0'), toolRequested('3.1'), toolSucceeded('3.0'))
    expect(steered.state.transcript.inbox).toEqual([textContent('Faster!')])
    const next = steered.whenHappens(toolSucceeded('3.1')).thenAsks('callModel')
    expect(next.state.transcript.items.at(-1)).toEqual({ role: 'user', parts: textContent('Faster!') })
  })

  test('begins a further turn for a message that came during the last prompt', () => {
    const late = asked().and(messageReceived('One more thing.'), modelAnswered('1.model', [says('Hi')]))
    const next = late.whenHappens(turnCompleted(1)).thenIsAt('thinking.callingModel').thenAsks('callModel')
    expect(next.and(modelRequested('5.model')).state.budget.turn).toBe(2)
  })

  test('wraps up when a limit is reached, once, and is then handed to a person', () => {
    const short = agentWith({ limits: { iterationsPerTurn: 1 } })
    const reached = asked(short)
      .and(modelAnswered('1.model', [calls('read')]), toolRequested('3.0'))
      .whenHappens(toolSucceeded('3.0'))
    reached.thenIsAt('wrappingUp.reportingLimit').thenAsks('reportLimit')
    expect(reached.state.owed.get('reportLimit')?.params).toEqual({ limit: 'iterations', used: 1, allowed: 1 })
    reached
      .and(fact('LimitExceeded', { limit: 'iterations', used: 1, allowed: 1 }), modelRequested('6.model', { purpose: 'wrapUp' }))
      .and(modelAnswered('6.model', [says('So far this.')]))
      .whenHappens(turnCompleted(1, 'wrappedUp'))
      .thenIsAt('escalated')
  })

  test('wraps up too when the limit was reached while the call waited for its place', () => {
    const timed = agentWith({ limits: { wallTimeMs: 1_000 } })
    given(timed, started(timed), messageReceived('Hello'))
      .whenHappens({ ...modelFailed('1.model', { class: 'limit' }), afterMs: 2_000 })
      .thenIsAt('wrappingUp.reportingLimit')
      .thenAsks('reportLimit')
  })

  test('wraps up for no other failure of a model than its limit, and for none where it is not reached', () => {
    const timed = agentWith({ limits: { wallTimeMs: 1_000 } })
    const failing = given(timed, started(timed), messageReceived('Hello'), modelRequested('1.model'))
    failing
      .whenHappens({ ...modelFailed('1.model', { class: 'server', next: 'retry', retryAt: DAWN + 3_000 }), afterMs: 2_000 })
      .thenIsAt('thinking.backingOff')
    failing.whenHappens({ ...modelFailed('1.model', { class: 'limit' }), afterMs: 500 }).thenIsAt('escalated')
  })

  test('retries the last model call that its limit allows', () => {
    const short = agentWith({ limits: { iterationsPerTurn: 1 } })
    const timerId = '3.xstate.after.untilRetry.agent-run.thinking.backingOff'
    asked(short)
      .and(modelFailed('1.model', { next: 'retry', retryAt: DAWN }), timerScheduled(timerId, DAWN))
      .whenHappens(timerFired(timerId))
      .thenAsks('callModel:1.model')
    asked(short)
      .whenHappens(modelFailed('1.model', { next: 'nextModel' }))
      .thenAsks('callModel:1.model')
  })

  test('with a typed output checks it, has it corrected, and ends with it', () => {
    const typed = agentWith({ output: z.object({ n: z.number() }) })
    const checking = asked(typed).and(modelAnswered('1.model', [says('none')]))
    checking
      .whenHappens(fact('OutputRejected', { reason: 'no JSON' }))
      .thenIsAt('thinking.callingModel')
      .thenAsks('callModel:4.model')
    const accepted = checking.and(fact('OutputAccepted', { output: { n: 1 } }))
    const over = accepted.whenHappens(turnCompleted(1)).thenIsAt('completed').thenAsks('endRun')
    expect(over.state.owed.get('endRun')?.params).toEqual({ failed: false, output: { n: 1 } })
  })

  test('with a typed output cannot be answered in words by a person, but completed with a result', () => {
    const typed = agentWith({ output: z.object({ n: z.number() }) })
    const human = asked(typed).and(modelFailed('1.model'), escalated())
    human.when({ type: 'answer', by: 'ann', text: 'It is 3.' }).thenRefuses(/ends with a result: complete it with one/)
    human.when({ type: 'complete', by: 'ann', output: { n: 3 } }).thenRecords('RunCompleted')
  })

  test('with a typed output fails when its input is refused', () => {
    const typed = agentWith({
      output: z.object({ n: z.number() }),
      guardrails: { input: [{ name: 'none', check: () => ({ verdict: 'block', reason: 'no' }) }] },
    })
    const refused = given(typed, started(typed), messageReceived('Bad'), fact('InputRejected', { guardrail: 'none', reason: 'a curse' }))
    const over = refused.whenHappens(turnCompleted(1, 'rejected')).thenIsAt('failed').thenAsks('endRun')
    expect(over.state.owed.get('endRun')?.params).toEqual({ failed: true, output: 'input: a curse' })
  })

  test('with guardrails for its input drops a message that is refused', () => {
    const guarded = agentWith({ guardrails: { input: [{ name: 'none', check: () => ({ verdict: 'block', reason: 'no' }) }] } })
    const refused = given(guarded, started(guarded), messageReceived('Bad')).whenHappens(
      fact('InputRejected', { guardrail: 'none', reason: 'no' }),
    )
    refused.thenIsAt('finishingTurn').thenAsks('endTurn')
    expect(refused.state.transcript.inbox).toEqual([])
    refused.whenHappens(turnCompleted(1, 'rejected')).thenIsAt('awaitingMessage')
  })

  test('reads the other messages when one of them is refused', () => {
    const guarded = agentWith({ guardrails: { input: [{ name: 'none', check: () => ({ verdict: 'block', reason: 'no' }) }] } })
    given(
      guarded,
      started(guarded),
      messageReceived('Bad'),
      messageReceived('Good'),
      fact('InputRejected', { guardrail: 'none', reason: 'no' }),
    )
      .whenHappens(turnCompleted(1, 'rejected'))
      .thenIsAt('thinking.callingModel')
  })

  test('is handed over by a tool that says so, once it has succeeded', () => {
    const handing: Agent = { ...agent, settings: { ...agent.settings, handsOver: ['hand'] } }
    const both = given(handing, started(handing), messageReceived('Hello'), modelRequested('1.model')).and(
      modelAnswered('1.model', [calls('hand'), calls('read')]),
      toolRequested('3.0', { tool: 'hand' }),
      toolRequested('3.1'),
    )
    const handed = both.and(toolSucceeded('3.0')).whenHappens(toolSucceeded('3.1')).thenIsAt('escalated')
    expect(handed.state.owed.get('escalate')?.params).toEqual({ reason: 'the agent handed over to a person' })
    both.and(toolFailed('3.0')).whenHappens(toolSucceeded('3.1')).thenIsAt('thinking.callingModel')
  })

  test('tells a person why it stopped', () => {
    const reasonOf = ({ state }: Given) => state.owed.get('escalate')?.params
    expect(reasonOf(asked().and(modelFailed('1.model', { class: 'auth', message: 'no key' })))).toEqual({ reason: 'model: auth: no key' })
    const typed = agentWith({ output: z.object({ n: z.number() }), models: ['scripted/one'], clarifications: 0 })
    const refused = asked(typed).and(modelAnswered('1.model', [says('none')]), fact('OutputRejected', { reason: 'no JSON' }))
    expect(reasonOf(refused)).toEqual({ reason: 'output: no JSON' })
    const exceeded = fact('LimitExceeded', { limit: 'iterations', used: 1, allowed: 1 })
    const short = asked(agentWith({ limits: { iterationsPerTurn: 1 } })).and(
      modelAnswered('1.model', [calls('read')]),
      toolRequested('3.0'),
    )
    const wrapping = short.and(toolSucceeded('3.0'), exceeded, modelRequested('6.model', { purpose: 'wrapUp' }))
    expect(reasonOf(wrapping.and(modelFailed('6.model')))).toEqual({ reason: 'limit: iterations' })
  })

  test('asks the next model for an output that fits, where one cannot give it, and counts from there', () => {
    const typed = agentWith({ output: z.object({ n: z.number() }), clarifications: 1 })
    const rejected = fact('OutputRejected', { reason: 'no JSON' })
    const once = asked(typed).and(modelAnswered('1.model', [says('none')]), rejected, modelRequested('4.model'))
    expect(once.state.chart.context).toMatchObject({ corrections: 1, model: 0 })
    const twice = once.and(modelAnswered('4.model', [says('none')]), rejected)
    expect(twice.state.owed.get('7.model')?.params).toMatchObject({ model: 1 })
    const accepted = once.and(modelAnswered('4.model', [says('1')]), fact('OutputAccepted', { output: { n: 1 } }))
    expect(accepted.state.chart.context).toMatchObject({ corrections: 0, outcome: 'answered' })
  })

  test('forgets the corrections of a model once a call of it is one', () => {
    const once = asked().and(modelAnswered('1.model', [calls('no')]), toolRejected('3.0'), modelRequested('4.model'))
    const good = once.and(modelAnswered('4.model', [calls('read')]), toolRequested('6.0'), toolSucceeded('6.0'))
    expect(good.state.chart.context).toMatchObject({ corrections: 0 })
  })

  test('begins anew with its first model when a person gives it back', () => {
    const second = asked().and(modelFailed('1.model', { next: 'nextModel' }), modelRequested('1.model', { attempt: 2 }))
    const back = second.and(modelFailed('1.model', { attempt: 2 }), escalated(), returned())
    expect(back.state.owed.get('7.model')?.params).toMatchObject({ model: 0, attempt: 1, modelAttempt: 1 })
    const handing: Agent = { ...agent, settings: { ...agent.settings, handsOver: ['hand'] } }
    const handed = asked(handing).and(
      modelAnswered('1.model', [calls('hand')]),
      toolRequested('3.0', { tool: 'hand' }),
      toolSucceeded('3.0'),
    )
    const again = handed.and(escalated(), returned(), modelRequested('7.model'), modelAnswered('7.model', [calls('read')]))
    again.and(toolRequested('9.0')).whenHappens(toolSucceeded('9.0')).thenIsAt('thinking.callingModel')
  })

  test('has answered a turn whatever became of the one before', () => {
    const guarded = agentWith({ guardrails: { input: [{ name: 'none', check: () => ({ verdict: 'block', reason: 'no' }) }] } })
    const refusal = fact('InputRejected', { guardrail: 'none', reason: 'no' })
    const next = given(
      guarded,
      started(guarded),
      messageReceived('Bad'),
      refusal,
      turnCompleted(1, 'rejected'),
      messageReceived('Good'),
    ).and(fact('InputAccepted', {}), modelRequested('5.model'))
    const answered = next.and(modelAnswered('5.model', [says('Hi')]))
    expect(answered.state.owed.get('endTurn')?.params).toEqual({ outcome: 'answered' })
    next
      .and(messageReceived('Bad'), refusal, modelAnswered('5.model', [says('Hi')]))
      .whenHappens(turnCompleted(2))
      .thenIsAt('awaitingMessage')
  })

  test('can be cancelled anywhere, and then accepts nothing', () => {
    const cancelled = acting()
      .whenHappens(fact('RunCancelled', { by: 'ann', reason: 'enough' }))
      .thenIsAt('cancelled')
    expect(cancelled.state).toMatchObject({ status: 'cancelled', reason: 'enough' })
    expect(cancelled.state.owed.size).toBe(0)
    expect(isAccepted(cancelled, messageReceived('Hello?'))).toBe(false)
    expect(isAccepted(cancelled, fact('RunCancelled', { by: 'bob', reason: 'again' }))).toBe(false)
  })

  test('that is paused waits to be resumed once nothing is under way', () => {
    const paused = acting()
      .and(toolRequested('3.0'))
      .whenHappens(fact('RunPaused', { by: 'ann' }))
      .thenWaitsFor(undefined)
    paused.whenHappens(toolSucceeded('3.0')).thenWaitsFor('resume')
  })
})

describe('a limit', () => {
  const limited = {
    iterationsPerTurn: 10,
    toolCallsPerTurn: 10,
    tokens: 10,
    costUsd: 0.000_01,
    wallTimeMs: 10,
    repeatedCalls: 10,
    cycles: 10,
  }
  const unlimited = {
    iterationsPerTurn: null,
    toolCallsPerTurn: null,
    tokens: null,
    costUsd: null,
    wallTimeMs: null,
    repeatedCalls: null,
    cycles: null,
  }
  const nothing = { iterations: 0, toolCalls: 0, tokens: 0, costMicroUsd: 0, wallTimeMs: 0, repeatedCalls: 0, cycles: 0 }

  test.for([
    ['iterations', 'iterations'],
    ['toolCalls', 'toolCalls'],
    ['tokens', 'tokens'],
    ['cost', 'costMicroUsd'],
    ['wallTime', 'wallTimeMs'],
    ['repeatedCalls', 'repeatedCalls'],
    ['cycle', 'cycles'],
  ] as const)('holds of %s', ([limit, used]) => {
    expect(reachedLimit({ ...nothing, [used]: 9 }, limitsFrom(limited))).toBeUndefined()
    expect(reachedLimit({ ...nothing, [used]: 10 }, limitsFrom(limited))).toEqual({ limit, used: 10, allowed: 10 })
    expect(reachedLimit({ ...nothing, [used]: 10 }, limitsFrom(unlimited))).toBeUndefined()
  })

  test('that is left out stays as it was, and one that is taken away holds no more', () => {
    expect(limitChanges({ tokens: undefined, costUsd: undefined })).toStrictEqual({})
    expect(limitChanges({ tokens: 5, costUsd: 0.5, cycles: null })).toStrictEqual({ tokens: 5, costMicroUsd: 500_000, cycles: null })
    expect(limitChanges({ costUsd: null })).toStrictEqual({ costMicroUsd: null })
    expect(limitsFrom({ tokens: undefined })).toEqual(limitsFrom({}))
  })
})

describe('what follows the failure of a model', () => {
  const after = (name: ModelFailureClass, changes: Partial<FailedAttempt> = {}) =>
    afterModelFailure(defaultFailurePolicy, {
      class: name,
      modelAttempt: 1,
      hasNextModel: false,
      at: 1_000_000,
      failingSince: 1_000_000,
      chance: 0.5,
      ...changes,
    })

  test.for(['quota', 'auth', 'badRequest', 'contextLength', 'refusal'] as const)('is the next model at once, or a person: %s', (name) => {
    expect(after(name, { hasNextModel: true })).toEqual({ next: 'nextModel' })
    expect(after(name)).toEqual({ next: 'escalate' })
  })

  test('is a person, whatever models there are, where a limit is reached', () => {
    expect(after('limit', { hasNextModel: true })).toEqual({ next: 'escalate' })
  })

  test.for([
    ['network', 600_000],
    ['protocol', 120_000],
  ] as const)('is patience with the last model, up to its end: %s', ([name, forMs]) => {
    expect(after(name)).toEqual({ next: 'retry', retryAt: 1_000_250, failingSince: 1_000_000 })
    const failingSince = 1_000_250 - forMs
    expect(after(name, { failingSince })).toMatchObject({ next: 'retry' })
    expect(after(name, { failingSince: failingSince - 1 })).toEqual({ next: 'escalate' })
    expect(after(name, { hasNextModel: true })).toEqual({ next: 'retry', retryAt: 1_000_250 })
    expect(after(name, { hasNextModel: true, modelAttempt: 3 })).toEqual({ next: 'nextModel' })
  })

  test('is what a vendor asks for, as long as that is no more than two minutes where another model could answer', () => {
    const retryAfterMs = 120_000
    expect(after('rateLimit', { hasNextModel: true, retryAfterMs })).toEqual({ next: 'retry', retryAt: 1_120_000 })
    expect(after('rateLimit', { hasNextModel: true, retryAfterMs: retryAfterMs + 1 })).toEqual({ next: 'nextModel' })
  })
})
