import { sha256 } from '../hash.ts'

/** Owners of this process: an owner with our process id that is not among them belongs to an earlier process. */
const living = new Set<string>()

export interface Owners {
  readonly self: string
  /** Whether the process of another owner has certainly ended. False for every other machine: its lease has to pass. */
  readonly isGone: (owner: string) => boolean
  readonly leave: () => void
}

export const localOwners = (host: string, pid: number, uuid: string): Owners => {
  const self = ownerName(host, pid, uuid)
  living.add(self)
  return {
    self,
    isGone: (owner) => {
      const [ownerHost, ownerPid] = owner.split('/')
      if (ownerHost !== host || ownerPid === undefined) return false
      return Number(ownerPid) === pid ? !living.has(owner) : !isRunning(Number(ownerPid))
    },
    leave: () => {
      living.delete(self)
    },
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Not allowed to signal it: it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Names one life of one process. */
const ownerName = (host: string, pid: number, uuid: string): string => `${host}/${pid}/${sha256(uuid).slice(0, 8)}`
