import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { answer, defineAgent, defineTool, openRefold, scriptedModel, toolCalls } from 'refold'
import { z } from 'zod'
import { alternate, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'

/** Calls of one tool that one answer of the model asks for. Processor time of this process, in microseconds each. */
export interface FanOut {
  readonly calls100: Spread
  readonly calls1000: Spread
  readonly calls1000Over100: Spread
}

const noLimits = {
  iterationsPerTurn: null,
  toolCallsPerTurn: null,
  tokens: null,
  costUsd: null,
  wallTimeMs: null,
  repeatedCalls: null,
  cycles: null,
}

const lookUp = defineTool({
  name: 'look_up',
  description: 'Looks one thing up.',
  input: z.object({ key: z.string() }),
  output: z.string(),
  effect: 'read',
  execute: ({ key }) => Promise.resolve(key.padEnd(200, ' text')),
})

export const measureFanOut = async (folder: string, limits: RoundLimits): Promise<FanOut> => {
  const dir = mkdtempSync(join(folder, 'fan-out-'))
  const agent = defineAgent({
    name: 'many-hands',
    version: '1',
    instructions: 'Look all up.',
    models: ['scripted/one'],
    tools: [lookUp],
    maxToolCallsPerAnswer: 1_000,
    limits: noLimits,
  })
  let calls = 0
  const model = scriptedModel(({ messages }) =>
    messages.length > 1
      ? answer('All is looked up.')
      : toolCalls(Array.from({ length: calls }, (_, index) => ({ name: 'look_up', arguments: { key: String(index) } }))),
  )
  const logger = pino({ level: 'silent' })
  const refold = await openRefold({ dir, agents: [agent], models: { scripted: model }, logger, sweepIntervalMs: 600_000 })
  const cpuOf = async (count: number, runs: number): Promise<number> => {
    calls = count
    const before = process.cpuUsage()
    for (let run = 0; run < runs; run++) await (await refold.start('many-hands', { message: 'go' })).untilSettled()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / (count * runs)
  }
  const found = await alternate(limits, { calls100: () => cpuOf(100, 5), calls1000: () => cpuOf(1_000, 1) })
  await refold.close()
  return {
    calls100: spreadOf(found.calls100),
    calls1000: spreadOf(found.calls1000),
    calls1000Over100: ratioSpread(found.calls1000, found.calls100),
  }
}
