import type { Variable } from './config.ts'
import { passwordsIn } from './secrets.ts'
import { pairsIn } from './text.ts'

// What every process needs before it writes its first word; config.ts checks the environment for those that need more.

const ADDRESSES = [
  'REFOLD_EVENTSTORE',
  'REFOLD_POSTGRES',
  'REFOLD_POSTGRES_SQL',
  'OPENAI_BASE_URL',
  'ANTHROPIC_BASE_URL',
  'REFOLD_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
] as const satisfies readonly Variable[]
const HEADERS = [
  'REFOLD_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  'OTEL_EXPORTER_OTLP_METRICS_HEADERS',
] as const satisfies readonly Variable[]
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
  ...HEADERS.flatMap((name) => Object.values(pairsIn(variables[name] ?? '') ?? {})),
]

/** Where a person looks for a defect. */
export const showsStacks = (variables: NodeJS.ProcessEnv = process.env): boolean =>
  ['trace', 'debug'].includes(variables['REFOLD_LOG_LEVEL'] ?? '')
