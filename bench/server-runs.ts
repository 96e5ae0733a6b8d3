import { countCalls, type CallCounts } from './counted-calls.ts'
import { stepsOf } from './reader.ts'
import { spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import type { ServerAddresses } from './on-servers.ts'
import { openWorkshopOn } from './workshop.ts'

/** Whole runs on servers: a step is one append, of a result and the claim of what follows. */
export interface ServerRuns {
  readonly runs: number
  readonly turns: number
  readonly stepsPerSecond: Spread
  readonly millisecondsEach: Spread
  /** CPU time of this process for each step, in microseconds. */
  readonly cpuMicroseconds: Spread
  /** Of the client, for each step, by its method. */
  readonly callsEach: CallCounts<Spread>
}

/** Runs at once, each of so many turns, from their start to their answer. */
export const measureServerRuns = async (
  servers: ServerAddresses,
  { runs, turns }: { readonly runs: number; readonly turns: number },
  { least, most, withinMs }: RoundLimits,
): Promise<ServerRuns> => {
  const counted = countCalls()
  const workshop = await openWorkshopOn(servers)
  const steps = runs * stepsOf(turns)
  const rounds: { readonly ms: number; readonly cpu: number; readonly calls: CallCounts }[] = []
  const began = performance.now()
  // The first round warms up and is forgotten.
  while (rounds.length <= least || (rounds.length <= most && performance.now() - began < withinMs)) {
    const before = { at: performance.now(), cpu: process.cpuUsage(), calls: counted.now() }
    await workshop.readAll(runs, turns)
    const { user, system } = process.cpuUsage(before.cpu)
    const calls = counted.now()
    rounds.push({ ms: (performance.now() - before.at) / steps, cpu: (user + system) / steps, calls: eachOf(before.calls, calls, steps) })
  }
  await workshop.close()
  counted.stop()
  const measured = rounds.slice(1)
  return {
    runs,
    turns,
    stepsPerSecond: spreadOf(measured.map(({ ms }) => 1_000 / ms)),
    millisecondsEach: spreadOf(measured.map(({ ms }) => ms)),
    cpuMicroseconds: spreadOf(measured.map(({ cpu }) => cpu)),
    callsEach: {
      appends: spreadOf(measured.map(({ calls }) => calls.appends)),
      streamReads: spreadOf(measured.map(({ calls }) => calls.streamReads)),
      logReads: spreadOf(measured.map(({ calls }) => calls.logReads)),
      subscriptions: spreadOf(measured.map(({ calls }) => calls.subscriptions)),
    },
  }
}

const eachOf = (before: CallCounts, after: CallCounts, steps: number): CallCounts => ({
  appends: (after.appends - before.appends) / steps,
  streamReads: (after.streamReads - before.streamReads) / steps,
  logReads: (after.logReads - before.logReads) / steps,
  subscriptions: (after.subscriptions - before.subscriptions) / steps,
})
