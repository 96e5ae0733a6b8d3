import { expect, test } from 'vitest'

import type { JsonObject } from '../../src/json.ts'
import type { Model, ModelAnswer, ModelOutcome, ModelRequest } from '../../src/models/model.ts'
import { json, type ModelServer, type Reply } from '../support/model-server.ts'
import type { Wire } from '../support/model-server-wires.ts'
import { askedOf } from '../support/settings-on-wires.ts'

interface Asking {
  readonly wire: Wire
  readonly server: () => ModelServer
  readonly model: () => Model
  readonly callWith: (reply: Reply, request: ModelRequest) => Promise<ModelOutcome>
}

/** What is asked beside the prompt: how each wire writes it, and that what it cannot write is named. */
export const modelSettingsCases = ({ wire, server, model, callWith }: Asking, request: ModelRequest): void => {
  const written = askedOf(wire.path)
  const TEXT = wire.stream({ text: ['Hello'] })

  const asking = async (change: Partial<ModelRequest>): Promise<{ body: JsonObject; answer: ModelAnswer }> => {
    const outcome = await callWith({ stream: TEXT }, { ...request, ...change })
    if (!outcome.ok) throw new Error(`expected an answer, got ${outcome.class}: ${outcome.message}`)
    return { body: server().requests.at(-1)?.body ?? {}, answer: outcome }
  }

  test.each([
    ['as it likes', 'auto', 'auto'],
    ['at least one', 'required', 'required'],
    ['none', 'none', 'none'],
    ['one by its name', { tool: 'find' }, 'find'],
  ] as const)('to call tools: %s', async (_how, toolChoice, name) => {
    const { body, answer } = await asking({ toolChoice })
    expect(body['tool_choice']).toEqual(written.choices[name])
    expect(answer.dropped).toEqual([])
  })

  test('for one call at a time', async () => {
    const { body } = await asking({ toolChoice: 'required', settings: { parallelToolCalls: false } })
    expect(body).toMatchObject(written.oneCallAtATime)
  })

  test('with every setting that it can carry, and names the others', async () => {
    const { body, answer } = await asking({ settings: written.settings })
    expect(body).toMatchObject(written.fields)
    for (const name of written.absent) expect(body).not.toHaveProperty(name)
    expect(answer.dropped).toEqual(written.dropped)
  })

  test("with options of its vendor's own, over what stands there, objects merged", async () => {
    const { body } = await asking({ settings: written.settings, providerOptions: written.options })
    expect(body).toMatchObject({ ...written.fields, ...written.withOptions })
    expect(body['model']).toBe('model-1')
  })

  test('for less where a server refuses that a tool has to be called, and remembers it', async () => {
    const refusal = json(400, { error: { message: 'tool_choice: only auto is supported', type: 'invalid_request_error' } })
    server().replyWith(refusal, { stream: TEXT })
    const options = { signal: new AbortController().signal, timeoutMs: 5000 }
    const outcome = await model().call({ ...request, toolChoice: 'required' }, options)
    expect(outcome).toMatchObject({ ok: true, dropped: ['forcedToolChoice'] })
    expect(server().requests.map(({ body }) => body['tool_choice'])).toEqual([written.choices.required, written.choices.auto])
    expect(await model().call({ ...request, toolChoice: 'none' }, options)).toMatchObject({ ok: true, dropped: [] })
    expect(server().requests.at(-1)?.body['tool_choice']).toEqual(written.choices.none)
  })
}
