import { pino, type Logger } from 'pino'
import { visibleJson } from './visible-text.ts'

interface LogDestination {
  write(text: string): unknown
}

/** Log lines as JSON, safe to look at in a terminal: what runs have written comes in them too. */
export const createLogger = (level: string, destination: LogDestination): Logger =>
  pino({ name: 'refold', level }, { write: (text) => void destination.write(visibleJson(text)) })
