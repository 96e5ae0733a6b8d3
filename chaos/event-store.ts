import { setTimeout as pause } from 'node:timers/promises'
import type { StandIn } from '../servers/event-store/event-store-stand-in.ts'
import type { Chance } from '../src/evals/statistics/chance.ts'
import type { Control } from './control.ts'
import { downMs, type Fault } from './fault.ts'

/** The log under chaos, and what can be done to it. */
export interface TroubledEventStore {
  readonly kills: readonly Fault[]
  /** A node that is there and does not answer. */
  readonly freezes: readonly Fault[]
}

const freezeMs = (chance: Chance): number => chance.between(3_000, 8_000)

export const troubledStandIn = (standIn: StandIn): TroubledEventStore => ({
  kills: [
    {
      name: 'event store killed',
      async happen(chance) {
        await standIn.kill()
        await pause(downMs(chance))
        await standIn.restart()
      },
    },
  ],
  freezes: [
    {
      name: 'event store frozen',
      async happen(chance) {
        standIn.freeze()
        await pause(freezeMs(chance))
        standIn.thaw()
      },
    },
  ],
})

/** `answers` resolves once the log can be read again. Whoever ends within `settlingMs` of its start is started again. */
export const troubledNodes = (control: Control, answers: () => Promise<unknown>, settlingMs = 3_000): TroubledEventStore => {
  const others = async (leader: number): Promise<readonly number[]> => control.nodes.filter((node) => node !== leader)
  const away = async (nodes: readonly number[], how: 'kill' | 'stop', chance: Chance): Promise<void> => {
    for (const node of nodes) await control[how](node)
    await pause(downMs(chance))
    for (const node of nodes) await startForGood(control, node, settlingMs)
    await answers()
  }
  const leaderKilled: Fault = {
    name: 'event store killed',
    happen: async (chance) => away([await control.leader()], 'kill', chance),
  }
  const leaderStopped: Fault = {
    name: 'event store stopped',
    happen: async (chance) => away([await control.leader()], 'stop', chance),
  }
  const followerKilled: Fault = {
    name: 'event store follower-killed',
    happen: async (chance) => away((await others(await control.leader())).slice(0, 1), 'kill', chance),
  }
  const majorityKilled: Fault = {
    name: 'event store two-killed',
    async happen(chance) {
      const leader = await control.leader()
      await away([leader, ...(await others(leader)).slice(0, 1)], 'kill', chance)
    },
  }
  const leaderFrozen: Fault = {
    name: 'event store frozen',
    async happen(chance) {
      const pid = await control.pid(await control.leader())
      if (pid === undefined) return
      process.kill(pid, 'SIGSTOP')
      await pause(freezeMs(chance))
      process.kill(pid, 'SIGCONT')
      await answers()
    },
  }
  const isCluster = control.nodes.length > 1
  return {
    kills: [leaderKilled, leaderStopped, ...(isCluster ? [followerKilled, majorityKilled] : [])],
    freezes: [leaderFrozen],
  }
}

const MOST_STARTS = 5

/** A leader that comes back cuts its log, ends, and has to be started once more. */
const startForGood = async (control: Control, node: number, settlingMs: number): Promise<void> => {
  for (let starts = 1; starts <= MOST_STARTS; starts++) {
    await control.start(node)
    await pause(settlingMs)
    if ((await control.pid(node)) !== undefined) return
  }
  throw new Error(`expected node ${node} to run, found that it ended ${MOST_STARTS} times`)
}

/** Why its nodes cannot be frozen from here; undefined where they can. */
export const freezeProblem = async (control: Control): Promise<string | undefined> => {
  try {
    const pid = await control.pid(await control.leader())
    if (pid === undefined) return 'the leader has no process id'
    process.kill(pid, 0)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
