import { z } from 'zod'
import { AppError } from './errors.ts'
import { pairsIn } from './text.ts'

const url = z.url({ protocol: /^https?$/, error: 'expected an address as https://host' })
/** `name=value,name=value`, percent-encoded. No message holds a value. */
const headers = z
  .string()
  .refine((text) => pairsIn(text) !== undefined, 'expected name=value,name=value, percent-encoded')
  .transform((text) => pairsIn(text) ?? {})
const wholeNumber = (least: number, most: number) => {
  const expected = `expected a whole number from ${least} to ${most}`
  return z
    .string()
    .regex(/^\d{1,10}$/, expected)
    .transform(Number)
    .refine((value) => value >= least && value <= most, expected)
}

const environment = z.object({
  /** Connection string of an EventStoreDB or KurrentDB: `esdb://…`. Needs REFOLD_POSTGRES. */
  REFOLD_EVENTSTORE: z
    // The rest is for the client to read, which takes several hosts: esdb://a:2113,b:2113?tls=true
    .string()
    .regex(/^(esdb|kurrentdb|kurrent|kdb)(\+discover)?:\/\/\S/, 'expected a connection string as esdb://host:2113')
    .optional(),
  /** Which package speaks to it; the second one has to be installed beside Refold. */
  REFOLD_EVENTSTORE_CLIENT: z.enum(['@eventstore/db-client', '@kurrent/kurrentdb-client']).default('@eventstore/db-client'),
  /** Connection string of a Postgres: `postgres://…`. Needs REFOLD_EVENTSTORE. */
  REFOLD_POSTGRES: z.url({ protocol: /^postgres(ql)?$/, error: 'expected a connection string as postgres://host/database' }).optional(),

  /** Connection string of the same Postgres for a role that can only read, which asks in SQL; nobody asks in SQL without it. */
  REFOLD_POSTGRES_SQL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'expected a connection string as postgres://role@host/database' })
    .optional(),

  /** Brokers of a Kafka: `host:port,host:port`. */
  REFOLD_KAFKA: z
    .string()
    .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, 'expected host:port,host:port')
    .optional(),
  /** TLS to the brokers; on by itself where REFOLD_KAFKA_CA is given. */
  REFOLD_KAFKA_SSL: z.enum(['true', 'false']).optional(),
  /** Path of the PEM file of the authority that has signed the brokers' certificates; those that Node knows, without it. */
  REFOLD_KAFKA_CA: z.string().optional(),
  REFOLD_KAFKA_USERNAME: z.string().optional(),
  REFOLD_KAFKA_PASSWORD: z.string().optional(),
  REFOLD_KAFKA_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('scram-sha-512'),
  /** Copies of the topics that `refold relay` makes; the broker's default without it. */
  REFOLD_KAFKA_REPLICATION: wholeNumber(1, 100).optional(),
  /** Of all topics and consumer groups, so that several installations can share a cluster. */
  REFOLD_TOPIC_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,100}$/, 'expected letters, digits, dots, hyphens and underscores, 100 at most')
    .default('refold'),

  OPENAI_API_KEY: z.string().optional(),
  /** Any server that speaks OpenAI Chat Completions. */
  OPENAI_BASE_URL: url.optional(),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: url.optional(),
  /** Model calls at one time in this process, where `openRefold` is told nothing else; 64 without it. */
  REFOLD_MODEL_CONCURRENCY: wholeNumber(1, 10_000).optional(),

  /** What traces of runs are sent to, by OTLP over HTTP: `/v1/traces` below it. Nothing is sent without it. */
  REFOLD_OTLP_ENDPOINT: url.optional(),
  /** Of each request there: `name=value,name=value`, percent-encoded as in OTEL_EXPORTER_OTLP_HEADERS. */
  REFOLD_OTLP_HEADERS: headers.optional(),
  REFOLD_OTLP_PROTOCOL: z.enum(['http/protobuf', 'http/json']).default('http/protobuf'),
  /** Whether metrics of runs are sent there as well: to `/v1/metrics` below it. */
  REFOLD_OTLP_METRICS: z.enum(['true', 'false']).default('true'),
  /** Whether traces also hold what people, models and tools said. */
  REFOLD_OTLP_CONTENT: z.enum(['true', 'false']).default('false'),
  /** The same in the names of OpenTelemetry, where REFOLD_OTLP_ENDPOINT is not given. */
  OTEL_EXPORTER_OTLP_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: url.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional(),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: headers.optional(),
  OTEL_EXPORTER_OTLP_METRICS_HEADERS: headers.optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: z.string().optional(),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z.string().optional(),
  OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: z.string().optional(),
  /** `none` switches traces off, and metrics with them. */
  OTEL_TRACES_EXPORTER: z.string().optional(),
  OTEL_METRICS_EXPORTER: z.string().optional(),
  /** Only `cumulative` is sent. */
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: z.string().optional(),
  OTEL_SDK_DISABLED: z.string().optional(),
  /** What the traces are of: `service.name`. */
  OTEL_SERVICE_NAME: z.string().default('refold'),
  /** More of it: `deployment.environment.name=production,…`. */
  OTEL_RESOURCE_ATTRIBUTES: headers.optional(),

  /** Where `worker`, `relay` and `project` say how they are; nowhere without it. */
  REFOLD_HEALTH_PORT: wholeNumber(0, 65_535).optional(),
  REFOLD_HEALTH_HOST: z.string().default('127.0.0.1'),
  /** How long `refold serve` serves on after SIGTERM, not ready, so that whatever passes requests on to it can turn to others. */
  REFOLD_DRAIN_SECONDS: wholeNumber(0, 3_600).default(5),
  /** Sessions of pages are signed with it: the same for all processes behind one address. Without it each has its own, and they end with it. */
  REFOLD_SESSION_SECRET: z.string().min(32, 'expected 32 characters or more').optional(),
  /** How long a process that was asked to stop finishes what is under way. */
  REFOLD_GRACE_SECONDS: wholeNumber(0, 3_600).default(10),
  REFOLD_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('warn'),
})

export type Environment = z.infer<typeof environment>

export type Variable = keyof Environment
type Given = Readonly<Record<string, string | undefined>>

/** What does not go together, said of what was given, so that it shows beside values that are wrong in themselves. */
const contradictions: readonly { readonly variables: string; readonly holds: (given: Given) => boolean; readonly message: string }[] = [
  {
    variables: 'REFOLD_EVENTSTORE, REFOLD_POSTGRES',
    holds: ({ REFOLD_EVENTSTORE, REFOLD_POSTGRES }) => (REFOLD_EVENTSTORE === undefined) === (REFOLD_POSTGRES === undefined),
    message: 'expected both or none: workers on several machines share their log and their views',
  },
  {
    variables: 'REFOLD_POSTGRES_SQL',
    holds: ({ REFOLD_POSTGRES, REFOLD_POSTGRES_SQL }) => REFOLD_POSTGRES_SQL === undefined || REFOLD_POSTGRES !== undefined,
    message: 'expected REFOLD_POSTGRES beside it, found none',
  },
  {
    variables: 'REFOLD_KAFKA_USERNAME, REFOLD_KAFKA_PASSWORD',
    holds: ({ REFOLD_KAFKA_USERNAME, REFOLD_KAFKA_PASSWORD }) =>
      (REFOLD_KAFKA_USERNAME === undefined) === (REFOLD_KAFKA_PASSWORD === undefined),
    message: 'expected both or none',
  },
  {
    variables: 'REFOLD_KAFKA_SSL, REFOLD_KAFKA_CA',
    holds: ({ REFOLD_KAFKA_SSL, REFOLD_KAFKA_CA }) => REFOLD_KAFKA_SSL !== 'false' || REFOLD_KAFKA_CA === undefined,
    message: 'expected no certificate authority where TLS is off',
  },
  {
    variables: 'REFOLD_KAFKA',
    holds: (given) => given['REFOLD_KAFKA'] !== undefined || Object.keys(given).every((name) => !name.startsWith('REFOLD_KAFKA_')),
    message: 'expected the brokers that the other REFOLD_KAFKA_ variables are about, found none',
  },
  {
    variables: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    holds: (given) => !usesStandardNames(given) || speaksHttp(given),
    message:
      'expected http/protobuf or http/json, which Refold speaks: REFOLD_OTLP_ENDPOINT names a receiver of its own, and OTEL_TRACES_EXPORTER=none no traces',
  },
  {
    variables: 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    holds: (given) =>
      !usesStandardNames(given) ||
      given['OTEL_METRICS_EXPORTER'] === 'none' ||
      (given['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'] ?? 'cumulative').toLowerCase() === 'cumulative',
    message: 'expected cumulative, which Refold sends: a collector makes it delta, and OTEL_METRICS_EXPORTER=none sends no metrics',
  },
]

interface StandardNames {
  readonly REFOLD_OTLP_ENDPOINT?: string | undefined
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string | undefined
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined
  readonly OTEL_TRACES_EXPORTER?: string | undefined
  readonly OTEL_SDK_DISABLED?: string | undefined
}

/** Whether traces go where the variables of OpenTelemetry say. */
export const usesStandardNames = (given: StandardNames): boolean =>
  given.REFOLD_OTLP_ENDPOINT === undefined &&
  (given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? given.OTEL_EXPORTER_OTLP_ENDPOINT) !== undefined &&
  given.OTEL_TRACES_EXPORTER !== 'none' &&
  given.OTEL_SDK_DISABLED?.toLowerCase() !== 'true'

const speaksHttp = (given: Given): boolean =>
  [given['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'], given['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL']].every((protocol) =>
    ['http/protobuf', 'http/json'].includes(protocol ?? given['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/protobuf'),
  )

/** Whoever fills in a form leaves lines empty. */
const givenIn = (variables: NodeJS.ProcessEnv): Given => Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))

const expectedOf: Partial<Record<Variable, string>> = { REFOLD_KAFKA: 'brokers as host:port,host:port' }

/**
 * The only reader of the process environment, but for early-environment.ts. An empty variable is one that is not given. Throws `InvalidConfiguration` with all that
 * is wrong and all that is missing of `needs`, at once; no message holds a value, since some are secret.
 */
export const readEnvironment = (variables: NodeJS.ProcessEnv = process.env, needs: readonly Variable[] = []): Environment => {
  const given = givenIn(variables)
  const checked = environment.safeParse(given)
  const problems = [
    ...(checked.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`),
    ...contradictions.filter(({ holds }) => !holds(given)).map(({ variables: names, message }) => `${names}: ${message}`),
    ...needs.filter((name) => given[name] === undefined).map((name) => `${name}: expected ${expectedOf[name] ?? 'a value'}, found nothing`),
  ]
  if (checked.success && problems.length === 0) return checked.data
  throw new AppError(
    'InvalidConfiguration',
    ['These environment variables are not as expected:', ...problems.map((problem) => `  ${problem}`)].join('\n'),
  )
}
