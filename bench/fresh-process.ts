// What one process finds that has just begun, as one line of JSON: node --expose-gc bench/fresh-process.ts WORK PARAMETERS
import { pino } from 'pino'
import { openRefold, type OpenRefold, type Run } from 'refold'
import { diskFloors } from './disk-floors.ts'
import type { Found } from './fresh.ts'
import { pageReader, stepsOf } from './reader.ts'
import { microsecondsEach } from './rounds.ts'
import { waitingAgents, type WaitsFor } from './waiting-agents.ts'
import { openWorkshopIn } from './workshop.ts'

const [work = '', folder = '', ...given] = process.argv.slice(2)
const [first = 0, second = 0] = given.map(Number)

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

const megabytes = (): number => {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().rss / 1_000_000
}

const openReader = (onEffect?: () => void): Promise<OpenRefold> => {
  const { agent, model } = pageReader(onEffect === undefined ? {} : { onEffect })
  return openRefold({
    dir: folder,
    agents: [agent],
    models: { scripted: model },
    modelConcurrency: 10_000,
    logger: pino({ level: 'silent' }),
  })
}

const startAll = (refold: OpenRefold, runs: number, turns: number): Promise<Run[]> =>
  Promise.all(Array.from({ length: runs }, (_, run) => refold.start('page-reader', { runId: `run-${run}`, message: String(turns) })))

const RUNS_AT_ONCE = 500

/** Sweeps each second. */
const openWaiting = (waitsFor: WaitsFor): Promise<OpenRefold> => {
  const { agents, model } = waitingAgents(waitsFor)
  const logger = pino({ level: 'silent' })
  return openRefold({ dir: folder, agents, models: { scripted: model }, modelConcurrency: 10_000, sweepIntervalMs: 1_000, logger })
}

/** Of about what a step writes. */
const STEP = 's'.repeat(1_800)

const works: { readonly [Work in keyof Found]: () => Promise<Found[Work]> } = {
  /** A first run and, behind twenty others, another, each beside as many rows of SQLite. */
  async cold() {
    const workshop = await openWorkshopIn(folder)
    const floors = diskFloors(folder)
    const steps = stepsOf(first)
    const run = (): Promise<number> => microsecondsEach(steps, async () => void (await workshop.readAll(1, first)))
    const floor = (): Promise<number> => microsecondsEach(steps, () => floors.inserts([STEP], steps))
    const cold = { floor: await floor(), run: await run() }
    await workshop.readAll(20, first)
    const warm = { floor: await floor(), run: await run() }
    floors.close()
    await workshop.close()
    return { cold, warm }
  },

  async open() {
    const began = performance.now()
    const refold = await openReader()
    const openMs = performance.now() - began
    await refold.close()
    return { openMs }
  },

  async many() {
    const refold = await openReader()
    const runs = await startAll(refold, first, second)
    await Promise.all(runs.map((run) => run.untilSettled()))
    const idleMb = megabytes()
    await refold.close()
    return { idleMb }
  },

  /** Kills itself when half of all steps were taken. */
  async crash() {
    let left = (first * stepsOf(second)) >> 1
    const refold = await openReader(() => {
      left -= 1
      if (left === 0) process.kill(process.pid, 'SIGKILL')
    })
    await startAll(refold, first, second)
    await new Promise(() => setInterval(() => undefined, 1_000))
    return {}
  },

  async recover() {
    const began = performance.now()
    const refold = await openReader()
    const openMs = performance.now() - began
    const views = await Promise.all(Array.from({ length: first }, (_, run) => refold.run(`run-${run}`).untilSettled()))
    const doneMs = performance.now() - began
    if (views.some(({ answer }) => answer === null)) throw new Error('expected an answer of every run')
    await refold.close()
    return { openMs, doneMs }
  },

  /** Leaves so many behind. */
  async waiting() {
    const waitsFor = given[1] as WaitsFor
    const refold = await openWaiting(waitsFor)
    for (let at = 0; at < first; at += RUNS_AT_ONCE) {
      const some = Array.from({ length: Math.min(RUNS_AT_ONCE, first - at) }, async () => {
        const run = await refold.start('waiting', waitsFor === 'child' ? {} : { message: 'go' })
        await run.untilSettled()
      })
      await Promise.all(some)
    }
    await refold.projector.catchUp()
    await refold.close({ graceMs: 0 })
    return {}
  },

  /** Beside those that were left behind. */
  async idle() {
    const refold = await openWaiting(given[0] as WaitsFor)
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
    // Sweeps that still have something to see to.
    await pause(8_000)
    const mb = megabytes()
    const before = cpuMs()
    await pause(second * 1_000)
    const cpuMsEachSecond = (cpuMs() - before) / second
    await refold.close({ graceMs: 0 })
    return { mb, cpuMsEachSecond }
  },
}

const isWork = (name: string): name is keyof Found => Object.hasOwn(works, name)
if (!isWork(work)) throw new Error(`expected one of ${Object.keys(works).join(', ')}, found ${work}`)
console.log(JSON.stringify(await works[work]()))
