import { readFileSync, readlinkSync } from 'node:fs'
import { sha256 } from '../hash.ts'

export interface Owners {
  readonly self: string
  /** Whether the process of another owner has certainly ended. False wherever that is not certain: its lease has to pass. */
  readonly isGone: (owner: string) => boolean
  /** `isAtWork`: whether code of a call that it has claimed still runs, since this process goes on without it. */
  readonly leave: (isAtWork: () => boolean) => void
}

export interface OwnerOptions {
  readonly host: string
  readonly pid: number
  readonly uuid: string
  readonly processes: ProcessTable
  /** Whether every owner that can be met is a process of this machine: where the log is a folder on its disk. */
  readonly isOneMachine: boolean
}

/** Owners of this process, and those that were and have left, with whether something of them is still at work. */
const living = new Set<string>()
const left = new Map<string, () => boolean>()

/**
 * Names one life of one process, as `host/pid/id`, and on Linux `host/pid/id/boot.namespace.start`: the name of a host and a number of
 * a process are the same in two containers, and are given again.
 */
export const localOwners = ({ host, pid, uuid, processes, isOneMachine }: OwnerOptions): Owners => {
  const here = processes.here()
  const self = [host, pid, sha256(uuid).slice(0, 8), ...(here === undefined ? [] : [`${here.boot}.${here.namespace}.${here.start}`])].join(
    '/',
  )
  living.add(self)

  const hasEnded = (other: OtherOwner): boolean => {
    if (other.host !== host) return false
    if (here === undefined || other.place === undefined) {
      // Without namespaces a host and a number are enough, on a disk that no other machine has. Where one is known to have them, nothing is certain.
      return isOneMachine && here === other.place && !processes.hasNamespaces && (other.pid === pid || !processes.isRunning(other.pid))
    }
    const { boot, namespace, start } = other.place
    if (boot !== here.boot || namespace !== here.namespace) return false
    if (!processes.isRunning(other.pid)) return true
    const startNow = processes.startOf(other.pid)
    // Its number was given to another one since.
    return startNow !== undefined && startNow !== start
  }

  return {
    self,
    isGone: (owner) => {
      if (living.has(owner)) return false
      const isAtWork = left.get(owner)
      if (isAtWork !== undefined) return !isAtWork()
      const other = parseOwner(owner)
      return other !== undefined && hasEnded(other)
    },
    leave: (isAtWork) => {
      living.delete(self)
      left.set(self, isAtWork)
    },
  }
}

interface OtherOwner {
  readonly host: string
  readonly pid: number
  /** Absent in names that were given where it could not be read, or by an earlier version. */
  readonly place: { readonly boot: string; readonly namespace: string; readonly start: string } | undefined
}

const parseOwner = (owner: string): OtherOwner | undefined => {
  const [host = '', pid = '', id, place, ...rest] = owner.split('/')
  if (!/^[1-9]\d*$/.test(pid) || id === undefined || rest.length > 0) return undefined
  if (place === undefined) return { host, pid: Number(pid), place: undefined }
  const [boot, namespace, start, ...more] = place.split('.')
  if (boot === undefined || namespace === undefined || start === undefined || more.length > 0) return undefined
  return { host, pid: Number(pid), place: { boot, namespace, start } }
}

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
