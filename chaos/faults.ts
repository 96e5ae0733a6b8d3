import { setTimeout as pause } from 'node:timers/promises'
import type { Chance } from '../simulation/chance.ts'
import type { Stage } from './stage.ts'

/** Something that happens to one of the parts. Two that hit the same part never overlap. */
export interface Fault {
  readonly name: string
  /** Resolves once the part is back. */
  happen(stage: Stage, chance: Chance): Promise<void>
}

/** Kill -9 of each part. */
export const kills: readonly Fault[] = [
  { name: 'worker killed', happen: async ({ workers }, chance) => workers[chance.below(workers.length)]?.killAndAwait(downMs(chance)) },
  { name: 'HTTP service killed', happen: ({ service }, chance) => service.killAndAwait(downMs(chance)) },
  { name: 'relay killed', happen: ({ relay }, chance) => relay.killAndAwait(downMs(chance)) },
  { name: 'projector killed', happen: ({ projector }, chance) => projector.killAndAwait(downMs(chance)) },
  { name: 'broker killed', happen: killBroker },
  {
    name: 'event store killed',
    async happen({ backbone: { eventStore } }, chance) {
      await eventStore.kill()
      await pause(downMs(chance))
      await eventStore.restart()
    },
  },
  {
    name: 'Postgres killed',
    async happen({ backbone: { postgres } }, chance) {
      await postgres.kill()
      await pause(downMs(chance))
      await postgres.start()
    },
  },
]

async function killBroker({ backbone: { kafka } }: Stage, chance: Chance): Promise<void> {
  const broker = kafka.brokers[chance.below(kafka.brokers.length)]
  await broker?.kill()
  await pause(downMs(chance))
  await broker?.start()
}

/** As long as a supervisor or an operator may take, ms. */
const downMs = (chance: Chance): number => chance.between(0, 2_000)

/** A part that is there and does not answer, for longer than leases and sessions last. */
const workerFrozen: Fault = {
  name: 'worker frozen',
  async happen({ workers }, chance) {
    const worker = workers[chance.below(workers.length)]
    worker?.freeze()
    await pause(chance.between(8_000, 12_000))
    worker?.thaw()
  },
}

const eventStoreFrozen: Fault = {
  name: 'event store frozen',
  async happen({ backbone: { eventStore } }, chance) {
    eventStore.freeze()
    await pause(chance.between(3_000, 8_000))
    eventStore.thaw()
  },
}

export const faults: readonly [Fault, ...Fault[]] = [workerFrozen, eventStoreFrozen, ...kills]
