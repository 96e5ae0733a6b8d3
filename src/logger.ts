import { isatty } from 'node:tty'
import { pino, type Logger } from 'pino'
import { withoutSecrets } from './secrets.ts'
import { visibleJson, visibleText } from './text.ts'

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

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' }
/** From here on the place in the code is worth its lines. */
const ERROR = 50

/**
 * A log line of pino for people, in one line but for the stack of an error: `10:47:20 WARN a run is kept beyond its time: runId=r-1`.
 * Whoever logs may give any facts, under the names of pino's own too.
 */
const logLineInWords = (json: string): string => {
  const { time, level, msg, err, name: _, pid: __, hostname: ___, ...facts } = JSON.parse(json) as Readonly<Record<string, unknown>>
  const error = errorIn(err)
  const told = [...error.words, ...Object.entries(facts).map(([fact, value]) => `${fact}=${valueText(value)}`)].join(' ')
  const words = [...(msg === undefined ? [] : [plainText(msg)]), ...(told === '' ? [] : [told])].join(': ')
  const stack = Number(level) >= ERROR ? error.stack : ''
  return `${timeText(time)} ${LEVELS[Number(level)] ?? plainText(level)} ${oneLine(words)}${stack}\n`
}

const errorIn = (err: unknown): { readonly words: readonly string[]; readonly stack: string } => {
  if (typeof err !== 'object' || err === null) return { words: err === undefined ? [] : [`err=${valueText(err)}`], stack: '' }
  const { type = 'Error', message = '', stack } = err as Readonly<Record<string, unknown>>
  return { words: [`${plainText(type)}: ${plainText(message)}`], stack: typeof stack === 'string' ? stackLines(stack) : '' }
}

const timeText = (time: unknown): string => {
  const at = new Date(Number(time))
  return Number.isNaN(at.getTime()) ? '--:--:--' : at.toLocaleTimeString('en-GB')
}

const plainText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const valueText = (value: unknown): string => (typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value))

/** What others have written must not look like a line of the log. */
const oneLine = (text: string): string => visibleText(text).replace(/\s*\n\s*/g, ' ')

const stackLines = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => `\n  ${oneLine(line).trim()}`)
    .join('')
