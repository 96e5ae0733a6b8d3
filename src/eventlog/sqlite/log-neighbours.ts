import type { FSWatcher } from 'node:fs'
import { closeSync, openSync, watch, writeSync } from 'node:fs'
import type { Clock } from '../../clock.ts'
import { PRIVATE_FILE } from '../../private-files.ts'

/** The other processes that use the same log file. */
export interface LogNeighbours {
  /** Tells them that something was committed: at the end of this turn of the event loop, or soon after it told them last. */
  announce(): void
  /** Calls `look` whenever one of them may have committed something. */
  listen(look: () => void): void
  ignore(): void
  close(): void
}

const POLL_MS = 200

/** Whoever listens is woken at every news, this process too: a run that commits each millisecond is told of some of them at a time. */
const NEWS_PAUSE_MS = 5

/**
 * The news is a write to a file beside the log, made after the commit is durable and visible; a watch on the log itself would wake
 * its readers before that. Where it is lost, or the system grants no watch, the poll finds out a little later.
 */
export const logNeighbours = (path: string, clock: Clock): LogNeighbours => {
  const file = tryTo(() => openSync(path, 'w', PRIVATE_FILE))
  const news = Buffer.from('\n')
  let isNews = false
  let isPausing = false
  let endPause = (): void => undefined
  let watcher: FSWatcher | undefined
  let stopPolling = (): void => undefined

  const tell = (): void => {
    if (!isNews) return
    isNews = false
    if (file !== undefined) tryTo(() => writeSync(file, news, 0, 1, 0))
  }
  const tellAndPause = (): void => {
    isPausing = isNews
    if (!isNews) return
    tell()
    endPause = clock.setTimer(NEWS_PAUSE_MS, tellAndPause)
  }
  const ignore = (): void => {
    watcher?.close()
    watcher = undefined
    stopPolling()
  }
  const poll = (look: () => void): void => {
    stopPolling = clock.setTimer(POLL_MS, () => {
      poll(look)
      look()
    })
  }
  return {
    announce() {
      if (isNews) return
      isNews = true
      if (!isPausing) setImmediate(tellAndPause)
    },
    listen(look) {
      ignore()
      poll(look)
      watcher = tryTo(() => watch(path, { persistent: false }, look))
      watcher?.on('error', () => watcher?.close())
    },
    ignore,
    close() {
      ignore()
      endPause()
      tell()
      if (file !== undefined) closeSync(file)
    },
  }
}

/** Where the disk is full or the system grants no watch, there is still the poll. */
const tryTo = <T>(act: () => T): T | undefined => {
  try {
    return act()
  } catch {
    return undefined
  }
}
