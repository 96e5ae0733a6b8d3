import type { VirtualTime } from './virtual-time.ts'

/** One life of one process: from its start to the moment at which it is gone, with all that it knew. */
export interface Life {
  /** Named in each claim, and never used again. */
  readonly owner: string
  isAlive(): boolean
  /** Runs it then, unless the process is gone by then. Returns what takes it back. */
  later(delayMs: number, run: () => void, options?: { readonly idle?: boolean }): () => void
  /** No port answers from here on, and no timer fires. */
  end(): void
}

export const newLife = (time: VirtualTime, owner: string): Life => {
  let alive = true
  return {
    owner,
    isAlive: () => alive,
    later: (delayMs, run, options) =>
      time.schedule(
        delayMs,
        () => {
          if (alive) run()
        },
        options,
      ),
    end() {
      alive = false
    },
  }
}
