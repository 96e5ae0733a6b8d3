import { z } from 'zod'
import { AppError } from './errors.ts'

const url = z.url({ protocol: /^https?$/ })

const environment = z
  .object({
    /** Connection string of an EventStoreDB or KurrentDB: `esdb://…`. Needs REFOLD_POSTGRES. */
    REFOLD_EVENTSTORE: z.url({ protocol: /^(esdb|kurrentdb)(\+discover)?$/ }).optional(),
    /** Connection string of a Postgres: `postgres://…`. Needs REFOLD_EVENTSTORE. */
    REFOLD_POSTGRES: z.url({ protocol: /^postgres(ql)?$/ }).optional(),

    OPENAI_API_KEY: z.string().min(1).optional(),
    /** Any server that speaks OpenAI Chat Completions. */
    OPENAI_BASE_URL: url.optional(),
    ANTHROPIC_API_KEY: z.string().min(1).optional(),
    ANTHROPIC_BASE_URL: url.optional(),
    /** Brokers of a Kafka: `host:port,host:port`. */
    REFOLD_KAFKA: z
      .string()
      .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, 'expected host:port,host:port')
      .optional(),
    REFOLD_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('warn'),
  })
  .refine(({ REFOLD_EVENTSTORE, REFOLD_POSTGRES }) => (REFOLD_EVENTSTORE === undefined) === (REFOLD_POSTGRES === undefined), {
    message: 'expected both or none: workers on several machines share their log and their views',
    path: ['REFOLD_EVENTSTORE, REFOLD_POSTGRES'],
  })

export type Environment = z.infer<typeof environment>

/** The only reader of the process environment. Throws `InvalidConfiguration` with all that is wrong at once. */
export const readEnvironment = (variables: NodeJS.ProcessEnv = process.env): Environment => {
  const checked = environment.safeParse(variables)
  if (checked.success) return checked.data
  const problems = checked.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`)
  throw new AppError('InvalidConfiguration', ['These environment variables are not as expected:', ...problems].join('\n'))
}
