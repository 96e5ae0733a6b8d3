import { textsOf } from '../../src/events/content.ts'
import { existsSync, writeFileSync } from 'node:fs'
import { answer, defineAgent, defineTool, failure, scriptedModel, toolCalls } from 'refold'
import { setup } from 'xstate'
import { z } from 'zod'

// What the tests of the command line run: an agent of a few words, and a form that a person has to sign.

const look = defineTool({
  name: 'look',
  description: 'Looks something up',
  input: z.object({ id: z.string() }),
  output: z.string(),
  effect: 'read',
  execute: ({ id }) => Promise.resolve(`${id} is in Lyon`),
})

const pay = defineTool({
  name: 'pay',
  description: 'Pays an amount',
  input: z.object({ amount: z.number() }),
  output: z.object({ paid: z.number() }),
  effect: 'once',
  approval: true,
  execute: ({ amount }) => Promise.resolve({ paid: amount }),
})

const lose = defineTool({
  name: 'lose',
  description: 'Never answers',
  input: z.object({}),
  output: z.string(),
  effect: 'once',
  timeoutMs: 1,
  execute: () => new Promise<string>(() => undefined),
})

/** Ends the process once, without a word, as a power failure does. */
const die = defineTool({
  name: 'die',
  description: 'Ends the process',
  input: z.object({ mark: z.string() }),
  output: z.string(),
  effect: 'read',
  execute: ({ mark }) => {
    if (existsSync(mark)) return Promise.resolve('alive again')
    writeFileSync(mark, '')
    process.kill(process.pid, 'SIGKILL')
    return new Promise<string>(() => undefined)
  },
})

/** The same in the middle of an effect that must not be repeated. */
const vanish = defineTool({
  name: 'vanish',
  description: 'Ends the process for good',
  input: z.object({}),
  output: z.string(),
  effect: 'once',
  execute: () => {
    process.kill(process.pid, 'SIGKILL')
    return new Promise<string>(() => undefined)
  },
})

const uses: Readonly<Record<string, (rest: string) => ReturnType<typeof answer | typeof failure>>> = {
  look: (id) => toolCalls([{ name: 'look', arguments: { id } }], 'One moment.'),
  pay: (amount) => toolCalls([{ name: 'pay', arguments: { amount: Number(amount) } }]),
  lose: () => toolCalls([{ name: 'lose', arguments: {} }]),
  die: (mark) => toolCalls([{ name: 'die', arguments: { mark } }]),
  vanish: () => toolCalls([{ name: 'vanish', arguments: {} }]),
  fail: () => failure('badRequest'),
}

/** `look 17`, `pay 20`, `lose it`, `die mark`, `vanish`, `fail`; anything else is repeated. */
const model = scriptedModel(({ messages }) => {
  const last = messages.at(-1)
  if (last?.role === 'tool') return answer(`So it is: ${textsOf(last.parts)}.`)
  const text = last?.role === 'user' ? textsOf(last.parts) : ''
  const [word = '', rest = ''] = text.split(' ')
  return uses[word]?.(rest) ?? answer(`You said: ${text}`)
})

export const models = { scripted: model }

export const clerk = defineAgent({
  name: 'clerk',
  version: '1',
  instructions: 'Help.',
  models: ['scripted/one'],
  tools: [look, pay, lose, die, vanish],
})

const signing = setup({ actions: { askApproval: (_, _params: { readonly question: string }) => undefined } })

export const form = defineAgent({
  name: 'form',
  version: '1',
  chart: signing.createMachine({
    id: 'form',
    initial: 'signing',
    states: {
      signing: {
        entry: { type: 'askApproval', params: { question: 'Sign it?' } },
        on: { ApprovalGranted: 'signed', ApprovalDenied: 'dropped' },
      },
      signed: { type: 'final' },
      dropped: { type: 'final', tags: 'failed' },
    },
  }),
})

/** The same name and version on another chart. */
export const changedForm = defineAgent({
  name: 'form',
  version: '1',
  chart: signing.createMachine({
    id: 'form',
    initial: 'signing',
    states: {
      signing: { entry: { type: 'askApproval', params: { question: 'Sign it?' } }, on: { ApprovalGranted: 'signed' } },
      signed: { type: 'final' },
    },
  }),
})
