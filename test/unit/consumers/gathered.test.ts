import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { gathered } from '../../../src/consumers/batches.ts'

const limits = { items: 4, bytes: 10, bytesOf: (item: number) => item }

const collect = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

async function* listed(items: readonly number[]): AsyncGenerator<number> {
  for (const item of items) yield Promise.resolve(item)
}

describe('items that are gathered into batches', () => {
  test('come all, in order, and no batch is above the limits but for one item', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 14 })), async (items) => {
        const batches = await collect(gathered(listed(items), limits))
        expect(batches.flat()).toEqual(items)
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(4)
          if (batch.length > 1) expect(batch.reduce((sum, item) => sum + item, 0)).toBeLessThanOrEqual(10)
        }
      }),
    )
  })
  test('wait for no other: the first comes alone, and what came meanwhile comes together', async () => {
    const gate = Promise.withResolvers<undefined>()
    async function* source(): AsyncGenerator<number> {
      yield 1
      await gate.promise
      yield* listed([2, 1, 1])
    }
    const batches = gathered(source(), limits)
    expect((await batches.next()).value).toEqual([1])
    gate.resolve(undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expect((await batches.next()).value).toEqual([2, 1, 1])
    expect((await batches.next()).done).toBe(true)
  })
  test('come before the error with which they end', async () => {
    async function* source(): AsyncGenerator<number> {
      yield* listed([1, 2])
      throw new Error('the log is gone')
    }
    const batches = gathered(source(), limits)
    await new Promise((resolve) => setImmediate(resolve))
    expect((await batches.next()).value).toEqual([1])
    expect((await batches.next()).value).toEqual([2])
    await expect(batches.next()).rejects.toThrow('the log is gone')
  })
  test('are read ahead by two batches at most, and no further once nobody wants them', async () => {
    let read = 0
    let isEnded = false
    async function* source(): AsyncGenerator<number> {
      try {
        for (;;) {
          read += 1
          yield Promise.resolve(1)
        }
      } finally {
        isEnded = true
      }
    }
    const batches = gathered(source(), limits)
    await batches.next()
    await new Promise((resolve) => setImmediate(resolve))
    expect(read).toBeLessThanOrEqual(2 * limits.items + limits.items)
    await batches.return()
    await new Promise((resolve) => setImmediate(resolve))
    expect(isEnded).toBe(true)
  })
})
