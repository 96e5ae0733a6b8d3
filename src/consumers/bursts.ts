import { setImmediate } from 'node:timers/promises'

/** Lets everything else that is ready go first. */
export const nextTurn = async (): Promise<undefined> => {
  await setImmediate()
}

/**
 * Every item as soon as it comes, together with those that come within the same turn of the event loop, up to the limits.
 * Where the items end with an error, it comes in place of the burst that was being gathered.
 */
export async function* bursts<Item>(
  items: AsyncIterable<Item>,
  most: { readonly items: number; readonly length: number; readonly lengthOf: (item: Item) => number },
): AsyncGenerator<readonly Item[], void, undefined> {
  const iterator = items[Symbol.asyncIterator]()
  try {
    let next = iterator.next()
    for (;;) {
      const burst: Item[] = []
      let length = 0
      let item: IteratorResult<Item> | undefined = await next
      const turn = nextTurn()
      while (item !== undefined && item.done !== true) {
        burst.push(item.value)
        length += most.lengthOf(item.value)
        next = iterator.next()
        // Nobody awaits it while a burst is being worked on; its failure is not lost, since the same promise is awaited afterwards.
        next.catch(() => undefined)
        item = burst.length < most.items && length < most.length ? await Promise.race([next, turn]) : undefined
      }
      if (burst.length > 0) yield burst
      if (item?.done === true) return
    }
  } finally {
    await iterator.return?.()
  }
}
