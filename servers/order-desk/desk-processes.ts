import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { kafkaClient } from '../../src/bus/kafka/client.ts'
import { systemClock } from '../../src/clock.ts'
import { startRefoldProcess, type RefoldProcess } from '../refold-process.ts'
import type { DeskServers } from './desk-servers.ts'

const EXAMPLE = resolve(import.meta.dirname, '../../examples/order-desk')
const CONFIG = join(EXAMPLE, 'refold.config.ts')
/** A worker of this configuration is killed between the charge and the record of it. */
const DYING_CONFIG = join(EXAMPLE, 'charge-and-die.config.ts')
const PARTITIONS = '6'
const WAIT_MS = 60_000

/** Refold's processes for the order desk, under the names by which the story speaks of them. */
export interface DeskProcesses {
  /** Of the HTTP service. */
  readonly url: string
  /** The process that an owner, as claims name it, belongs to. */
  nameOf(owner: string): string
  /** Resolves with the name of the first worker that has ended. */
  workerGone(): Promise<string>
  /** Another one, as a supervisor starts it where one has ended. */
  startWorker(name: string): Promise<void>
  /** SIGTERM to all that live. Resolves with a line for each that did not end with 0. */
  stop(): Promise<readonly string[]>
}

interface Named {
  readonly name: string
  readonly process: RefoldProcess
}

/** Resolves once all of them serve, and both workers have their share of the commands. */
export const startDeskProcesses = async (servers: DeskServers, folder: string): Promise<DeskProcesses> => {
  const environment = { ...servers.environment, REFOLD_LOG_LEVEL: 'error' }
  const all: Named[] = []
  const gone = Promise.withResolvers<string>()
  const begin = async (name: string, words: readonly string[], config = CONFIG): Promise<string> => {
    const process = startRefoldProcess({ words, config, folder, environment })
    all.push({ name, process })
    if (words[0] === 'worker') void process.gone.then(() => gone.resolve(name))
    return process.ready
  }
  const stop = async (): Promise<readonly string[]> => {
    const ends = await Promise.all(all.map(async ({ name, process }) => ({ name, code: await process.stop() })))
    return ends.flatMap(({ name, code }) => (code === 0 || code === null ? [] : [`${name} ended with ${code}`]))
  }
  try {
    // It makes the topics, so it comes first.
    await begin('relay', ['relay', '--partitions', PARTITIONS])
    const [, listening] = await Promise.all([
      begin('projector', ['project']),
      begin('service', ['serve', '--port', '0']),
      begin('worker 1', ['worker'], DYING_CONFIG),
      begin('worker 2', ['worker'], DYING_CONFIG),
    ])
    await membersOf('refold.workers', 2, servers.environment.REFOLD_KAFKA)
    return {
      url: /http\S+/.exec(listening)?.[0] ?? '',
      nameOf: (owner) => all.find(({ process }) => owner.split('/')[1] === String(process.pid))?.name ?? owner,
      workerGone: () => gone.promise,
      startWorker: async (name) => {
        await begin(name, ['worker'])
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Resolves once a group has so many members, each with its partitions. */
const membersOf = async (group: string, members: number, brokers: string): Promise<void> => {
  const admin = kafkaClient({ brokers: brokers.split(','), clock: systemClock, notify: () => undefined }).admin()
  await admin.connect()
  try {
    const until = Date.now() + WAIT_MS
    for (;;) {
      const { groups } = await admin.describeGroups([group])
      if (groups[0]?.state === 'Stable' && groups[0].members.length >= members) return
      if (Date.now() > until) throw new Error(`expected ${members} members of ${group}, found ${groups[0]?.members.length ?? 0}`)
      await pause(100)
    }
  } finally {
    await admin.disconnect()
  }
}
