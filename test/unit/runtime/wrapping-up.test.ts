import { describe, expect, test } from 'vitest'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls, type ModelScript } from '../../../src/models/scripted/script.ts'
import type { TextGuardrail } from '../../../src/guardrails/guardrail.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const hasty = defineAgent({
  name: 'hasty',
  version: '1',
  instructions: 'Be quick.',
  models: ['scripted/one'],
  limits: { iterationsPerTurn: 1 },
})

const open = (script: ModelScript) => openWorld({ agents: [hasty], models: { scripted: scriptedModel(script) } })

const unknownTool = (text = '') => toolCalls([{ name: 'search', arguments: {} }], text)

describe('a run that wraps up', () => {
  test('takes the text of a model that still calls tools, and leaves the calls out of later prompts', async () => {
    const world = open([unknownTool(), unknownTool('This is what I have.'), answer('More.')])
    const run = await world.refold.start('hasty', { message: 'Find it.' })
    const view = await settle(world, run)
    expect(view).toMatchObject({ state: 'escalated', answer: 'This is what I have.', toolCalls: [] })
    expect(view.transcript.at(-1)).toEqual({ role: 'assistant', parts: [{ type: 'text', text: 'This is what I have.' }] })
  })

  test('takes tool calls alone for an empty answer, which it asks for once more', async () => {
    const world = open([unknownTool(), unknownTool(), answer('So far nothing.')])
    const run = await world.refold.start('hasty', { message: 'Find it.' })
    expect((await settle(world, run)).answer).toBe('So far nothing.')
    const failures = (await eventsOf(world, run.id)).flatMap((event) => (event.type === 'ModelCallFailed' ? [event.data.class] : []))
    expect(failures).toEqual(['empty'])
  })
})

describe('last words under a limit', () => {
  const noCards: TextGuardrail = {
    name: 'no-cards',
    check: (text) =>
      /\d{4}/.test(text) ? { verdict: 'redact', text: text.replaceAll(/\d{4}/g, '****'), reason: 'a card' } : { verdict: 'allow' },
  }
  const noSecrets: TextGuardrail = {
    name: 'no-secrets',
    check: (text) => (text.includes('secret') ? { verdict: 'block', reason: 'it tells a secret' } : { verdict: 'allow' }),
  }
  const broken: TextGuardrail = {
    name: 'broken',
    check: () => {
      throw new Error('it fell over')
    },
  }

  const lastWords = async (text: string, output: readonly TextGuardrail[]) => {
    const guarded = defineAgent({
      name: 'guarded',
      version: '1',
      instructions: 'Be quick.',
      models: ['scripted/one'],
      limits: { iterationsPerTurn: 1 },
      guardrails: { output },
    })
    const world = openWorld({ agents: [guarded], models: { scripted: scriptedModel([unknownTool(), answer(text)]) } })
    const deltas: string[] = []
    const following = (async () => {
      for await (const delta of world.refold.run('run-1').deltas()) if ('text' in delta) deltas.push(delta.text)
    })()
    const run = await world.refold.start('guarded', { runId: 'run-1', message: 'Find it.' })
    const view = await settle(world, run)
    await run.fail({ by: 'ann', reason: 'enough' })
    await following
    const events = await eventsOf(world, run.id)
    expect((await run.verify()).ok).toBe(true)
    return {
      view,
      deltas,
      log: JSON.stringify(events),
      failures: events.flatMap((event) => (event.type === 'ModelCallFailed' ? [event.data] : [])),
    }
  }

  test('pass where the output guardrails allow them, also to whoever follows the text', async () => {
    const { view, deltas } = await lastWords('So far nothing.', [noSecrets, noCards])
    expect(view).toMatchObject({ state: 'escalated', answer: 'So far nothing.' })
    expect(deltas.join('')).toBe('So far nothing.')
  })

  test('are recorded as the output guardrails leave them', async () => {
    const { view, deltas, log } = await lastWords('Your card is 4711.', [noSecrets, noCards])
    expect(view.answer).toBe('Your card is ****.')
    expect(deltas.join('')).toBe('Your card is ****.')
    expect(log).not.toContain('4711')
  })

  test.each([
    ['that is blocked', noSecrets, 'it tells a secret'],
    ['that a guardrail cannot check', broken, 'could not check it'],
  ])('%s are no answer, are paid for, and are nowhere recorded', async (_, guardrail, reason) => {
    const { view, deltas, log, failures } = await lastWords('The secret is 42.', [guardrail])
    expect(view).toMatchObject({ state: 'escalated', answer: null })
    expect(deltas).toEqual([])
    expect(log).not.toContain('secret is 42')
    expect(failures).toMatchObject([{ class: 'refusal', next: 'escalate', message: expect.stringContaining(reason) as string }])
    expect(failures[0]?.usage).toBeDefined()
  })
})
