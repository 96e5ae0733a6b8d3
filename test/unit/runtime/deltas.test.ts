import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createDeltaQueue, type Delta } from '../../../src/runtime/deltas.ts'
import type { TextGuardrail } from '../../../src/guardrails/guardrail.ts'
import type { Model, ModelOutcome, ModelRequest } from '../../../src/models/model.ts'
import { failure } from '../../../src/models/scripted/script.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import type { Run } from '../../../src/runtime/run-handle.ts'
import { openWorld, settle, type World } from '../../support/world.ts'

const USAGE = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0 }
const says = (text: string): ModelOutcome => ({
  ok: true,
  parts: [{ type: 'text', text }],
  stop: 'stop',
  usage: USAGE,
  model: 'one',
  dropped: [],
})

/** Writes its words piece by piece, then ends as it is told. */
const writing = (attempts: readonly (readonly [words: readonly string[], end: ModelOutcome])[]): Model => {
  let count = 0
  return {
    isFree: true,
    call: (_request: ModelRequest, { onDelta }) => {
      const [words, end] = attempts[Math.min(count++, attempts.length - 1)]!
      for (const word of words) onDelta?.(word)
      return Promise.resolve(end)
    },
  }
}

const open = (model: Model, options: Partial<AgentOptions<unknown>> = {}): World => {
  const agent = defineAgent({ name: 'a', version: '1', instructions: 'Help.', models: ['writing/one'], ...options })
  return openWorld({ agents: [agent], models: { writing: model } })
}

/** A run that waits for its first message, and all text that is written from then on. */
const listened = async (world: World): Promise<{ readonly run: Run; readonly heard: Delta[]; readonly over: Promise<void> }> => {
  const run = await world.refold.start('a')
  const heard: Delta[] = []
  const over = (async () => {
    for await (const delta of run.deltas()) heard.push(delta)
  })()
  await nextTurn()
  return { run, heard, over }
}

const blocking: TextGuardrail = {
  name: 'noSecrets',
  check: (text) => (text.includes('secret') ? { verdict: 'block', reason: 'it tells a secret' } : { verdict: 'allow' }),
}

describe('text that is written', () => {
  test('names call and attempt, and is taken back when the attempt fails, so that nothing is repeated', async () => {
    const world = open(
      writing([
        [['Good ', 'mor'], failure('network')],
        [['Good ', 'day.'], says('Good day.')],
      ]),
    )
    const { run, heard, over } = await listened(world)
    await run.send({ message: 'Hello' })
    await settle(world, run)
    await run.complete({ by: 'dana' })
    await over
    const [first] = heard
    const callId = first?.callId ?? ''
    expect(heard.map((delta) => ('text' in delta ? `${delta.attempt} ${delta.text}` : `${delta.attempt} reset`))).toEqual([
      '1 Good ',
      '1 mor',
      '1 reset',
      '2 Good ',
      '2 day.',
    ])
    expect(heard.every((delta) => delta.callId === callId)).toBe(true)
  })

  test('that a guardrail blocks is never seen, and what it lets through comes once, when it has spoken', async () => {
    const world = open(
      writing([
        [['The secret ', 'is 4.'], says('The secret is 4.')],
        [['Good ', 'day.'], says('Good day.')],
      ]),
      { guardrails: { output: [blocking] } },
    )
    const { run, heard, over } = await listened(world)
    await run.send({ message: 'Tell me.' })
    await settle(world, run)
    await run.complete({ by: 'dana' })
    await over
    expect(heard).toEqual([{ callId: expect.any(String) as string, attempt: 1, text: 'Good day.' }])
  })

  test('comes as the guardrail left it', async () => {
    const redacting: TextGuardrail = {
      name: 'cards',
      check: (text) => ({ verdict: 'redact', text: text.replace('4111', '…'), reason: 'a card' }),
    }
    const world = open(writing([[['card 4111'], says('card 4111')]]), { guardrails: { output: [redacting] } })
    const { run, heard, over } = await listened(world)
    await run.send({ message: 'Which card?' })
    await settle(world, run)
    await run.complete({ by: 'dana' })
    await over
    expect(heard).toMatchObject([{ text: 'card …' }])
  })

  test('of a typed result is held back too', async () => {
    const world = open(
      writing([
        [['no JSON'], says('no JSON')],
        [['{"city":', '"Lyon"}'], says('{"city":"Lyon"}')],
      ]),
      { output: z.object({ city: z.string() }) },
    )
    const { run, heard, over } = await listened(world)
    await run.send({ message: 'Which city?' })
    await settle(world, run)
    await over
    expect(heard).toMatchObject([{ text: '{"city":"Lyon"}' }])
  })

  test('after the time of a call is none of it', async () => {
    let late: (text: string) => void = () => undefined
    const model: Model = {
      isFree: true,
      call: (_request, { onDelta }) => {
        late = (text) => onDelta?.(text)
        late('Good day.')
        return Promise.resolve(says('Good day.'))
      },
    }
    const world = open(model)
    const { run, heard, over } = await listened(world)
    await run.send({ message: 'Hello' })
    await settle(world, run)
    late(' And more.')
    await run.complete({ by: 'dana' })
    await over
    expect(heard).toMatchObject([{ text: 'Good day.' }])
  })
})

describe('a stream of text', () => {
  const quiet = (): World => open(writing([[['Hi'], says('Hi')]]))

  test('ends with the run, with its signal, and when Refold is closed', async () => {
    for (const end of [
      (run: Run) => run.cancel({ by: 'dana', reason: 'enough' }),
      (_run: Run, world: World) => world.refold.close(),
      async (_run: Run, _world: World, stop: AbortController) => {
        stop.abort()
      },
    ]) {
      const world = quiet()
      const run = await world.refold.start('a')
      const stop = new AbortController()
      const next = run.deltas({ signal: stop.signal }).next()
      await nextTurn()
      await end(run, world, stop)
      expect(await next).toEqual({ done: true, value: undefined })
    }
  })

  test('ends at once for a run that is over, and after Refold was closed', async () => {
    const world = quiet()
    const run = await world.refold.start('a')
    await run.cancel({ by: 'dana', reason: 'enough' })
    expect(await run.deltas().next()).toEqual({ done: true, value: undefined })
    const other = await world.refold.start('a')
    await world.refold.close()
    expect(await other.deltas().next()).toEqual({ done: true, value: undefined })
  })

  test('can be left while it waits, and before it began', async () => {
    const run = await quiet().refold.start('a')
    const waiting = run.deltas()
    const next = waiting.next()
    await nextTurn()
    await waiting.return?.()
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await waiting.next()).toEqual({ done: true, value: undefined })
    const unbegun = run.deltas()
    await unbegun.return?.()
    expect(await unbegun.next()).toEqual({ done: true, value: undefined })
  })

  test('of a run that is still to begin waits for it', async () => {
    const world = open(writing([[['Good day.'], says('Good day.')]]), { guardrails: { output: [blocking] } })
    const next = world.refold.run('soon').deltas().next()
    await nextTurn()
    const run = await world.refold.start('a', { runId: 'soon', message: 'Hello' })
    await settle(world, run)
    expect(await next).toMatchObject({ done: false, value: { text: 'Good day.' } })
  })
})

describe('text that nobody takes', () => {
  const piece = (text: string, attempt = 1, callId = 'c'): Delta => ({ callId, attempt, text })

  test('joins into one piece', async () => {
    const queue = createDeltaQueue()
    for (const text of ['a', 'b', 'c']) queue.push(piece(text))
    queue.end()
    expect(await queue.next()).toEqual({ done: false, value: piece('abc') })
    expect(await queue.next()).toMatchObject({ done: true })
  })

  test('becomes a reset where it is too much, and no more of that attempt follows', async () => {
    const queue = createDeltaQueue()
    for (let count = 0; count < 1_000; count++) queue.push(piece('x'.repeat(1_000)))
    queue.push(piece('again', 2))
    queue.end()
    const given: Delta[] = []
    for (let next = await queue.next(); next.done !== true; next = await queue.next()) given.push(next.value)
    expect(given).toEqual([{ callId: 'c', attempt: 1, reset: true }, piece('again', 2)])
  })

  test('is bounded in pieces, however many calls write', async () => {
    const queue = createDeltaQueue()
    for (let count = 0; count < 100_000; count++) queue.push(piece('x', 1, `call ${count}`))
    queue.end()
    let given = 0
    for (let next = await queue.next(); next.done !== true; next = await queue.next()) given++
    expect(given).toBeLessThan(300)
  })
})
