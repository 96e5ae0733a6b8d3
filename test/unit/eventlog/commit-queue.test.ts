import { describe, expect, test } from 'vitest'
import type { CommitGroup } from '../../../src/eventlog/commit-queue.ts'
import { commitQueue } from '../../../src/eventlog/commit-queue.ts'
import { rejection } from '../../conformance/event-log-cases.ts'
import { settableClock } from './both-logs.ts'

const recording = (): { readonly groups: number[]; readonly commit: CommitGroup<string> } => {
  const groups: number[] = []
  return {
    groups,
    commit(writes) {
      groups.push(writes.length)
      return writes.map((write) => (write === 'bad' ? { error: new Error(write) } : { value: write }))
    },
  }
}

const KILOBYTE = 1_024

describe('the commit queue', () => {
  test('commits together what is asked for in one turn, and answers each on its own', async () => {
    const { groups, commit } = recording()
    const queue = commitQueue(commit, settableClock(0))
    const answers = await Promise.allSettled(['a', 'bad', 'c'].map((write) => queue.add(write, 1)))
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(groups).toEqual([3])
  })

  test('commits together what its writers ask for next, once they were all answered', async () => {
    const { groups, commit } = recording()
    const queue = commitQueue(commit, settableClock(0))
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await queue.add('x', 1)
    }
    await Promise.all(Array.from({ length: 20 }, writer))
    expect(groups).toEqual([20, 20, 20, 20, 20])
  })

  test('commits at most 512 writes and 4 MB at once, in the order in which they came', async () => {
    const { groups, commit } = recording()
    const queue = commitQueue(commit, settableClock(0))
    await Promise.all(Array.from({ length: 1_100 }, () => queue.add('x', 1)))
    expect(groups).toEqual([512, 512, 76])
    groups.length = 0
    const order: number[] = []
    await Promise.all(Array.from({ length: 12 }, (_, i) => queue.add('x', 900 * KILOBYTE).then(() => order.push(i))))
    expect(groups).toEqual([4, 4, 4])
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('tries again as long as another process holds the lock, with whatever has come in between', async () => {
    let busy = 60
    const { groups, commit } = recording()
    const queue = commitQueue<string>((writes) => (busy-- > 0 ? 'busy' : commit(writes)), settableClock(0))
    const first = queue.add('a', 1)
    const second = new Promise((resolve) => setImmediate(() => resolve(queue.add('b', 1))))
    expect(await Promise.all([first, second])).toEqual(['a', 'b'])
    expect(groups).toEqual([2])
  })

  test('gives up after ten seconds of a held lock, saying that nothing was stored', async () => {
    const clock = settableClock(0)
    const queue = commitQueue<string>(() => 'busy', clock)
    const waiting = queue.add('a', 1)
    setImmediate(() => clock.set(10_000))
    await rejection(waiting, 'EventLogUnavailable')
  })

  test('commits what is queued before it closes, and then refuses', async () => {
    const { groups, commit } = recording()
    const queue = commitQueue(commit, settableClock(0))
    const answers = ['a', 'b'].map((write) => queue.add(write, 1))
    await queue.close()
    expect(await Promise.all(answers)).toEqual(['a', 'b'])
    expect(groups).toEqual([2])
    await rejection(queue.add('c', 1), 'Closed')
  })
})
