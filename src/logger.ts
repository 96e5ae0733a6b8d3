import { isatty } from 'node:tty'
import { pino, type Logger } from 'pino'
import { logLineInWords } from './log-line.ts'
import { withoutSecrets } from './secrets.ts'
import { visibleJson } from './text.ts'

interface LogDestination {
  write(text: string): unknown
  /** Whether a person looks at it. */
  readonly isTTY?: boolean
}

const STANDARD_ERROR = 2

/** Written at once, also where the process ends next. */
export const standardError = (): LogDestination => {
  const destination = pino.destination(STANDARD_ERROR)
  return { write: (text) => destination.write(text), isTTY: isatty(STANDARD_ERROR) }
}

/**
 * Log lines without the secrets, and safe to look at, since what runs have written comes in them too: in words where a terminal shows them,
 * anywhere else as JSON.
 */
export const createLogger = (level: string, destination: LogDestination, secrets: readonly string[] = []): Logger => {
  const shown = destination.isTTY === true ? logLineInWords : visibleJson
  return pino({ name: 'refold', level }, { write: (text) => void destination.write(withoutSecrets(shown(text), secrets)) })
}
