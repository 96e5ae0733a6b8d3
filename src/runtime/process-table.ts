import { readFileSync, readlinkSync } from 'node:fs'

/** What tells one life of one process from every other. */
export interface ProcessPlace {
  /** Of this start of the machine. */
  readonly boot: string
  /** In which numbers of processes count: two containers have two. */
  readonly namespace: string
  /** When the process started, in ticks since the boot. */
  readonly start: string
}

/** The processes that this one can see. */
export interface ProcessTable {
  /** Of this process. Undefined where the system does not say, as on macOS and Windows. */
  here(): ProcessPlace | undefined
  /** Whether the system has containers that give one number twice. */
  readonly hasNamespaces: boolean
  isRunning(pid: number): boolean
  /** Undefined where it cannot be read. */
  startOf(pid: number): string | undefined
}

export const systemProcesses: ProcessTable = {
  here() {
    const namespace = /\[(\d+)\]/.exec(tryTo(() => readlinkSync('/proc/self/ns/pid')) ?? '')?.[1]
    const boot = /^[0-9a-f-]{36}$/.exec(tryTo(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '')?.[0]
    const start = startOf(process.pid)
    // A /proc of another namespace counts otherwise.
    if (tryTo(() => readlinkSync('/proc/self')) !== String(process.pid)) return undefined
    if (namespace === undefined || boot === undefined || start === undefined) return undefined
    return { boot: boot.replaceAll('-', '').slice(0, 12), namespace, start }
  },
  hasNamespaces: process.platform === 'linux',
  isRunning(pid) {
    try {
      process.kill(pid, 0)
      // One that has ended and that nobody has asked about yet.
      return fieldsOf(pid)?.[0] !== 'Z'
    } catch (error) {
      // Anything but "no such process" says that there is one: not allowed to signal it, for example.
      return (error as NodeJS.ErrnoException).code !== 'ESRCH'
    }
  },
  startOf: (pid) => startOf(pid),
}

const startOf = (pid: number): string | undefined => {
  const start = fieldsOf(pid)?.[19]
  return start !== undefined && /^\d+$/.test(start) ? start : undefined
}

/** From the third on: those behind the name, which may itself hold spaces and brackets. */
const fieldsOf = (pid: number): readonly string[] | undefined => {
  const stat = tryTo(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

const tryTo = <Result>(act: () => Result): Result | undefined => {
  try {
    return act()
  } catch {
    return undefined
  }
}
