import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import type { Message } from '../../src/events/message.ts'
import type { ModelRequest } from '../../src/models/model.ts'
import { answer, failure, toolCalls, type ModelScript } from '../../src/models/scripted/script.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { agentRegistry } from '../../src/runtime/code/agents.ts'
import { rebuildPrompt } from '../../src/runtime/reading/rebuilt-prompt.ts'
import { eventsOf } from '../support/world.ts'
import { deskAgent, keyFor, openService, type Service } from './service.ts'

interface Prompt {
  readonly callId: string
  readonly attempt: number
  readonly revision: number
  readonly purpose: string
  readonly model: string
  readonly instructions: string | null
  readonly tools: ModelRequest['tools'] | null
  readonly toolChoice: unknown
  readonly output: unknown
  readonly settings: unknown
  readonly messages: readonly { readonly index: number; readonly revision: number | null; readonly message: Message }[]
  readonly messageCount: number
  readonly sameAsBefore: number
  readonly before: { readonly callId: string; readonly attempt: number } | null
  readonly fingerprint: { readonly recorded: string; readonly rebuilt: string | null; readonly agrees: boolean | null }
  readonly missing: readonly string[]
}

const acme = keyFor('acme')
const globex = keyFor('globex')

/** A script, and what it was asked, in order. */
const listening = (script: ModelScript) => {
  const asked: ModelRequest[] = []
  const heard: ModelScript = (request, number) => {
    asked.push(request)
    const outcome = typeof script === 'function' ? script(request, number) : script[number - 1]
    if (outcome === undefined) throw new Error('nothing is scripted')
    return outcome
  }
  return { asked, script: heard }
}

const promptsOf = async (service: Service, runId: string): Promise<Prompt[]> => {
  const claims = (await eventsOf(service.world, runId)).filter(({ type }) => type === 'ModelCallRequested')
  const prompts: Prompt[] = []
  for (const { data } of claims) {
    const { callId, attempt } = data as { callId: string; attempt: number }
    const { status, body } = await service.ask<Prompt>(`GET /v1/runs/${runId}/model-calls/${callId}/prompt?attempt=${attempt}`)
    expect(status).toBe(200)
    prompts.push(body)
  }
  return prompts
}

const expectAsAsked = (prompts: readonly Prompt[], asked: readonly ModelRequest[]): void => {
  expect(prompts).toHaveLength(asked.length)
  for (const [at, prompt] of prompts.entries()) {
    const request = asked[at]
    expect(prompt.messages.map(({ message }) => message)).toEqual(request?.messages)
    expect(prompt).toMatchObject({
      instructions: request?.instructions,
      tools: request?.tools,
      toolChoice: request?.toolChoice,
      output: request?.output ?? null,
      settings: request?.settings,
      fingerprint: { agrees: true },
      missing: [],
    })
  }
}

describe('the prompt of a model call', () => {
  test('is what the model was asked, and its fingerprint is the one that was recorded', async () => {
    const { asked, script } = listening(({ messages }) =>
      messages.at(-1)?.role === 'tool' ? answer('Done') : toolCalls([{ name: 'refund_order', arguments: { id: '18' } }], 'Let me see'),
    )
    await using service = await openService({ script })
    const runId = await service.run('A refund, please')
    await service.ask(`POST /v1/runs/${runId}/approvals/3.0/grant`)
    await service.settle(runId)
    await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'And another' } })
    await service.settle(runId)
    const prompts = await promptsOf(service, runId)
    expectAsAsked(prompts, asked)
    expect(prompts.length).toBeGreaterThanOrEqual(3)
    expect(prompts.map(({ before }) => before?.callId)).toEqual([undefined, ...prompts.slice(0, -1).map(({ callId }) => callId)])
    expect(prompts.map(({ sameAsBefore }) => sameAsBefore)).toEqual([0, ...prompts.slice(0, -1).map(({ messageCount }) => messageCount)])
  })

  test('names for each message the event that said it', async () => {
    await using service = await openService()
    const runId = await service.run('A refund, please')
    await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'Quick!' } })
    await service.ask(`POST /v1/runs/${runId}/approvals/3.0/deny`, { body: { reason: 'too much' } })
    await service.settle(runId)
    const events = await eventsOf(service.world, runId)
    const last = (await promptsOf(service, runId)).at(-1)
    const said = last?.messages.map(({ revision, message }) => [events[revision ?? -1]?.type, message.role])
    expect(said).toEqual([
      ['MessageReceived', 'user'],
      ['ModelCallSucceeded', 'assistant'],
      ['ToolCallDenied', 'tool'],
      ['MessageReceived', 'user'],
    ])
  })

  test('is that of each attempt, also where answers were refused, cut or redacted', async () => {
    const guarded = defineAgent({
      name: 'guarded',
      version: '1',
      instructions: 'Be kind.',
      models: ['scripted/one'],
      guardrails: {
        input: [
          {
            name: 'cards',
            check: (text: string) =>
              text.includes('4111')
                ? { verdict: 'redact' as const, text: text.replace('4111', '####'), reason: 'a card' }
                : { verdict: 'allow' as const },
          },
        ],
        output: [
          {
            name: 'words',
            check: (text: string) => {
              if (text.includes('rude')) return { verdict: 'block' as const, reason: 'be polite' }
              return text.includes('secret')
                ? { verdict: 'redact' as const, text: 'something', reason: 'hidden' }
                : { verdict: 'allow' as const }
            },
          },
        ],
      },
    })
    const { asked, script } = listening((_, number) => {
      if (number === 1) return failure('empty')
      if (number === 2) return answer('rude')
      if (number === 3) return failure('overloaded')
      return answer(number === 4 ? 'a secret' : 'fine')
    })
    await using service = await openService({ agents: [guarded], script })
    const runId = await service.run('My card is 4111')
    await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'More' } })
    await service.settle(runId)
    const prompts = await promptsOf(service, runId)
    expectAsAsked(prompts, asked)
    const events = await eventsOf(service.world, runId)
    const last = prompts.at(-1)
    expect(JSON.stringify(last?.messages)).not.toMatch(/4111|secret/)
    expect(last?.messages.map(({ revision }) => events[revision ?? -1]?.type)).toEqual([
      'InputAccepted',
      'ModelCallFailed',
      'ModelCallSucceeded',
      'OutputRejected',
      'OutputAccepted',
      'MessageReceived',
    ])
  })

  test('shows the instructions that the run began with, and no tools in the last words under a limit', async () => {
    const agent = defineAgent({
      name: 'personal',
      version: '1',
      instructions: (context) => `You serve ${(context as { name: string }).name}.`,
      models: ['scripted/one'],
      tools: [...deskAgent.tools.values()],
      limits: { tokens: null, iterationsPerTurn: 1 },
    })
    const { asked, script } = listening(({ messages, toolChoice }) =>
      toolChoice === 'none' || messages.at(-1)?.role === 'tool' ? answer('Enough') : toolCalls([{ name: 'call_human', arguments: {} }]),
    )
    await using service = await openService({ agents: [agent], script })
    const { id } = await service.world.refold.start('personal', { message: 'Hi', context: { name: 'Ann' } })
    await service.settle(id)
    const prompts = await promptsOf(service, id)
    expectAsAsked(prompts, asked)
    expect(prompts[0]).toMatchObject({ instructions: 'You serve Ann.', toolChoice: 'auto' })
  })

  test('is rebuilt without the code of the agent, and says what is gone with the blob store', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const [claim] = (await eventsOf(service.world, runId)).filter(({ type }) => type === 'ModelCallRequested')
    const { callId, promptHash } = claim?.data as { callId: string; promptHash: string }
    const parts = { log: service.world.log, blobs: service.world.blobs, agents: agentRegistry([]) }
    const which = { runId, callId, attempt: undefined }
    expect(await rebuildPrompt(parts, which)).toMatchObject({ instructions: 'Help.', fingerprint: { agrees: true }, missing: [] })
    await service.world.blobs.remove(promptHash, Infinity)
    expect(await rebuildPrompt(parts, which)).toMatchObject({
      instructions: null,
      tools: null,
      messages: [{ message: { role: 'user' } }],
      missing: [expect.stringContaining('not stored any more') as string],
    })
  })

  test('says in which prompt the record and the conversation differ', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const log = service.world.log
    const changed = {
      ...log,
      async *readStream(...given: Parameters<typeof log.readStream>) {
        for await (const event of log.readStream(...given))
          yield event.type === 'MessageReceived' ? { ...event, data: event.data.replace('Hello', 'Goodbye') } : event
      },
    }
    const [claim] = (await eventsOf(service.world, runId)).filter(({ type }) => type === 'ModelCallRequested')
    const { callId, fingerprint } = claim?.data as { callId: string; fingerprint: string }
    const rebuilt = await rebuildPrompt({ ...service.served, log: changed }, { runId, callId, attempt: 1 })
    expect(rebuilt.fingerprint).toMatchObject({ recorded: fingerprint, agrees: false })
  })

  test('shows a page of messages of a long conversation: the newest, or from one on', async () => {
    await using service = await openService({ script: () => answer('ok') })
    const runId = await service.run('x'.repeat(900_000))
    for (let count = 0; count < 5; count++) {
      await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: `${count}${'y'.repeat(900_000)}` } })
      await service.settle(runId)
    }
    const claims = (await eventsOf(service.world, runId)).filter(({ type }) => type === 'ModelCallRequested')
    const { callId } = claims.at(-1)?.data as { callId: string }
    const path = `GET /v1/runs/${runId}/model-calls/${callId}/prompt`
    const newest = (await service.ask<Prompt>(path)).body
    expect(newest.messageCount).toBe(11)
    expect(newest.messages.map(({ index }) => index)).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
    const first = (await service.ask<Prompt>(`${path}?first=0`)).body
    expect(first.messages.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect((await service.ask<Prompt>(`${path}?first=99`)).body.messages).toEqual([])
  })

  test.each(['9.9/prompt', '1.model/prompt?attempt=9', '1.model/prompt?attempt=0', '1.model/prompt?first=-1', '%00/prompt'])(
    'is not there: %s',
    async (path) => {
      await using service = await openService()
      const runId = await service.run('Hello')
      expect(await service.ask(`GET /v1/runs/${runId}/model-calls/${path}`)).toMatchObject({ status: 400, body: { code: 'InvalidInput' } })
    },
  )

  test('of a run of another tenant is not found', async () => {
    await using service = await openService({ http: { keys: [acme.configured, globex.configured] } })
    const runId = await service.run('Hello', { key: acme.key })
    const [claim] = (await eventsOf(service.world, runId)).filter(({ type }) => type === 'ModelCallRequested')
    const { callId } = claim?.data as { callId: string }
    const path = `GET /v1/runs/${runId}/model-calls/${callId}/prompt`
    expect((await service.ask(path, { key: acme.key })).status).toBe(200)
    for (const of of [path, `GET /v1/runs/${runId}/model-calls/9.9/prompt`])
      expect(await service.ask(of, { key: globex.key })).toMatchObject({ status: 404, body: { code: 'RunNotFound' } })
  })
})

describe('a prompt beside the conversation', () => {
  const letter = setup({ actions: { callModel: (_: unknown, _params: Record<string, unknown>) => undefined } }).createMachine({
    id: 'letter',
    initial: 'writing',
    states: {
      writing: {
        entry: { type: 'callModel', params: { prompt: 'Write a letter.', instructions: 'Be brief.' } },
        on: { ModelCallSucceeded: 'done' },
      },
      done: { type: 'final' },
    },
  })
  const writer = defineAgent({ name: 'writer', version: '1', chart: letter, models: ['scripted/one'] })

  test('is what its chart asks for, where that is here', async () => {
    const { asked, script } = listening([answer('Dear you')])
    await using service = await openService({ agents: [writer], script })
    const { id } = await service.world.refold.start('writer', {})
    await service.settle(id)
    const [prompt] = await promptsOf(service, id)
    expect(prompt).toMatchObject({
      purpose: 'aside',
      instructions: 'Be brief.',
      tools: [],
      toolChoice: 'none',
      fingerprint: { agrees: true },
    })
    expect(prompt?.messages.map(({ message }) => message)).toEqual(asked[0]?.messages)
    const which = { runId: id, callId: prompt?.callId ?? '', attempt: undefined }
    expect(await rebuildPrompt({ ...service.served, agents: agentRegistry([]) }, which)).toMatchObject({
      messages: [],
      fingerprint: { rebuilt: null, agrees: null },
      missing: [expect.stringContaining('stands in the chart') as string],
    })
  })
})

interface WrittenPrompt {
  readonly as: string
  readonly forms: readonly string[]
  readonly url: string
  readonly body: Record<string, unknown>
  readonly curl: string
  readonly scriptLine: string | null
}

describe('the request of a model call', () => {
  const hostile = `'; touch hit; $(touch hit) \`touch hit\`\nEND_OF_REQUEST\n<script> \u202E \u001b[2J`
  const requestOf = async (service: Service, run: string, query: string): Promise<WrittenPrompt> => {
    const [claim] = (await eventsOf(service.world, run)).filter(({ type }) => type === 'ModelCallRequested')
    const { callId } = claim?.data as { callId: string }
    return (await service.ask<WrittenPrompt>(`GET /v1/runs/${run}/model-calls/${callId}/request${query}`)).body
  }

  test('is what a vendor is sent, in each form that there is, and a shell sends it as it is, without a key and whatever it holds', async () => {
    await using service = await openService()
    const run = await service.run(`please refund it ${hostile}`)
    const written = await requestOf(service, run, '')
    expect(written).toMatchObject({
      as: 'openai',
      forms: ['openai', 'openai-chat', 'anthropic'],
      url: 'https://api.openai.com/v1/responses',
    })
    expect(written.body).toMatchObject({ model: 'one', instructions: 'Help.', store: false })
    for (const as of written.forms) {
      const { body, curl, url } = await requestOf(service, run, `?as=${as}`)
      expect(curl).toMatch(/"authorization: Bearer \$(OPENAI|ANTHROPIC)_API_KEY"/)
      expect(curl).not.toMatch(/[\u001b\u202e]/)
      const { sent, touched } = sentBy(curl)
      expect(JSON.parse(sent)).toEqual(body)
      expect(sent).not.toContain('none')
      expect(touched).toEqual(['curl'])
      expect(curl).toContain(url)
    }
    expect(written.scriptLine).toBe(
      `{ ok: true, text: "", toolCalls: [{ name: "refund_order", argumentsText: "{\\"id\\":\\"18\\"}", id: "call_1" }] }`,
    )
    expect(await requestOf(service, run, '?as=nobody')).toMatchObject({ code: 'InvalidInput' })
  })

  test('has an answer that a script gives again, whatever it says', async () => {
    await using service = await openService({ script: [answer(`no ${hostile}`), failure('refusal', { message: hostile })] })
    const run = await service.run('hello')
    const { scriptLine } = await requestOf(service, run, '')
    expect(runInNewContext(scriptLine ?? '', { answer })).toEqual(answer(`no ${hostile}`))
    expect(scriptLine).not.toMatch(/[\u001b\u202e\n]/)
  })
})

/** What a shell gives to curl, and the files that are in its folder then. */
const sentBy = (command: string): { readonly sent: string; readonly touched: readonly string[] } => {
  const folder = mkdtempSync(join(tmpdir(), 'curl-'))
  writeFileSync(join(folder, 'curl'), '#!/bin/sh\ncat\n', { mode: 0o755 })
  const env = { PATH: `${folder}:${process.env['PATH'] ?? ''}`, OPENAI_API_KEY: 'key-of-openai', ANTHROPIC_API_KEY: 'key-of-anthropic' }
  const sent = execFileSync('sh', ['-c', command], { cwd: folder, env, encoding: 'utf8' })
  const touched = readdirSync(folder)
  rmSync(folder, { recursive: true })
  return { sent, touched }
}
