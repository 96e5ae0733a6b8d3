import { fork } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Order } from './log-program.ts'
import { startStandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { sharedStandIn, withDurableStandIn } from './with-stand-in.ts'

interface Program {
  /** Resolves with the answer, or with the code that the process ended with. */
  tell(order: Order): Promise<unknown>
}

/** Runs something with a process of its own that holds an event log. */
const withProgram = async (connectionString: string, work: (program: Program) => Promise<void>, timeoutMs = 1_000): Promise<void> => {
  const path = join(import.meta.dirname, 'log-program.ts')
  const child = fork(path, [connectionString, String(timeoutMs)], {
    execArgv: ['--conditions=refold:source'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const waiting = new Map<number, (answer: unknown) => void>()
  let orders = 0
  child.on('message', ({ id, answer }: { id: number; answer: unknown }) => waiting.get(id)?.(answer))
  child.on('exit', (code) => {
    for (const settle of waiting.values()) settle(code)
  })
  try {
    await work({
      tell: (order) =>
        new Promise((resolve) => {
          orders += 1
          waiting.set(orders, resolve)
          child.send({ id: orders, order })
        }),
    })
  } finally {
    child.kill('SIGKILL')
  }
}

const ONE_APPEND: Order = { do: 'append', appends: 1, bytes: 10 }

describe('a process with an event log in EventStoreDB', () => {
  const standIn = sharedStandIn()

  test('survives that a client of somebody else ends its pending appends, whose answers then meet nobody', async () => {
    await withProgram(standIn().connectionString, async ({ tell }) => {
      expect(await tell(ONE_APPEND)).toBe('appended')
      await standIn().set({ appends: { kind: 'answeredLate' }, appendCount: 1 })
      const appended = tell({ do: 'append', appends: 1, bytes: 10 })
      await standIn().arrived(2)
      await standIn().set({ appends: { kind: 'storedThenBroken', code: 14, details: 'connection lost' }, appendsOf: 'foreign' })
      const both = [await tell({ do: 'appendWithForeignClient' }), await appended]
      expect(both.join()).toMatch(/connection lost/)
      await standIn().answerLate()
      for (let i = 0; i < 3; i++) expect(await tell(ONE_APPEND)).toBe('appended')
    })
  })

  test('survives that its server dies with much of what it was sent still on the way', async () => {
    await withDurableStandIn(async ({ standIn: lost }) => {
      await withProgram(lost.connectionString, async ({ tell }) => {
        expect(await tell(ONE_APPEND)).toBe('appended')
        lost.freeze()
        const appended = tell({ do: 'append', appends: 40, bytes: 50_000 })
        await lost.kill()
        await lost.restart()
        expect(await appended).toBe('appended')
      })
    })
  })

  test('survives that no node of its cluster is there for a while', async () => {
    await withDurableStandIn(async ({ standIn: first, path }) => {
      const second = await startStandIn({ path })
      await second.set({ leader: first.port })
      const hosts = [first, second].map(({ port }) => `127.0.0.1:${port}`).join(',')
      const cluster = `esdb://${hosts}?tls=false&discoveryInterval=10&maxDiscoverAttempts=2&gossipTimeout=1`
      const loseAll = async ({ tell }: Program): Promise<void> => {
        expect(await tell(ONE_APPEND)).toBe('appended')
        await Promise.all([first.kill(), second.kill()])
        expect(await tell({ do: 'append', appends: 20, bytes: 10 })).toMatch(/cannot be reached|may or may not be stored/)
        await first.restart()
        expect(await tell({ do: 'append', appends: 20, bytes: 10 })).toBe('appended')
      }
      await withProgram(cluster, loseAll, 400)
    })
  })

  test('ends with an unhandled rejection of its own, as every process does', async () => {
    await withProgram(standIn().connectionString, async ({ tell }) => {
      expect(await tell(ONE_APPEND)).toBe('appended')
      expect(await tell({ do: 'rejectWithoutHandler' })).toBe(1)
    })
  })

  test('hears of its own unhandled rejections where it listens for them', async () => {
    await withProgram(standIn().connectionString, async ({ tell }) => {
      expect(await tell({ do: 'listenForRejections' })).toEqual([])
      expect(await tell({ do: 'rejectWithoutHandler' })).toEqual(['not ours'])
    })
  })
})
