import type { Logger } from 'pino'
import { type AppError, isAppError, isUnavailable } from '../errors.ts'
import type { OpenRefold, RefoldOptions } from '../open-refold.ts'
import { retryPause } from '../runtime/retry-pause.ts'
import type { CommandLine } from './command-line.ts'
import { isEmbedded } from './session.ts'

/** So long what is under way when a process is asked to stop may take to open, so that it is closed in order. */
const OPENED_WITHIN_MS = 2_000

/**
 * For a process that runs on: servers that are not there yet are waited for, and each reason is told once. Undefined where the process was
 * asked to stop meanwhile. Rejects with what no waiting mends.
 */
export const openedPatiently = async (line: CommandLine, logger: Logger, options: RefoldOptions): Promise<OpenRefold | undefined> => {
  const warn = (text: string): void => logger.warn(text)
  const warnOnce = once(warn)
  let isOpen = false
  const tellAwaited = (text: string): void => (isOpen ? warn(text) : warnOnce(text))
  const opened = await patiently(line, logger, (signal) => line.open({ ...options, logger, tellAwaited, signal }))
  isOpen = true
  return opened
}

const once = (tell: (text: string) => void): ((text: string) => void) => {
  const told = new Set<string>()
  return (text) => {
    if (told.has(text)) return
    told.add(text)
    tell(text)
  }
}

/** Tries it until the servers are there for it, and tells each reason once. Undefined where the process is asked to stop. */
export const patiently = async <Result>(
  line: CommandLine,
  logger: Logger,
  begin: (givenUp: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> => {
  const tell = once((text) => logger.warn(text))
  for (let tries = 0; !line.signal.aborted; tries++) {
    try {
      return await orStopped(line, begin)
    } catch (error) {
      if (!mayPass(error)) throw error
      tell(`Not ready: ${error.message}`)
      await retryPause(line.clock, tries, line.signal)
    }
  }
  return undefined
}

/** A folder on this machine is not waited for: an operator sees at once that it cannot be used. */
const mayPass = (error: unknown): error is AppError => isAppError(error, 'BusUnavailable') || (isUnavailable(error) && !isEmbedded())

/** What is under way when the process is asked to stop has a little time, and is given up then. */
const orStopped = async <Result>(
  { signal, clock }: CommandLine,
  begin: (givenUp: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> => {
  const giveUp = new AbortController()
  let disarm = (): void => undefined
  const arm = (): void => {
    disarm = clock.setTimer(OPENED_WITHIN_MS, () => giveUp.abort())
  }
  signal.addEventListener('abort', arm, { once: true })
  try {
    return await begin(giveUp.signal)
  } catch (error) {
    if (giveUp.signal.aborted) return undefined
    throw error
  } finally {
    disarm()
    signal.removeEventListener('abort', arm)
  }
}
