import { describe, expect, test } from 'vitest'
import { simulateSeed } from '../../simulation/simulate.ts'

const SEEDS = 1_000
const FIRST_SEED = 1
const PARTS = 4

describe('a cluster in which whatever can go wrong does', () => {
  test.each(Array.from({ length: PARTS }, (_, part) => FIRST_SEED + part * (SEEDS / PARTS)))(
    'keeps what Refold promises, whatever the seed, from %i on',
    { timeout: 300_000 },
    async (first) => {
      const broken: string[] = []
      let crashes = 0
      let effects = 0
      for (let seed = first; seed < first + SEEDS / PARTS; seed++) {
        const report = await simulateSeed(seed)
        crashes += report.crashes
        effects += report.effects
        broken.push(...report.problems.map((problem) => `npm run simulate -- --seeds 1 --from ${seed}: ${problem}`))
      }
      expect(broken).toEqual([])
      // A simulator in which nothing happens would promise nothing.
      expect(crashes).toBeGreaterThan(SEEDS / PARTS)
      expect(effects).toBeGreaterThan(SEEDS / PARTS)
    },
  )

  test('has one history a seed, byte for byte, and another for another seed', async () => {
    const [first, again, other] = [await simulateSeed(42), await simulateSeed(42), await simulateSeed(43)]
    expect(first.history.length).toBeGreaterThan(10)
    expect(again.history).toEqual(first.history)
    expect(other.history).not.toEqual(first.history)
  })

  test('tells the story of a seed without changing it', async () => {
    const told = await simulateSeed(42, { story: true })
    expect(told.story.length).toBeGreaterThan(10)
    expect(told.history).toEqual((await simulateSeed(42)).history)
  })
})
