import { cpus, loadavg } from 'node:os'

/** Where the figures come from. */
export interface Machine {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  /** Processes that ran or waited for a core in the minute before. */
  readonly load: number
}

export const thisMachine = (): Machine => ({
  node: process.versions.node,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  load: Number((loadavg()[0] ?? Number.NaN).toFixed(2)),
})
