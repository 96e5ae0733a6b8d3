import { setTimeout as pause } from 'node:timers/promises'
import { startOverHttp } from './http-start.ts'
import type { Stage } from './stage.ts'
import { wishesOverBus } from './wishes.ts'

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

/** A run that somebody was told will be. */
export interface WishedRun {
  readonly runId: string
  readonly over: 'bus' | 'http'
  /** The wish was made, ms since the epoch. */
  readonly wishedAt: number
  /** ms since the epoch */
  readonly acknowledgedAt: number
}

/** Other programs that wish runs, one over the bus, where there is one, and one over HTTP in turn. Resolves once all of them are acknowledged. */
export const startRuns = async (stage: Stage, { prefix, runs, overMs }: Load): Promise<readonly WishedRun[]> => {
  const wishes = stage.kafka === undefined ? undefined : wishesOverBus(stage.kafka)
  const overBus = async (number: number): Promise<string> => {
    const runId = `${prefix}${number}`
    await wishes?.publish(runId, { type: 'startRun', commandId: `${runId}-start`, ...startOf(number) })
    return runId
  }
  const start = async (number: number): Promise<WishedRun> => {
    const wishedAt = Date.now()
    const over = wishes !== undefined && number % 2 === 0 ? 'bus' : 'http'
    const runId = await (over === 'bus' ? overBus(number) : startOverHttp(stage.url, `${prefix}${number}`, startOf(number)))
    return { runId, over, wishedAt, acknowledgedAt: Date.now() }
  }
  const began = performance.now()
  const started: Promise<WishedRun>[] = []
  for (let number = 0; number < runs; number++) {
    started.push(start(number))
    await pause(Math.max(0, began + ((number + 1) * overMs) / runs - performance.now()))
  }
  const wished = await Promise.all(started)
  await wishes?.close()
  return wished
}
