import { explore, openTestRefold } from 'refold/testing'
import { customers } from '../examples/order-desk/customers.ts'
import { deskScenario } from '../examples/order-desk/scenario.ts'
import { alternate, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'

/** Every customer of the order desk, with a process that dies at each of its appends; beside the same runs of which no process dies. */
export interface ExploredDesk {
  readonly deaths: number
  readonly seconds: Spread
  /** One death beside one run without any. */
  readonly deathOverRun: Spread
}

const MESSAGES = Object.values(customers)

export const measureExploredDesk = async (limits: RoundLimits): Promise<ExploredDesk> => {
  let deaths = 0
  const explored = async (): Promise<void> => {
    deaths = 0
    for (const message of MESSAGES) deaths += (await explore(() => deskScenario(message))).deaths.length
  }
  const found = await alternate(limits, { explored: () => secondsOf(explored), undisturbed: () => secondsOf(undisturbed) })
  const eachDeath = found.explored.map((seconds) => seconds / deaths)
  const eachRun = found.undisturbed.map((seconds) => seconds / MESSAGES.length)
  return { deaths, seconds: spreadOf(found.explored), deathOverRun: ratioSpread(eachDeath, eachRun) }
}

const undisturbed = async (): Promise<void> => {
  for (const message of MESSAGES) {
    const { agents, start, people, outside: _, ...world } = deskScenario(message)
    const refold = await openTestRefold({ agents, ...world })
    const run = await refold.start(agents[0], start)
    for (let view = await refold.settle(run); ; view = await refold.settle(run)) {
      const command = people?.(run, view)
      if (command === undefined) break
      await command
    }
    await refold.close()
  }
}

const secondsOf = async (work: () => Promise<void>): Promise<number> => {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1_000
}
