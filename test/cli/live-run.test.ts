import { textContent } from '../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { liveRun } from '../../src/cli/live-run.ts'
import { recordedTranscript } from '../../src/projections/recorded-transcript.ts'
import { messagesOf } from '../../src/projections/transcript.ts'
import type { RecordedRunEvent } from '../../src/events/envelope.ts'
import type { RunFact } from '../../src/events/run-events.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../src/models/scripted/script.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { eventsOf, openWorld, settle } from '../support/world.ts'

const recorded = (type: RunFact['type'], data: object): RecordedRunEvent =>
  ({ type, data, runId: 'run', revision: 0, meta: { to: 'thinking' } }) as unknown as RecordedRunEvent

const asked = (callId: string) => recorded('ModelCallRequested', { callId })
const answered = (callId: string, text: string) => recorded('ModelCallSucceeded', { callId, parts: [{ type: 'text', text }] })

/** What a live view says, in order, after text (`[callId, text]`) and events. */
const said = (...happenings: readonly (RecordedRunEvent | readonly [callId: string, text: string])[]): string => {
  const live = liveRun()
  let words = ''
  live.on('words', ({ text }) => (words += text))
  for (const each of happenings) {
    if ('type' in each) live.trigger.recorded({ event: each })
    else live.trigger.wrote({ callId: each[0], text: each[1] })
  }
  return words
}

describe('a live view', () => {
  test('shows an answer as it is written, and not again when it is recorded', () => {
    expect(said(asked('2.model'), ['2.model', 'Hel'], ['2.model', 'lo'], answered('2.model', 'Hello'))).toBe('Hello\n')
  })

  test('holds text back until the log knows of its call, so that it stands where it belongs', () => {
    expect(said(['2.model', 'Hel'], ['2.model', 'lo'])).toBe('')
    expect(said(['2.model', 'Hel'], asked('2.model'), ['2.model', 'lo'], answered('2.model', 'Hello'))).toBe('Hello\n')
  })

  test('shows a whole answer where another process called the model', () => {
    expect(said(asked('2.model'), answered('2.model', 'Hello'))).toBe('Hello\n')
  })

  test('marks what was taken back, and shows the next attempt from its beginning', () => {
    const live = liveRun()
    let words = ''
    live.on('words', ({ text }) => (words += text))
    live.trigger.recorded({ event: asked('2.model') })
    live.trigger.wrote({ callId: '2.model', text: 'Hel' })
    live.trigger.tookBack({ callId: '2.model' })
    live.trigger.recorded({ event: recorded('ModelCallFailed', { callId: '2.model' }) })
    live.trigger.recorded({ event: asked('2.model') })
    live.trigger.wrote({ callId: '2.model', text: 'Hello' })
    live.trigger.recorded({ event: answered('2.model', 'Hello') })
    expect(words).toBe('Hel …\nHello\n')
  })

  test('shows an answer that is checked once it is accepted, and one that is rejected never', () => {
    const checked = (text: string): RecordedRunEvent => {
      const event = answered('2.model', text)
      return { ...event, meta: { ...event.meta, intents: ['checkOutput:checkOutput'] } }
    }
    expect(said(asked('2.model'), checked('the secret'))).toBe('')
    expect(said(asked('2.model'), checked('the secret'), recorded('OutputRejected', {}), recorded('OutputAccepted', {}))).toBe('')
    expect(said(asked('2.model'), checked('Hello'), recorded('OutputAccepted', {}))).toBe('Hello\n')
    expect(said(asked('2.model'), checked('card 4111'), recorded('OutputAccepted', { parts: textContent('card …') }))).toBe('card …\n')
  })

  test('shows one of several answers as it comes, and the others when they are whole', () => {
    const both = said(
      asked('2.a'),
      asked('2.b'),
      ['2.a', 'one '],
      ['2.b', 'two '],
      ['2.a', 'first'],
      answered('2.a', 'one first'),
      ['2.b', 'second'],
      answered('2.b', 'two second'),
    )
    expect(both).toBe('one first\ntwo second\n')
  })
})

describe('a conversation read from events alone', () => {
  test('is what the run itself says it is, unread messages apart', async () => {
    const script = [toolCalls([{ name: 'nothing', arguments: {} }], 'Let me see.'), answer('There is no such tool.')]
    const agent = defineAgent({ name: 'clerk', version: '1', instructions: 'Help.', models: ['scripted/one'] })
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel(script) } })
    const run = await world.refold.start('clerk', { message: 'Look it up' })
    const { transcript } = await settle(world, run)
    expect(transcript).toHaveLength(4)
    const recorded = recordedTranscript(await eventsOf(world, run.id))
    expect({ messages: messagesOf(recorded), unread: recorded.inbox }).toEqual({ messages: transcript, unread: [] })
  })
})
