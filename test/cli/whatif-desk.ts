import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { answer, defineAgent, defineTool, scriptedModel, toolCalls, type Agent, type ModelRequest, type RefoldOptions } from 'refold'

// A desk in three versions. Whatever is asked or done outside is a line of a file in its folder, so that a process that is killed leaves it.

const lines = (file: string): number => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0)

export interface DeskIn extends Pick<RefoldOptions, 'models' | 'prices'> {
  readonly agents: readonly Agent[]
  readonly asked: () => number
  readonly done: () => number
}

/** `diesAt`: at which call of a model this process is killed. */
export const deskIn = (folder: string, diesAt = Number(process.env['DIES_AT'] ?? 0)): DeskIn => {
  const [askedFile, doneFile] = [join(folder, 'asked.txt'), join(folder, 'done.txt')]
  const refund = (askedFrom: number) =>
    defineTool({
      name: 'refund',
      description: 'Pays back',
      input: z.object({ usd: z.number() }),
      output: z.object({ paid: z.boolean() }),
      effect: 'once',
      approval: ({ usd }) => usd >= askedFrom,
      execute: () => {
        appendFileSync(doneFile, 'refund\n')
        return Promise.resolve({ paid: true })
      },
    })
  /** Refunds what the newest message names, then says so. The second one refunds half of what is more than 40. */
  const model = scriptedModel(({ model: name, messages }: ModelRequest) => {
    appendFileSync(askedFile, `${name}\n`)
    if (lines(askedFile) === diesAt) process.kill(process.pid, 'SIGKILL')
    const last = messages.at(-1)
    if (last?.role === 'tool') return answer('Done.')
    const usd = Number(/\d+/.exec(JSON.stringify(last?.parts))?.[0])
    if (Number.isNaN(usd)) return answer(name === 'one' ? 'How much?' : 'How much is it?')
    return toolCalls([{ name: 'refund', arguments: { usd: name === 'two' && usd > 40 ? usd / 2 : usd } }])
  })
  const support = (version: string, name: string, askedFrom: number) =>
    defineAgent({ name: 'support', version, instructions: 'Help.', models: [`shop/${name}`], tools: [refund(askedFrom)] })
  const broken = defineAgent({
    name: 'support',
    version: '3',
    instructions: 'Help.',
    models: ['shop/one'],
    tools: [refund(100)],
    guardrails: {
      action: [
        {
          name: 'broken',
          check: () => {
            throw new Error('boom')
          },
        },
      ],
    },
  })
  const clerk = defineAgent({ name: 'clerk', version: '2', instructions: 'Help.', models: ['shop/one'] })
  const price = { inputMicroUsdPerMTok: 1_000_000, outputMicroUsdPerMTok: 1_000_000 }
  return {
    agents: [support('2', 'two', 30), broken, clerk, support('1', 'one', 100)],
    models: { shop: model },
    prices: { 'shop/one': price, 'shop/two': price },
    asked: () => lines(askedFile),
    done: () => lines(doneFile),
  }
}
