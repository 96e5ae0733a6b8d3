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
  const told = new Set<string>()
  let isOpen = false
  const tell = (text: string): void => {
    if (!isOpen && told.has(text)) return
    told.add(text)
    logger.warn(text)
  }
  const opened = await patiently(line, tell, (signal) => line.open({ ...options, logger, tellAwaited: tell, signal }))
  isOpen = true
  return opened
}

/** Tries it until the servers are there for it. Undefined where the process is asked to stop. */
export const patiently = async <Result>(
  line: CommandLine,
  tell: (text: string) => void,
  begin: (givenUp: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> => {
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
