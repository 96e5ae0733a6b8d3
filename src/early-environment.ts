import type { Variable } from './config.ts'
import { passwordsIn } from './secrets.ts'

// What every process needs before it writes its first word; config.ts checks the environment for those that need more.

const ADDRESSES = ['REFOLD_EVENTSTORE', 'REFOLD_POSTGRES', 'REFOLD_POSTGRES_SQL', 'OPENAI_BASE_URL', 'ANTHROPIC_BASE_URL'] as const
const SECRETS = [
  'REFOLD_KAFKA_PASSWORD',
  'REFOLD_SESSION_SECRET',
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
] as const satisfies readonly Variable[]

/** What no output may hold. `PGPASSWORD` is read by the client of Postgres itself. */
export const secretsIn = (variables: NodeJS.ProcessEnv = process.env): readonly string[] => [
  ...ADDRESSES.flatMap((name) => passwordsIn(variables[name] ?? '')),
  ...[...SECRETS, 'PGPASSWORD'].flatMap((name) => variables[name] ?? []),
]

/** Where a person looks for a defect. */
export const showsStacks = (variables: NodeJS.ProcessEnv = process.env): boolean =>
  ['trace', 'debug'].includes(variables['REFOLD_LOG_LEVEL'] ?? '')
