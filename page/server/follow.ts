import { Refused, request } from './ask.ts'
import { noteSilence } from './connection.ts'
import { eventLines, type StreamMessage } from './event-lines.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000
/** A tab that nobody sees gives its connection back: a browser has six of them for one server. */
const HIDDEN_MS = 10_000

interface Following {
  /** Where to go on: of the newest message that was taken in. */
  readonly lastId: () => string | undefined
  readonly take: (message: StreamMessage) => void
  /** The stream can give nothing more: it has come to its end, or was refused. */
  readonly end?: (refused: Refused | undefined) => void
}

/** Keeps an event stream open, over lost connections and restarts of the server, until the signal is aborted. */
export const follow = async (path: string, following: Following, signal: AbortSignal): Promise<void> => {
  let waitMs = FIRST_WAIT_MS
  while (!signal.aborted) {
    await untilVisible(signal)
    const visible = whileVisible(signal)
    const came = await streamed(path, following, visible.signal)
    visible.stop()
    if (came === 'end') return
    if (came === 'something') waitMs = FIRST_WAIT_MS
    if (visible.signal.aborted) continue
    await pause(waitMs, signal)
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)
  }
}

/** One connection: whether anything came of it, and whether anything more can. */
const streamed = async (path: string, { lastId, take, end }: Following, signal: AbortSignal): Promise<'nothing' | 'something' | 'end'> => {
  let came: 'nothing' | 'something' = 'nothing'
  try {
    const last = lastId()
    const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) }
    const response = await request(path, { headers, signal })
    if (response.status === 204 || response.body === null) {
      end?.(undefined)
      return 'end'
    }
    for await (const message of eventLines(response.body)) {
      came = 'something'
      take(message)
    }
    return came
  } catch (error) {
    if (signal.aborted) return came
    if (error instanceof Refused) {
      if (error.problem.retryable) return came
      end?.(error)
      return 'end'
    }
    noteSilence()
    return came
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      for (const name of ['online', 'refold-retry']) removeEventListener(name, done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    for (const name of ['online', 'refold-retry']) addEventListener(name, done)
    signal.addEventListener('abort', done, { once: true })
  })

/** Whoever waits to connect again does so at once. */
export const retryNow = (): void => {
  dispatchEvent(new Event('refold-retry'))
}

const untilVisible = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (document.visibilityState === 'visible' || signal.aborted) {
      resolve()
      return
    }
    const look = (): void => {
      if (document.visibilityState !== 'visible' && !signal.aborted) return
      document.removeEventListener('visibilitychange', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
    signal.addEventListener('abort', look, { once: true })
  })

const whileVisible = (outer: AbortSignal): { readonly signal: AbortSignal; readonly stop: () => void } => {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = (): void => {
    clearTimeout(timer)
    if (document.visibilityState !== 'hidden') return
    timer = setTimeout(() => {
      controller.abort()
    }, HIDDEN_MS)
  }
  document.addEventListener('visibilitychange', look)
  look()
  return {
    signal: AbortSignal.any([outer, controller.signal]),
    stop: () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', look)
    },
  }
}
