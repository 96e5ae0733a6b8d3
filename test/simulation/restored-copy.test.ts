import { describe, expect, test } from 'vitest'
import { simulateRestore } from '../../simulation/restored-copy.ts'

const SEEDS = 60

describe('three processes on an older copy of the log of three others', () => {
  test('keep every promise: above all, no `once` effect is had twice', { timeout: 60_000 }, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { problems } = await simulateRestore(seed)
      if (problems.length === 0) continue
      const { story } = await simulateRestore(seed, { story: true })
      expect([...story, `seed ${seed}:`, ...problems].join('\n')).toBe('')
    }
  })

  test('do meet what they are there for', { timeout: 60_000 }, async () => {
    const told: string[] = []
    for (let seed = 1; seed <= SEEDS; seed++) told.push(...(await simulateRestore(seed, { story: true })).story)
    const met = (what: RegExp): number => told.filter((line) => what.test(line)).length
    const found = {
      restored: met(/RunRestored/) > 30,
      heldCalls: met(/ToolCallUnresolved .*it may have happened before/) > 20,
      lookedUp: met(/the look-up of \w+ is succeeded/) > 3,
      didNothing: met(/the look-up of \w+ is nothing/) > 3,
      settledByPeople: met(/ToolCallFailed .*it is not in the books/) > 3,
    }
    expect(Object.entries(found).filter(([, isMet]) => !isMet)).toEqual([])
  })
})
