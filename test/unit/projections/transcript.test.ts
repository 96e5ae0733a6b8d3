import { shownContent, textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import type { RunState } from '../../../src/fold/run-state.ts'
import { step } from '../../../src/fold/fold.ts'
import { lastAnswer, messagesOf } from '../../../src/projections/transcript.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalDenied,
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
  turnCompleted,
} from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given } from '../../../src/testing/given.ts'

const agent = defineAgent({ name: 'agent', version: '1', instructions: 'Help.', models: ['scripted/one'] })
const checking = defineAgent({
  name: 'checking',
  version: '1',
  instructions: 'Help.',
  models: ['scripted/one'],
  guardrails: {
    input: [{ name: 'mask', check: (text) => ({ verdict: 'redact', text, reason: 'secret' }) }],
    output: [{ name: 'mask', check: (text) => ({ verdict: 'redact', text, reason: 'secret' }) }],
  },
})

const asked = given(agent, started(agent), messageReceived('Hello'), modelRequested('1.model'))
const acting = asked.and(modelAnswered('1.model', [says('Let me see.'), calls('read', '{}', 'a'), calls('note', '{}', 'b')]))

/** Each message as `role: text`, tool answers with the id of their call. */
const told = ({ state }: Pick<Given, 'state'>): string[] =>
  messagesOf(state.transcript).map((message) => {
    if (message.role === 'user') return `user: ${shownContent(message.parts)}`
    if (message.role === 'tool') return `tool ${message.id}${message.isError ? ' error' : ''}: ${shownContent(message.parts)}`
    return `assistant: ${message.parts.map((part) => (part.type === 'text' ? part.text : part.type)).join(' ')}`
  })

describe('a transcript', () => {
  test('holds a message only once a prompt does', () => {
    expect(told(given(agent, started(agent)))).toEqual([])
    expect(told(asked)).toEqual(['user: Hello'])
    const late = asked.and(messageReceived('Quick!'))
    expect(told(late)).toEqual(['user: Hello'])
    expect(late.state.transcript.inbox).toEqual([textContent('Quick!')])
  })

  test('keeps steering messages out of the middle of tool calls and their answers', () => {
    const steered = acting.and(
      messageReceived('Quick!'),
      toolRequested('3.0'),
      toolSucceeded('3.0', { found: 1 }),
      messageReceived('Please!'),
      toolRejected('3.1'),
    )
    expect(told(steered)).toEqual([
      'user: Hello',
      'assistant: Let me see. toolCall toolCall',
      'tool a: {"found":1}',
      'tool b error: no',
      'user: Quick!',
      'user: Please!',
    ])
  })

  test('has the answers of parallel calls in the order in which they came', () => {
    const both = acting.and(toolRequested('3.0'), toolRequested('3.1'), toolSucceeded('3.1', 'B'), toolSucceeded('3.0', 'A'))
    expect(told(both).slice(2)).toEqual(['tool b: B', 'tool a: A'])
  })

  test('tells the model of failures, denials and rejections, but not of attempts that are repeated', () => {
    const refused = acting.and(
      toolRequested('3.0'),
      toolFailed('3.0', { retryAt: DAWN }),
      approvalRequested('3.1', DAWN + 1_000),
      approvalDenied('3.1'),
      fact('ToolCallDenied', { callId: '3.1', by: 'ann', reason: 'too dear' }),
    )
    expect(told(refused).slice(2)).toEqual(['tool b error: Denied by ann: too dear'])
  })

  test('has what a guardrail left of a message', () => {
    const redacted = given(
      checking,
      started(checking),
      messageReceived('my pin is 1234'),
      fact('InputAccepted', { parts: textContent('my pin is ****') }),
    )
    expect(told(redacted)).toEqual(['user: my pin is ****'])
  })

  test('has nothing of a message that was refused, and the ones before it unharmed', () => {
    const refused = given(
      checking,
      started(checking),
      messageReceived('Hello'),
      fact('InputAccepted', {}),
      modelRequested('2.model'),
      messageReceived('Good'),
      fact('InputAccepted', {}),
      messageReceived('Bad'),
      fact('InputRejected', { guardrail: 'g', reason: 'no' }),
    )
    expect(refused.state.transcript.inbox).toEqual([textContent('Good')])
  })

  test('has what a guardrail left of an answer, in later prompts too', () => {
    const redacted = given(
      checking,
      started(checking),
      messageReceived('Hello'),
      fact('InputAccepted', {}),
      modelRequested('2.model'),
      modelAnswered('2.model', [says('The pin is 1234')]),
      fact('OutputAccepted', { parts: textContent('The pin is ****') }),
    )
    expect(told(redacted)).toEqual(['user: Hello', 'assistant: The pin is ****'])
    expect(lastAnswer(redacted.state.transcript)).toBe('The pin is ****')
  })

  test('asks again for an empty answer only where it is asked again', () => {
    expect(told(asked.and(modelFailed('1.model', { class: 'empty', next: 'retry', retryAt: DAWN })))).toHaveLength(2)
    expect(told(asked.and(modelFailed('1.model', { class: 'empty', next: 'escalate' })))).toEqual(['user: Hello'])
  })

  test('holds what users said to a person before the answer of that person', () => {
    const helped = asked.and(
      modelFailed('1.model'),
      escalated(),
      messageReceived('Is anybody there?'),
      fact('HumanAnswerReceived', { by: 'ann', parts: textContent('Yes, I am.') }),
      turnCompleted(1, 'answeredByHuman'),
      messageReceived('Good.'),
    )
    expect(told(helped)).toEqual(['user: Hello', 'user: Is anybody there?', 'assistant: Yes, I am.', 'user: Good.'])
  })

  test('holds the note with which a person gave the run back', () => {
    const back = asked.and(modelFailed('1.model'), escalated(), returned({ note: 'Use the other shop.' }))
    expect(told(back)).toEqual(['user: Hello', 'user: Use the other shop.'])
  })

  test('is one text for all vendors: its hash says what it holds, however it came about', () => {
    const once = acting.and(toolRequested('3.0'), toolSucceeded('3.0', 'A'))
    const other = acting.and(
      toolRequested('3.0'),
      toolRequested('3.0', { attempt: 2 }),
      fact('ToolCallSucceeded', { callId: '3.0', attempt: 2, output: 'A' }),
    )
    expect(other.state.transcript.hash).toBe(once.state.transcript.hash)
    expect(acting.and(toolRequested('3.0'), toolSucceeded('3.0', 'B')).state.transcript.hash).not.toBe(once.state.transcript.hash)
  })

  test('has no part of a prompt beside it, however often it was tried', () => {
    const aside = { purpose: 'aside' as const, fingerprint: 'other' }
    const tried = asked.and(modelRequested('0.letter', aside), modelRequested('0.letter', { ...aside, attempt: 2 }))
    expect(tried.state.transcript.asides).toEqual(['0.letter'])
    const answered = tried.and(modelAnswered('0.letter', [says('Dear Sir')], { attempt: 2 }))
    expect(answered.state.transcript.asides).toEqual([])
    expect(told(answered)).toEqual(['user: Hello'])
  })

  test('is not changed by a continuation of its own beginning', () => {
    const states: RunState[] = []
    for (const answer of ['A', 'B']) states.push(acting.and(toolRequested('3.0'), toolSucceeded('3.0', answer)).state)
    expect(states.map((state) => told({ state }).at(-1))).toEqual(['tool a: A', 'tool a: B'])
    const again = acting.events.reduce<RunState | undefined>((state, event) => step(agent.program, state, event).state, undefined)
    expect(messagesOf(again!.transcript)).toEqual(messagesOf(acting.state.transcript))
  })
})
