import { describe, expect, test } from 'vitest'
import type { CommitGroup } from '../../../src/eventlog/sqlite/commit-queue.ts'
import { commitQueue } from '../../../src/eventlog/sqlite/commit-queue.ts'
import { rejection } from '../../conformance/event-log-cases.ts'
import { settableClock } from './both-logs.ts'

interface NamedWrite {
  readonly bytes: number
  readonly name: string
}

const named = (name: string, bytes = 1): NamedWrite => ({ name, bytes })

const recording = (): { readonly groups: number[]; readonly commit: CommitGroup<NamedWrite> } => {
  const groups: number[] = []
  return {
    groups,
    commit(writes) {
      groups.push(writes.length)
      return writes.map(({ name }) => (name === 'bad' ? { error: new Error(name) } : { value: name }))
    },
  }
}

const KILOBYTE = 1_024

describe('the commit queue', () => {
  test('commits together what is asked for in one turn, and answers each on its own', async () => {
    const { groups, commit } = recording()
    const queue = commitQueue(commit, settableClock(0))
    const answers = await Promise.allSettled(['a', 'bad', 'c'].map((name) => queue.add(named(name))))
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(groups).toEqual([3])
  })

  test('commits together what its writers ask for next, once they were all answered', async () => {
    const { groups, commit } = recording()
    const queue = commitQueue(commit, settableClock(0))
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await queue.add(named('x'))
    }
    await Promise.all(Array.from({ length: 20 }, writer))
    expect(groups).toEqual([20, 20, 20, 20, 20])
  })

  test('commits at most 512 writes and 4 MB at once, in the order in which they came', async () => {
    const { groups, commit } = recording()
    const queue = commitQueue(commit, settableClock(0))
    await Promise.all(Array.from({ length: 1_100 }, () => queue.add(named('x'))))
    expect(groups).toEqual([512, 512, 76])
    groups.length = 0
    const order: number[] = []
    await Promise.all(Array.from({ length: 12 }, (_, i) => queue.add(named('x', 900 * KILOBYTE)).then(() => order.push(i))))
    expect(groups).toEqual([4, 4, 4])
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('lets a writer that is alone go on at once, and everything else have a turn every two milliseconds', async () => {
    const { commit } = recording()
    const turnsDuring = async (commitMs: number): Promise<number> => {
      const queue = commitQueue<NamedWrite>((writes) => {
        const began = performance.now()
        while (performance.now() - began < commitMs);
        return commit(writes)
      }, settableClock(0))
      await queue.add(named('first'))
      let turns = 0
      const countTurns = (): void => {
        turns += 1
        handle = setImmediate(countTurns)
      }
      let handle = setImmediate(countTurns)
      for (let i = 0; i < 40; i++) await queue.add(named('x'))
      clearImmediate(handle)
      return turns
    }
    expect(await turnsDuring(0)).toBeLessThan(20)
    expect(await turnsDuring(0.5)).toBeGreaterThanOrEqual(8)
  })

  test('tries again as long as another process holds the lock, with whatever has come in between', async () => {
    let busy = 60
    const { groups, commit } = recording()
    const queue = commitQueue<NamedWrite>((writes) => (busy-- > 0 ? 'busy' : commit(writes)), settableClock(0))
    const first = queue.add(named('a'))
    const second = new Promise((resolve) => setImmediate(() => resolve(queue.add(named('b')))))
    expect(await Promise.all([first, second])).toEqual(['a', 'b'])
    expect(groups).toEqual([2])
  })

  test('gives up after ten seconds of a held lock, saying that nothing was stored', async () => {
    const clock = settableClock(0)
    const queue = commitQueue<NamedWrite>(() => 'busy', clock)
    const waiting = queue.add(named('a'))
    setImmediate(() => clock.set(10_000))
    await rejection(waiting, 'EventLogUnavailable')
  })

  test('commits what is queued before it closes, and then refuses', async () => {
    const { groups, commit } = recording()
    const queue = commitQueue(commit, settableClock(0))
    const answers = ['a', 'b'].map((name) => queue.add(named(name)))
    await queue.close()
    expect(await Promise.all(answers)).toEqual(['a', 'b'])
    expect(groups).toEqual([2])
    await rejection(queue.add(named('c')), 'Closed')
  })
})
