import { z } from 'zod'
import { AppError } from './errors.ts'

const url = z.url({ protocol: /^https?$/ })

const environment = z.object({
  OPENAI_API_KEY: z.string().min(1).optional(),
  /** Any server that speaks OpenAI Chat Completions. */
  OPENAI_BASE_URL: url.optional(),
  ANTHROPIC_API_KEY: z.string().min(1).optional(),
  ANTHROPIC_BASE_URL: url.optional(),
  REFOLD_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('warn'),
})

export type Environment = z.infer<typeof environment>

/** The only reader of the process environment. Throws `InvalidConfiguration` with all that is wrong at once. */
export const readEnvironment = (variables: NodeJS.ProcessEnv = process.env): Environment => {
  const checked = environment.safeParse(variables)
  if (checked.success) return checked.data
  const problems = checked.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`)
  throw new AppError('InvalidConfiguration', ['These environment variables are not as expected:', ...problems].join('\n'))
}
