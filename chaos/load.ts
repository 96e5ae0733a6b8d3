import { setTimeout as pause } from 'node:timers/promises'
import type { Publisher } from '../src/bus/bus.ts'
import { isAppError } from '../src/errors.ts'
import type { Stage } from './stage.ts'

const plans: readonly (readonly [agent: string, message: string])[] = [
  ['desk', 'plan: read 1 + note 2 + pay 3; ship 4 + sign 5; say done'],
  ['desk', 'plan: pay 1; pay 2 + ship 3; pay 4; say done'],
  ['guarded', 'plan: pay 7 + note 1; ship 2; say my card'],
  ['clerk', 'plan: note 1 + ship 2; wrong; say late'],
  ['frugal', 'plan: pay 1 + pay 2; pay 3; say done'],
]

const startOf = (number: number): Record<string, unknown> => {
  const [agent, message] = plans[number % plans.length] ?? []
  return number % 6 === 5 ? { agent: 'trip', input: { n: number } } : { agent, message }
}

export interface Load {
  /** All run ids begin so. */
  readonly prefix: string
  readonly runs: number
  /** Within so long all of them are started. */
  readonly overMs: number
}

/** A run whose command the bus has acknowledged. */
export interface WishedRun {
  readonly runId: string
  /** ms since the epoch */
  readonly acknowledgedAt: number
}

/** Another program that wishes runs. Resolves once the bus has acknowledged all of them. */
export const startRuns = async (stage: Stage, { prefix, runs, overMs }: Load): Promise<readonly WishedRun[]> => {
  const wishes = openWishes(stage)
  const wished: WishedRun[] = []
  const began = performance.now()
  for (let number = 0; number < runs; number++) {
    const runId = `${prefix}${number}`
    await wishes.publish(runId, { type: 'startRun', commandId: `${runId}-start`, ...startOf(number) })
    wished.push({ runId, acknowledgedAt: Date.now() })
    await pause(Math.max(0, began + ((number + 1) * overMs) / runs - performance.now()))
  }
  await wishes.close()
  return wished
}

export interface Wishes {
  /** Resolves once the bus has it, whatever happens to the bus meanwhile. */
  publish(runId: string, command: Readonly<Record<string, unknown>>): Promise<void>
  close(): Promise<void>
}

const PAUSE_BEFORE_RETRY_MS = 200

export const openWishes = ({ bus, topics }: Stage): Wishes => {
  let publisher: Promise<Publisher> | undefined
  return {
    async publish(runId, command) {
      const wish = [{ topic: topics.commands, messages: [{ key: runId, value: JSON.stringify({ ...command, runId }), headers: {} }] }]
      for (;;) {
        try {
          publisher ??= bus.openPublisher()
          await (await publisher).publish(wish)
          return
        } catch (error) {
          if (!isAppError(error, 'BusUnavailable')) throw error
          await pause(PAUSE_BEFORE_RETRY_MS)
        }
      }
    },
    close: async () => (await publisher)?.close(),
  }
}
