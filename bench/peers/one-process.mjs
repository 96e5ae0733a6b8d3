// What one process measures of one peer: node one-process.mjs JOB, and one line of JSON on descriptor 3.
// Plain JavaScript, as all that runs in it: taking types away would cost each process 17 MB.
import { writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { serverCpuMs, serverMb } from './server-usage.mjs'
import * as workload from './workload.mjs'

const { messagesAfter, recordCallsIn, stepsOf } = workload
const job = JSON.parse(process.argv[2])
const REPORT = 3
const WARM_TURNS = 10
const SAMPLE_EVERY_MS = 500

const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000 + (serverCpuMs(job.server?.pid) ?? 0)
}

const checked = (id, messages, steps) => {
  if (messages !== messagesAfter(steps)) throw new Error(`expected ${messagesAfter(steps)} messages of ${id}, found ${messages}`)
}

const namesOf = (kind, count) => Array.from({ length: count }, (_, index) => `${kind}-${index}`)

const warmUp = async (peer, runs) => {
  for (const id of namesOf('warm', runs)) await peer.run(id, WARM_TURNS)
}

/** One run after the other, and a first look at each of them. */
const alone = async (peer, { turns, times, lookAt }) => {
  await warmUp(peer, 1)
  const found = { msPerStep: [], cpuMsPerStep: [], lookMs: [] }
  for (const id of namesOf('alone', times)) {
    const [cpu, began] = [cpuMs(), performance.now()]
    const messages = await peer.run(id, turns)
    found.msPerStep.push((performance.now() - began) / stepsOf(turns))
    found.cpuMsPerStep.push((cpuMs() - cpu) / stepsOf(turns))
    checked(id, messages, stepsOf(turns))
  }
  if (lookAt !== undefined && peer.lookAt !== undefined) {
    for (const id of namesOf('alone', times)) {
      const step = await peer.find(id, lookAt)
      const began = performance.now()
      const messages = await peer.lookAt(id, step)
      found.lookMs.push(performance.now() - began)
      checked(id, messages, lookAt)
    }
  }
  return found
}

const AT_ONCE_BEFOREHAND = 20

const together = async (peer, { runs, turns }) => {
  await warmUp(peer, 3)
  await Promise.all(namesOf('beforehand', Math.min(runs, AT_ONCE_BEFOREHAND)).map((id) => peer.run(id, WARM_TURNS)))
  let serverPeakMb = 0
  const sample = () => {
    serverPeakMb = Math.max(serverPeakMb, serverMb(job.server?.pid) ?? 0)
  }
  const sampling = setInterval(sample, SAMPLE_EVERY_MS)
  const [cpu, began] = [cpuMs(), performance.now()]
  await Promise.all(namesOf('together', runs).map(async (id) => checked(id, await peer.run(id, turns), stepsOf(turns))))
  const [ms, used, steps] = [performance.now() - began, cpuMs() - cpu, runs * stepsOf(turns)]
  clearInterval(sampling)
  sample()
  const peakMb = process.resourceUsage().maxRSS / 1_024
  return { stepsPerSecond: (steps * 1_000) / ms, cpuMsPerStep: used / steps, peakMb, serverPeakMb }
}

/** Is killed before it has done. */
const begin = async (peer, { runs, turns }) => {
  await Promise.all(namesOf('killed', runs).map((id) => peer.run(id, turns)))
  return {}
}

/** All runs of the process that was killed, each to its end. A run of which nothing was stored is started again, as whoever wanted it would. */
const goOn = async (peer, { runs, turns }) => {
  const ids = namesOf('killed', runs)
  const messages = await peer.resume(ids, turns)
  ids.forEach((id, index) => checked(id, messages[index], stepsOf(turns)))
  return { doneAt: performance.timeOrigin + performance.now() }
}

if (job.calls !== undefined) recordCallsIn(job.calls, job.killAt)
const { peer } = await import(pathToFileURL(job.product).href)
const opened = await peer.open({ folder: job.folder, server: job.server, isNew: job.work !== 'goOn', workload })
const found = await { alone, together, begin, goOn }[job.work](opened, job)
writeSync(REPORT, JSON.stringify(found))
// What a product does while it closes is not asked for, nor for how long.
await Promise.race([opened.close(), new Promise((resolve) => setTimeout(resolve, 2_000))])
process.exit(0)
