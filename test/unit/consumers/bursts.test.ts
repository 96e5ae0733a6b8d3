import { describe, expect, test } from 'vitest'
import { bursts } from '../../../src/consumers/bursts.ts'

/** Items that come when they are put, and an end when it is told. */
const source = () => {
  const items: number[] = []
  let wake: (() => void) | undefined
  let end: { readonly error?: Error } | undefined
  const log: string[] = []
  async function* read(): AsyncGenerator<number> {
    try {
      for (;;) {
        for (const item of items.splice(0)) yield item
        if (end?.error !== undefined) throw end.error
        if (end !== undefined) return
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      log.push('released')
    }
  }
  const put = (...added: number[]): void => {
    items.push(...added)
    wake?.()
  }
  const finish = (error?: Error): void => {
    end = error === undefined ? {} : { error }
    wake?.()
  }
  return { read, put, finish, log }
}

const most = (items: number) => ({ items, length: 1_000, lengthOf: (item: number) => item })

describe('bursts', () => {
  test('hold together what comes within one turn of the event loop, and cut it at the given length', async () => {
    const { read, put, finish } = source()
    put(1, 2, 3, 4, 5)
    const gathered = bursts(read(), most(3))
    expect((await gathered.next()).value).toEqual([1, 2, 3])
    expect((await gathered.next()).value).toEqual([4, 5])
    const later = gathered.next()
    put(6)
    expect((await later).value).toEqual([6])
    finish()
    expect(await gathered.next()).toEqual({ done: true, value: undefined })
  })
  test('wait for no second item', async () => {
    const { read, put, finish, log } = source()
    const gathered = bursts(read(), most(3))
    put(1)
    expect((await gathered.next()).value).toEqual([1])
    const ending = gathered.return()
    finish()
    await ending
    expect(log).toEqual(['released'])
  })
  test('give what came before the end', async () => {
    const { read, put, finish } = source()
    put(1, 2)
    finish()
    const gathered = bursts(read(), most(9))
    expect((await gathered.next()).value).toEqual([1, 2])
    expect((await gathered.next()).done).toBe(true)
  })
  test('end with the error that their items end with, also where it comes while a burst is worked on', async () => {
    const { read, put, finish, log } = source()
    const gathered = bursts(read(), most(9))
    put(1)
    expect((await gathered.next()).value).toEqual([1])
    finish(new Error('lost'))
    await new Promise((resolve) => setImmediate(resolve))
    await expect(gathered.next()).rejects.toThrow('lost')
    expect(log).toEqual(['released'])
  })
})
