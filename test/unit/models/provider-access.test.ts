import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'

import { readEnvironment } from '../../../src/config.ts'
import { anthropicModel } from '../../../src/models/anthropic/anthropic-model.ts'
import { openaiChatModel } from '../../../src/models/openai/openai-chat-model.ts'
import { openaiResponsesModel } from '../../../src/models/openai/openai-responses-model.ts'
import { openaiChatRecording } from '../../../src/models/recorded/openai-chat-recording.ts'
import { recordedFetch } from '../../../src/models/recorded/recordings.ts'
import { requestForms } from '../../../src/vendor-models.ts'
import { patiently, promptOf } from '../../support/model-server-requests.ts'

const HELLO = promptOf({ role: 'user', parts: textContent('Hello') })

describe('access to a provider', () => {
  test.each([
    ['no key', { apiKey: '' }, /API key/],
    ['no address', { apiKey: 'k', baseUrl: 'localhost:8000' }, /localhost:8000/],
  ])('with %s is refused at the start, not at the first call', (_what, access, message) => {
    for (const open of [openaiChatModel, openaiResponsesModel, anthropicModel]) {
      expect(() => open(access)).toThrow(
        expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringMatching(message) as string }),
      )
    }
  })

  test('limits the answer in the words of the server that it reaches', async () => {
    const bodies: string[] = []
    const answers = recordedFetch([openaiChatRecording('any', { content: 'Hi.' }, 'm')], () => 'any')
    const fetch: typeof globalThis.fetch = (input, init) => {
      if (typeof init?.body === 'string') bodies.push(init.body)
      return answers(input, init)
    }
    for (const baseUrl of [undefined, 'https://eu.api.openai.com/v1', 'http://127.0.0.1:11434/v1', 'https://notopenai.com/v1']) {
      const model = openaiChatModel({ apiKey: 'k', fetch, ...(baseUrl !== undefined && { baseUrl }) })
      await model.call({ ...HELLO, settings: { maxOutputTokens: 5 } }, patiently())
    }
    expect(bodies.map((body) => /max_\w*tokens/.exec(body)?.[0])).toEqual([
      'max_completion_tokens',
      'max_completion_tokens',
      'max_tokens',
      'max_tokens',
    ])
  })

  test('is not needed to write a prompt as it is sent: not where a provider writes nothing, and not where nobody is called', async () => {
    const own = openaiChatModel({ apiKey: 'k', baseUrl: 'http://127.0.0.1:9/v1' })
    const { call } = own
    const forms = requestForms(readEnvironment({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://127.0.0.1:8/v1' }), {
      own,
      openai: { call },
      anthropic: { call },
      mute: { call },
    })
    expect(Object.keys(forms)).toEqual(['openai', 'openai-chat', 'anthropic', 'own'])
    const urls = await Promise.all(Object.values(forms).map(async ({ written }) => (await written?.(HELLO, {}))?.url))
    expect(urls).toEqual([
      'http://127.0.0.1:8/v1/chat/completions',
      'https://api.openai.com/v1/chat/completions',
      'https://api.anthropic.com/v1/messages',
      'http://127.0.0.1:9/v1/chat/completions',
    ])
  })

  test('does not take a defect of the listener for a failure of the provider', async () => {
    const fetch = recordedFetch([openaiChatRecording('any', { content: 'Hi.' }, 'm')], () => 'any')
    const defect = new TypeError('listener.push is not a function')
    const onDelta = (): void => {
      throw defect
    }
    await expect(openaiChatModel({ apiKey: 'k', fetch }).call(HELLO, { ...patiently(), onDelta })).rejects.toBe(defect)
  })
})
