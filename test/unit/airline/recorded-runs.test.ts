import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AirlineData } from '../../../examples/airline/airline-data.ts'
import { callTool } from '../../../examples/airline/call-tool.ts'
import { dataHash } from '../../../examples/airline/data-hash.ts'
import { loadAirline } from '../../../examples/airline/dataset.ts'
import { answersOf, endOf, loadRecordedRuns, toolCallsOf, type RecordedRun } from '../../../examples/airline/recorded-runs.ts'
import { meanReward, passHatK, rewardOf, type Reward } from '../../../examples/airline/reward.ts'

const projectRoot = path.resolve(import.meta.dirname, '../../..')
const folder = path.resolve(projectRoot, process.env['REFOLD_DATA'] ?? '../shared/data', 'tau-airline')
const reason = `there is no airline data at ${path.relative(projectRoot, folder)}; REFOLD_DATA names the folder that holds tau-airline`

interface Replayed {
  readonly run: RecordedRun
  readonly results: readonly { readonly is: string; readonly was: string }[]
  readonly reward: Reward
}

const replay = (run: RecordedRun, fresh: AirlineData): Replayed => {
  let data = fresh
  const results = toolCallsOf(run.messages).map((call) => {
    const outcome = callTool(data, call.name, call.argumentsText)
    data = outcome.data
    return { is: outcome.text, was: call.result }
  })
  const { task, messages } = run
  return { run, results, reward: rewardOf({ task, data, answers: answersOf(messages), end: endOf(messages) }, fresh) }
}

const count = <Item>(items: readonly Item[], holds: (item: Item) => boolean): number => items.filter(holds).length

describe('the recorded runs of the airline benchmark', () => {
  test('are reproduced to the byte: every tool result, every hash, every reward', async (context) => {
    if (!existsSync(folder)) context.skip(reason)
    const [{ data, tools, policy }, runs] = await Promise.all([loadAirline(folder), loadRecordedRuns(folder)])
    const replayed = runs.map((run) => replay(run, data))

    const results = replayed.flatMap((one) => one.results)
    expect(results.filter(({ is, was }) => is !== was)).toEqual([])
    expect(results).toHaveLength(572)
    expect(count(results, ({ is }) => is.startsWith('Error: '))).toBe(33)
    expect(results.reduce((sum, { is }) => sum + is.length, 0)).toBe(365_750)

    const hashed = replayed.filter(({ run }) => run.groundTruthHash !== undefined)
    expect(hashed).toHaveLength(91)
    expect(hashed.map(({ reward }) => reward.groundTruthHash)).toEqual(hashed.map(({ run }) => run.groundTruthHash))
    expect(hashed.map(({ reward }) => reward.dataMatches)).toEqual(hashed.map(({ run }) => run.dataMatched))
    expect(count(hashed, ({ reward }) => reward.dataMatches)).toBe(42)
    expect(count(replayed, ({ reward }) => reward.dataMatches)).toBe(45)

    const told = replayed.filter(({ run }) => run.outputs !== undefined)
    expect(told).toHaveLength(7)
    expect(told.map(({ reward }) => reward.outputs)).toEqual(told.map(({ run }) => run.outputs))

    expect(replayed.map(({ reward }) => reward.reward)).toEqual(runs.map(({ reward }) => reward))
    expect(replayed).toHaveLength(100)
    const rewards = replayed.map(({ run: { taskId }, reward: { reward } }) => ({ taskId, reward }))
    expect([meanReward(rewards), passHatK(rewards, 1), passHatK(rewards, 2)]).toEqual([0.43, 0.43, 0.24])

    expect(['stop', 'transfer', 'stepLimit'].map((end) => count(runs, ({ messages }) => endOf(messages) === end))).toEqual([76, 22, 2])
    expect(runs.every(({ messages }) => messages[0]?.content === policy)).toBe(true)
    expect(tools).toHaveLength(14)
    expect(dataHash(data)).toBe('4a02dcbc0e3ace4d398988d60a33e73afad4d201deb426303159f086cadad20f')
  })
})
