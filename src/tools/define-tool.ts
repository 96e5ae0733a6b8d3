import { AppError, messageOf } from '../errors.ts'
import { toolEffect } from '../events/definition.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import { present } from '../present.ts'
import type { DependenciesOf } from '../projections/run-context.ts'
import { jsonShapeProblem } from './json-shape.ts'
import { toolDeclaration } from './tool-declaration.ts'
import type { Tool, ToolOptions, ToolRetry } from './tool.ts'

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/
const TOOL_OPTIONS: OptionNames<ToolOptions<unknown, unknown>> = {
  name: true,
  description: true,
  input: true,
  inputSchema: true,
  output: true,
  effect: true,
  context: true,
  messageData: true,
  dependencies: true,
  projections: true,
  handsOver: true,
  timeoutMs: true,
  maxOutputBytes: true,
  retry: true,
  concurrency: true,
  ratePerSecond: true,
  approval: true,
  touches: true,
  idempotencyKey: true,
  execute: true,
  lookup: true,
}
const RETRY_OPTIONS: OptionNames<ToolRetry> = { attempts: true, baseDelayMs: true, maxDelayMs: true }
const RETRY: ToolRetry = { attempts: 3, baseDelayMs: 500, maxDelayMs: 30_000 }

/**
 * A tool with every default filled in. Throws `InvalidConfiguration` for an option that there is not, and where the name is not one that every vendor takes,
 * a number is out of its range, the input is not an object that JSON Schema can describe,
 * a tool that changes nothing names its act,
 * or input or output can never be JSON (a date, a Map, a class), fit nothing (`z.never`) or never be checked at once (an async refinement).
 */
export const defineTool = <Input, Output, Context = unknown, Data = unknown, Needs = unknown>(
  options: ToolOptions<Input, Output, Context, Data, Needs>,
): Tool<Input, Output, Context, Data, Needs> => {
  const { approval = false, retry = {}, ...rest } = options
  refuseUnknownOptions(`tool "${options.name}"`, options, TOOL_OPTIONS)
  refuseUnknownOptions(`tool "${options.name}": retry`, retry, RETRY_OPTIONS)
  refuseCode(options)
  const tool: Tool<Input, Output, Context, Data, Needs> = {
    timeoutMs: 30_000,
    maxOutputBytes: 1024 * 1024,
    concurrency: Infinity,
    ratePerSecond: Infinity,
    handsOver: false,
    projections: [],
    dependencies: {} as DependenciesOf<Needs>,
    ...present(rest),
    retry: { ...RETRY, ...present(retry) },
    approval: typeof approval === 'function' ? approval : constant(approval),
  }
  refuseWords(tool)
  refuseNumbers(tool)
  refuseAct(tool)
  refuseShapes(tool)
  refuseInput(tool)
  return tool
}

/** Two functions, so that the code of a tool tells which it is. */
const constant = (approval: boolean): (() => boolean) => (approval ? () => true : () => false)

const refuseWords = ({ name, description }: Tool): void => {
  if (!TOOL_NAME.test(name)) throw invalid(name, 'name', '1 to 64 letters, digits, underscores or hyphens', name)
  if (description.trim() === '') throw invalid(name, 'description', 'a text that tells the model when to use it', description)
}

const refuseNumbers = (tool: Tool): void => {
  const { name, retry } = tool
  const atLeast = (least: number, field: string, value: number): void => {
    if (!Number.isSafeInteger(value) || value < least) throw invalid(name, field, `an integer of at least ${least}`, value)
  }
  atLeast(1, 'timeoutMs', tool.timeoutMs)
  atLeast(1, 'maxOutputBytes', tool.maxOutputBytes)
  atLeast(1, 'retry.attempts', retry.attempts)
  atLeast(0, 'retry.baseDelayMs', retry.baseDelayMs)
  atLeast(retry.baseDelayMs, 'retry.maxDelayMs', retry.maxDelayMs)
  if (tool.concurrency !== Infinity) atLeast(1, 'concurrency', tool.concurrency)
  if (!(tool.ratePerSecond > 0)) throw invalid(name, 'ratePerSecond', 'a number above 0', tool.ratePerSecond)
}

type GivenCode = Partial<Readonly<Record<'name' | 'effect' | 'execute' | 'lookup' | 'touches' | 'approval', unknown>>>

/** What a program without types gives would fail, or be passed over, in the middle of a run. */
const refuseCode = ({ name, effect, execute, lookup, touches, approval }: GivenCode): void => {
  const refused = (field: string, expected: string, found: unknown): AppError =>
    invalid(String(name), field, expected, typeof found === 'function' ? 'a function' : found)
  if (!toolEffect.safeParse(effect).success) throw refused('effect', '`read`, `idempotent` or `once`', effect)
  if (typeof execute !== 'function') throw refused('execute', 'a function', execute)
  for (const [field, code] of Object.entries({ lookup, touches }))
    if (code !== undefined && typeof code !== 'function') throw refused(field, 'a function', code)
  if (approval !== undefined && typeof approval !== 'function' && typeof approval !== 'boolean')
    throw refused('approval', 'true, false or a function', approval)
}

/** JavaScript users may give anything. */
const refuseAct = ({ name, effect, idempotencyKey }: { name: string; effect: Tool['effect']; idempotencyKey?: unknown }): void => {
  if (idempotencyKey === undefined) return
  if (typeof idempotencyKey !== 'function') throw invalid(name, 'idempotencyKey', 'a function of the input', idempotencyKey)
  if (effect === 'read')
    throw invalid(name, 'idempotencyKey', 'absent where the effect is `read`, which may be repeated freely', 'a function')
}

/** What a tool gets and gives is what the log holds of it, and a schema that cannot be JSON would refuse every call. */
const refuseShapes = ({ name, input, output, context, messageData }: Tool): void => {
  const sides = [
    ['input', input, 'input'],
    ['input', input, 'output'],
    ['output', output, 'output'],
    ...(context === undefined ? [] : ([['context', context, 'input']] as const)),
    ...(messageData === undefined ? [] : ([['messageData', messageData, 'input']] as const)),
  ] as const
  for (const [field, schema, side] of sides) {
    const problem = jsonShapeProblem(schema, side)
    if (problem !== undefined) throw invalid(name, field, 'what JSON can carry and can be checked at once', problem)
  }
}

const refuseInput = (tool: Tool): void => {
  const expected = 'a zod object that JSON Schema can describe'
  const type = describedType(tool, expected)
  if (type !== 'object') throw invalid(tool.name, 'input', expected, type ?? 'a union')
}

const describedType = (tool: Tool, expected: string): unknown => {
  try {
    return toolDeclaration(tool).inputSchema['type']
  } catch (cause) {
    throw new AppError('InvalidConfiguration', `tool "${tool.name}": input has to be ${expected}: ${messageOf(cause)}`, {
      details: { tool: tool.name, field: 'input', expected },
      cause,
    })
  }
}

const invalid = (tool: string, field: string, expected: string, found: unknown): AppError =>
  new AppError('InvalidConfiguration', `tool "${tool}": ${field} has to be ${expected}, found ${shown(found)}`, {
    details: { tool, field, expected, found },
  })

const shown = (found: unknown): string => (typeof found === 'number' ? String(found) : (JSON.stringify(found) ?? 'nothing'))
