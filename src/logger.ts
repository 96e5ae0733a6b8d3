import { pino, type Logger } from 'pino'
import { withoutSecrets } from './secrets.ts'
import { visibleJson } from './text.ts'

interface LogDestination {
  write(text: string): unknown
}

/** Log lines as JSON, without the secrets, and safe to look at in a terminal: what runs have written comes in them too. */
export const createLogger = (level: string, destination: LogDestination, secrets: readonly string[] = []): Logger =>
  pino({ name: 'refold', level }, { write: (text) => void destination.write(withoutSecrets(visibleJson(text), secrets)) })
