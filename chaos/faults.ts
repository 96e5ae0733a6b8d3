import { setTimeout as pause } from 'node:timers/promises'
import type { Chance } from '../src/evals/statistics/chance.ts'
import { downMs, type Fault } from './fault.ts'
import type { Stage } from './stage.ts'
import type { SupervisedProcess } from './supervised-process.ts'

/** Kill -9 of each part that there is. */
export const killsOn = ({ workers, service, relay, projector, brokers, eventStore, postgres }: Stage): readonly Fault[] => [
  { name: 'worker killed', happen: async (chance) => oneOf(workers, chance)?.killAndAwait(downMs(chance)) },
  killOf('HTTP service', service),
  ...(relay === undefined ? [] : [killOf('relay', relay)]),
  ...(projector === undefined ? [] : [killOf('projector', projector)]),
  ...(brokers.length === 0
    ? []
    : [
        {
          name: 'broker killed',
          async happen(chance: Chance) {
            const broker = oneOf(brokers, chance)
            await broker?.kill()
            await pause(downMs(chance))
            await broker?.start()
          },
        },
      ]),
  ...eventStore.kills,
  {
    name: 'Postgres killed',
    async happen(chance) {
      await postgres.kill()
      await pause(downMs(chance))
      await postgres.start()
    },
  },
]

const killOf = (name: string, part: SupervisedProcess): Fault => ({
  name: `${name} killed`,
  happen: (chance) => part.killAndAwait(downMs(chance)),
})

const oneOf = <Part>(parts: readonly Part[], chance: Chance): Part | undefined => parts[chance.below(parts.length)]

/** Those, and parts that are there and do not answer, for longer than leases and sessions last. */
export const faultsOn = (stage: Stage): readonly [Fault, ...Fault[]] => [
  {
    name: 'worker frozen',
    async happen(chance) {
      const worker = oneOf(stage.workers, chance)
      worker?.freeze()
      await pause(chance.between(8_000, 12_000))
      worker?.thaw()
    },
  },
  ...stage.eventStore.freezes,
  ...killsOn(stage),
]
