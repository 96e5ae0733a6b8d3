import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { dataHash } from '../../../examples/airline/data-hash.ts'
import { groundTruth, meanReward, passHatK, rewardOf, type FinishedRun, type Task } from '../../../examples/airline/reward.ts'
import { call, smallAirline } from './small-airline.ts'

const fresh = smallAirline()
const cancelled = call(fresh, 'cancel_reservation', { reservation_id: '"RES001"' }).data

const task = (changes: Partial<Task> = {}): Task => ({
  userId: 'mia',
  instruction: 'You are mia. You want to cancel RES001.',
  actions: [{ name: 'cancel_reservation', argumentsText: '{"reservation_id": "RES001"}' }],
  outputs: [],
  ...changes,
})

const run = (changes: Partial<FinishedRun> = {}): FinishedRun => ({ task: task(), data: cancelled, answers: [], end: 'stop', ...changes })

describe('the reward of a run', () => {
  test('is 1 where the run left the data as the ground truth does', () => {
    expect(rewardOf(run(), fresh)).toEqual({ reward: 1, dataMatches: true, groundTruthHash: dataHash(cancelled), outputs: {} })
    expect(rewardOf(run({ end: 'transfer' }), fresh).reward).toBe(1)
  })

  test('is 0 where the data differ', () => {
    expect(rewardOf(run({ data: fresh }), fresh)).toMatchObject({ reward: 0, dataMatches: false })
    const twice = call(cancelled, 'cancel_reservation', { reservation_id: '"RES001"' }).data
    expect(rewardOf(run({ data: twice }), fresh).reward).toBe(0)
  })

  test('is 0 at the step limit, whatever the data', () => {
    expect(rewardOf(run({ end: 'stepLimit' }), fresh)).toMatchObject({ reward: 0, dataMatches: true })
  })

  test('asks for every output in some answer, without regard to case and commas', () => {
    const withOutputs = task({ outputs: ['23553', 'gate B'] })
    const outputs = (...answers: readonly string[]): unknown => rewardOf(run({ task: withOutputs, answers }), fresh)
    expect(outputs('It is $23,553.', 'At GATE b')).toMatchObject({ reward: 1, outputs: { '23553': true, 'gate B': true } })
    expect(outputs('It is $23,553.')).toMatchObject({ reward: 0, dataMatches: true, outputs: { '23553': true, 'gate B': false } })
    expect(outputs()).toMatchObject({ reward: 0, outputs: { '23553': false } })
  })

  test('is computed without transfers and without regard to failing actions of the ground truth', () => {
    const actions = [
      { name: 'transfer_to_human_agents', argumentsText: '{"summary": ""}' },
      { name: 'get_user_details', argumentsText: '{"user_id": "nobody"}' },
    ]
    expect(groundTruth(task({ actions }), fresh)).toBe(fresh)
  })
})

describe('the rewards of many runs', () => {
  const rewards = [1, 1, 1, 0, 0, 0].map((reward, i) => ({ taskId: Math.floor(i / 2), reward }))

  test('have a mean, and a chance that all of k trials succeed', () => {
    expect(meanReward(rewards)).toBe(0.5)
    expect(passHatK(rewards, 1)).toBe(0.5)
    expect(passHatK(rewards, 2)).toBeCloseTo(1 / 3, 12)
  })

  test('count as a success within a millionth', () => {
    expect(passHatK([{ taskId: 1, reward: 0.9999995 }], 1)).toBe(1)
    expect(passHatK([{ taskId: 1, reward: 0.99 }], 1)).toBe(0)
  })

  test('have no pass^k for more trials than there were', () => {
    expect(() => passHatK(rewards, 3)).toThrow('expected at least 3 trials of task 0, found 2')
    expect(() => passHatK(rewards, 0)).toThrow('expected k as an integer from 1, found 0')
  })

  test('have a pass^1 that is their mean, and a pass^k that only falls with k', () => {
    const trials = fc.array(fc.array(fc.constantFrom(0, 1), { minLength: 4, maxLength: 4 }), { minLength: 1 })
    fc.assert(
      fc.property(trials, (tasks) => {
        const all = tasks.flatMap((ofTask, taskId) => ofTask.map((reward) => ({ taskId, reward })))
        const passes = [1, 2, 3, 4].map((k) => passHatK(all, k))
        expect(passes[0]).toBeCloseTo(meanReward(all), 10)
        expect(passes.toSorted((a, b) => b - a)).toEqual(passes)
      }),
    )
  })
})
