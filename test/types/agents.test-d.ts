import { createMachine } from 'xstate'
import { z } from 'zod'
import { defineAgent, type Agent, type Refold, type Run } from 'refold'

// Compiled, never run: each line below an expected error is a program that must not compile.

declare const refold: Refold

const invoices = defineAgent({ name: 'invoices', version: '1', instructions: '', models: ['x/y'], output: z.object({ total: z.number() }) })
const talk = defineAgent({ name: 'talk', version: '1', instructions: '', models: ['x/y'] })
const transfer = defineAgent({
  name: 'transfer',
  version: '1',
  chart: createMachine({}),
  input: z.object({ iban: z.string(), amount: z.number().default(1) }),
})
const free = defineAgent({ name: 'free', version: '1', chart: createMachine({}) })

/** Agents of every input and output fit into one list. */
export const agents: readonly Agent[] = [invoices, talk, transfer, free]

export const results = async (): Promise<readonly [number, string, unknown]> => {
  const invoice: Run<{ total: number }> = await refold.start(invoices, { message: 'Sum up.' })
  const said = await refold.start(talk, { message: 'Hello.' })
  const named = await refold.start('talk', { message: 'Hello.' })
  const { total } = await invoice.result()
  return [total, await said.result(), await named.result()]
}

await refold.start(transfer, { input: { iban: 'DE1' } })
await refold.start(free)
await refold.start(free, { input: { anything: true } })

// @ts-expect-error the input is of another shape
await refold.start(transfer, { input: { iban: 1 } })

// @ts-expect-error a run of it cannot begin without an input
await refold.start(transfer)

// @ts-expect-error nor with options that name none
await refold.start(transfer, { runId: 'one' })

// @ts-expect-error the result is of another type
export const wrong: Promise<{ sum: number }> = (await refold.start(invoices)).result()

export const typed: Promise<number> = refold.run<number>('one').result()

const shop = z.object({ customer: z.string(), limitUsd: z.number().default(50) })
const clerk = defineAgent({
  name: 'clerk',
  version: '1',
  models: ['x/y'],
  context: shop,
  instructions: ({ customer, limitUsd }) => `${customer.trim()} ${limitUsd.toFixed(2)}`,
})
export const moreAgents: readonly Agent[] = [clerk]
await refold.start(clerk, { message: 'Hi', context: { customer: 'ann' } })

// @ts-expect-error its runs have a context
await refold.start(clerk, { message: 'Hi' })

// @ts-expect-error of this shape
await refold.start(clerk, { context: { customer: 7 } })

// @ts-expect-error the context has no such field
defineAgent({ name: 'wrong', version: '1', models: ['x/y'], context: shop, instructions: ({ tenant }) => String(tenant) })

const channelled = defineAgent({
  name: 'channelled',
  version: '1',
  instructions: '',
  models: ['x/y', { model: 'x/z', settings: { reasoningEffort: 'high' } }],
  context: shop,
  messageData: z.object({ channel: z.enum(['phone', 'mail']) }),
  prepareModelCall: ({ context, messageData, step }) =>
    step === 1 && messageData.channel === 'phone' ? { maxOutputTokens: context.limitUsd } : { toolChoice: 'none' },
})
export const evenMoreAgents: readonly Agent[] = [channelled]
await refold.start(channelled, { message: 'Hi', data: { channel: 'mail' }, context: { customer: 'ann' } })

// @ts-expect-error the data of a message is of another shape
await refold.start(channelled, { message: 'Hi', data: { channel: 'fax' }, context: { customer: 'ann' } })

const plain = { name: 'plain', version: '1', instructions: '', models: ['x/y'] }

// @ts-expect-error there is no such setting
defineAgent({ ...plain, modelSettings: { heat: 1 } })

// @ts-expect-error nor such a choice
defineAgent({ ...plain, prepareModelCall: () => ({ toolChoice: 'sometimes' }) })

// @ts-expect-error code that decides about a model call sees no dependencies
defineAgent({ ...plain, prepareModelCall: ({ dependencies }) => ({ seed: dependencies }) })
