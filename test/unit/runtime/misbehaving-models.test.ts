import { describe, expect, test } from 'vitest'
import type { Model, ModelAnswer } from '../../../src/models/model.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const agent = defineAgent({ name: 'talk', version: '1', instructions: '', models: ['own/one', 'sound/one'] })

const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
const sound: ModelAnswer = { ok: true, parts: [{ type: 'text', text: 'Hello.' }], stop: 'stop', usage, model: 'one', dropped: [] }

const talkTo = async (given: () => unknown) => {
  const own = { isFree: true as const, call: given as Model['call'] }
  const world = openWorld({ agents: [agent], models: { own, sound: { isFree: true, call: () => Promise.resolve(sound) } } })
  const run = await world.refold.start('talk', { message: 'Hi' })
  const view = await settle(world, run)
  const events = await eventsOf(world, run.id)
  return { view, events, run, failures: events.flatMap((event) => (event.type === 'ModelCallFailed' ? [event.data] : [])) }
}

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })

const deep = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 'x')

describe('a model of your own', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'Hello.'],
    ['an empty object', {}],
    ['no parts', { ...sound, parts: undefined }],
    ['parts that are no list', { ...sound, parts: { 0: 'Hello.' } }],
    ['a part of an unknown type', { ...sound, parts: [{ type: 'image', url: 'x' }] }],
    ['a text part without text', { ...sound, parts: [{ type: 'text' }] }],
    ['a tool call without arguments', { ...sound, parts: [{ type: 'toolCall', id: '1', name: 'read' }] }],
    ['arguments as an object', { ...sound, parts: [{ type: 'toolCall', id: '1', name: 'read', argumentsText: {} }] }],
    ['a failure of an unknown class', { ok: false, class: 'mood', message: 'no' }],
    ['a failure without words', { ok: false, class: 'server' }],
    ['JSON of 5,000 levels', { ...sound, parts: [{ type: 'opaque', vendor: 'own', content: deep(5_000) }] }],
    ['what JSON cannot carry', { ...sound, parts: [{ type: 'opaque', vendor: 'own', content: new Map() }] }],
    ['a function', () => sound],
  ])('that gives %s has failed, and the next one is asked', async (_, given) => {
    const { view, failures, run } = await talkTo(() => Promise.resolve(given))
    expect(view.answer).toBe('Hello.')
    expect(failures.length).toBeGreaterThan(0)
    expect(failures.every(({ class: failure }) => failure === 'protocol')).toBe(true)
    expect((await run.verify()).ok).toBe(true)
  })

  test('names what is wrong with its answer', async () => {
    const { failures } = await talkTo(() => Promise.resolve({ ...sound, stop: undefined }))
    expect(failures[0]?.message).toMatch(/stop: .*undefined/)
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    [
      'throws a symbol',
      () => {
        throw Symbol('no')
      },
    ],
    [
      'throws a revoked proxy',
      () => {
        throw revoked()
      },
    ],
    ['gives a revoked proxy', revoked],
    [
      'has an answer that cannot be read',
      () => ({
        ...sound,
        get parts(): never {
          throw new Error('no')
        },
      }),
    ],
    [
      'has a `then` that throws',
      () => ({
        then: () => {
          throw new Error('no')
        },
      }),
    ],
    ['never answers', () => ({ then: () => undefined })],
  ])('that %s does not hang its run', async (_, call) => {
    const { view, failures } = await talkTo(call)
    expect(view.waitsFor).not.toBeNull()
    expect(failures.length).toBeGreaterThan(0)
  })

  test.each<[string, unknown, string]>([
    ['what nobody can name', new Error('no'), 'protocol'],
    ['a text', 'no', 'protocol'],
    ['what its connection came to', Object.assign(new TypeError('fetch failed'), { cause: reset() }), 'network'],
  ])('that throws %s is tried again, then the next one is asked', async (_, thrown, failureClass) => {
    const { view, failures } = await talkTo(() => Promise.reject(thrown as Error))
    expect(view.answer).toBe('Hello.')
    expect(failures.map(({ class: failure, next }) => `${failure} ${next}`)).toEqual([
      `${failureClass} retry`,
      `${failureClass} retry`,
      `${failureClass} nextModel`,
    ])
  })

  test.each([1e300, 2.5, 3 * 3_600_000])(
    'that asks to wait %d ms, and has none behind it, is waited for, or a person learns until when',
    async (retryAfterMs) => {
      const only = defineAgent({ name: 'only', version: '1', instructions: '', models: ['own/one'] })
      let isLimited = true
      const call = () => {
        const outcome = isLimited ? { ok: false as const, class: 'rateLimit' as const, message: 'slow down', retryAfterMs } : sound
        isLimited = false
        return Promise.resolve(outcome)
      }
      const world = openWorld({ agents: [only], models: { own: { isFree: true, call } } })
      const run = await world.refold.start('only', { message: 'Hi' })
      const view = await settle(world, run)
      if (retryAfterMs < 1_000) expect(view.answer).toBe('Hello.')
      else {
        const last = (await eventsOf(world, run.id)).at(-1)
        expect(view.waitsFor).toBe('human')
        expect(last?.data).toMatchObject({
          reason: expect.stringMatching(/slow down \(it asks to wait until 202\d-\d\d-\d\dT[\d:.]+Z\)$/) as string,
        })
      }
      expect((await run.verify()).ok).toBe(true)
    },
  )

  test('keeps no hold on what it has answered', async () => {
    const kept = { ...sound, parts: [{ type: 'text' as const, text: 'Hello.' }] }
    const { view, run } = await talkTo(() => Promise.resolve(kept))
    kept.parts[0]!.text = 'Something else.'
    expect(view.answer).toBe('Hello.')
    expect((await run.state()).answer).toBe('Hello.')
  })

  test('may carry more than is asked for', async () => {
    const { view, events } = await talkTo(() =>
      Promise.resolve({ ...sound, raw: { id: 7 }, parts: [{ type: 'text', text: 'Hi', logprobs: [] }] }),
    )
    expect(view.answer).toBe('Hi')
    expect(JSON.stringify(events)).not.toMatch(/logprobs|raw/)
  })
})
