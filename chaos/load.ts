import { setTimeout as pause } from 'node:timers/promises'
import { startOverHttp } from './http-start.ts'
import type { Stage } from './stage.ts'
import { commandsOverBus } from './commands.ts'

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
export interface RequestedRun {
  readonly runId: string
  readonly over: 'bus' | 'http'
  /** The request was made, ms since the epoch. */
  readonly requestedAt: number
  /** ms since the epoch */
  readonly acknowledgedAt: number
}

/** Other programs that ask for runs, one over the bus, where there is one, and one over HTTP in turn. Resolves once all of them are acknowledged. */
export const startRuns = async (stage: Stage, { prefix, runs, overMs }: Load): Promise<readonly RequestedRun[]> => {
  const commands = stage.kafka === undefined ? undefined : commandsOverBus(stage.kafka)
  const overBus = async (number: number): Promise<string> => {
    const runId = `${prefix}${number}`
    await commands?.publish(runId, { type: 'startRun', commandId: `${runId}-start`, ...startOf(number) })
    return runId
  }
  const start = async (number: number): Promise<RequestedRun> => {
    const requestedAt = Date.now()
    const over = commands !== undefined && number % 2 === 0 ? 'bus' : 'http'
    const runId = await (over === 'bus' ? overBus(number) : startOverHttp(stage.url, `${prefix}${number}`, startOf(number)))
    return { runId, over, requestedAt, acknowledgedAt: Date.now() }
  }
  const began = performance.now()
  const started: Promise<RequestedRun>[] = []
  for (let number = 0; number < runs; number++) {
    started.push(start(number))
    await pause(Math.max(0, began + ((number + 1) * overMs) / runs - performance.now()))
  }
  const requested = await Promise.all(started)
  await commands?.close()
  return requested
}
