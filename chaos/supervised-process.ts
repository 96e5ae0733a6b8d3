import { setTimeout as pause } from 'node:timers/promises'
import { startRefoldProcess, type RefoldProcess, type RefoldProcessOptions } from '../servers/refold-process.ts'

/** A process that is started again whenever it ends, as a container with a restart policy. */
export interface SupervisedProcess {
  readonly name: string
  /** SIGKILL. Resolves once its successor says that it works. */
  killAndAwait(downMs: number): Promise<void>
  freeze(): void
  thaw(): void
  /** How often it ended without having been killed: it gave up by itself. */
  gaveUp(): number
  /** SIGTERM, and nobody comes after it. */
  stop(): Promise<void>
}

const PAUSE_BEFORE_RESTART_MS = 300

export const supervise = async (name: string, options: RefoldProcessOptions): Promise<SupervisedProcess> => {
  let current = startRefoldProcess(options)
  let isStopping = false
  let isKilling = false
  let gaveUp = 0
  const watch = (process: RefoldProcess): void => {
    void process.gone.then(async () => {
      if (isStopping || isKilling) return
      gaveUp += 1
      await pause(PAUSE_BEFORE_RESTART_MS)
      if (!isStopping && !isKilling) restart()
    })
  }
  const restart = (): void => {
    current = startRefoldProcess(options)
    watch(current)
  }
  /** A process that ends before it works has a successor. */
  const working = async (): Promise<void> => {
    for (let works = false; !works && !isStopping;) {
      const waited = current
      works = await waited.ready.then(
        () => true,
        () => false,
      )
      while (!works && current === waited && !isStopping) await pause(PAUSE_BEFORE_RESTART_MS)
    }
  }
  watch(current)
  await working()
  return {
    name,
    async killAndAwait(downMs) {
      isKilling = true
      await current.kill()
      await pause(downMs)
      isKilling = false
      if (isStopping) return
      restart()
      await working()
    },
    freeze: () => current.freeze(),
    thaw: () => current.thaw(),
    gaveUp: () => gaveUp,
    async stop() {
      isStopping = true
      await current.stop()
    },
  }
}
