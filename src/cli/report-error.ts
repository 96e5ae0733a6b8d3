import { CommanderError } from 'commander'
import { AppError, isAppError, messageOf } from '../errors.ts'
import { visibleJson } from '../text.ts'
import { coloursFor, shownText } from './colours.ts'
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts'
import { writeAll } from './output.ts'

interface ReportOptions {
  readonly stderr: NodeJS.WriteStream
  readonly json: boolean
  /** Whether a person who looks for a defect wants to see where it was thrown. */
  readonly debug: boolean
}

/** Says on stderr what went wrong, in one message, and returns what the process has to end with. */
export const reportError = async (thrown: unknown, { stderr, json, debug }: ReportOptions): Promise<ExitCode> => {
  const error = isUsageError(thrown) ? asAppError(thrown) : thrown
  const code = isAppError(error) ? error.code : 'InternalError'
  const message = isAppError(error) ? error.message : `A defect of refold, please report it: ${messageOf(error)}`
  if (json) {
    const details = isAppError(error) ? error.details : {}
    await writeAll(stderr, `${visibleJson(JSON.stringify({ error: { code, message, details } }))}\n`)
  } else {
    await writeAll(stderr, shownText(`${coloursFor(stderr).bad(`refold: ${code}:`)} ${message}\n`))
  }
  if (debug && error instanceof Error) await writeAll(stderr, shownText(`${stackOf(error)}\n`))
  return isAppError(error) ? exitCodeOf(error.code) : exitCodes.internal
}

const isUsageError = (thrown: unknown): thrown is CommanderError => thrown instanceof CommanderError

const asAppError = ({ message }: CommanderError): AppError => {
  const text = message
    .replace(/^error: /, '')
    .replace(/\n(?=\(Did)/, ' ')
    .replace(/\.+$/, '')
  return new AppError('InvalidInput', `${text.charAt(0).toUpperCase()}${text.slice(1)}. See refold --help, or refold COMMAND --help`)
}

const stackOf = (error: Error): string => {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : ''
  return `${error.stack ?? error.message}${cause}`
}
