// What the servers of a peer use, from /proc. Elsewhere than on Linux: undefined, and the figures are of the client alone.
import { readdirSync, readFileSync } from 'node:fs'

const MS_PER_TICK = 10

const read = (path) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // it has ended since
  }
}

const processOf = (pid) => {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // Its name stands in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [parent, user, system, userOfEnded, systemOfEnded] = [1, 11, 12, 13, 14].map((index) => Number(fields[index]))
  return { pid, parent, ms: (user + system) * MS_PER_TICK, msOfEnded: (userOfEnded + systemOfEnded) * MS_PER_TICK }
}

/** A server and the processes that it has started. */
const processesOf = (serverPid) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? [])
    .filter(({ pid, parent }) => pid === serverPid || parent === serverPid)

const isLinux = process.platform === 'linux'

/** Processor time so far, in ms. */
export const serverCpuMs = (serverPid) => {
  if (serverPid === undefined) return 0
  if (!isLinux) return undefined
  return processesOf(serverPid).reduce((sum, { pid, ms, msOfEnded }) => sum + ms + (pid === serverPid ? msOfEnded : 0), 0)
}

/** Resident memory in MB, of which shared pages count once. */
export const serverMb = (serverPid) => {
  if (serverPid === undefined) return 0
  if (!isLinux) return undefined
  const kilobytes = processesOf(serverPid).map(({ pid }) =>
    Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0),
  )
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1_024
}
