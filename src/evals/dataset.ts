import { z } from 'zod'
import { AppError } from '../errors.ts'
import { contentPart, type MediaPart } from '../events/content.ts'
import { json, message, type Message } from '../events/message.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson, jsonText, type Json, type JsonObject } from '../json.ts'
import { present } from '../present.ts'
import { isHashOfState, type CaseExpected, type DatasetCase } from './dataset-case.ts'

export interface DatasetOptions {
  /** What fits is replaced by `[redacted]` in all that was said, given or noted. What tools and programs tell a case by stays. */
  readonly redact: readonly RegExp[]
  /** The share of tasks that go to `train`, 0 to 1; undefined for no split. */
  readonly trainShare: number | undefined
  readonly mostCases: number
}

/** Cases as they come, each input once. */
export interface DatasetBuilder {
  /** Leaves out one that is there already, and any beyond the most. */
  add(found: DatasetCase): void
  readonly isFull: () => boolean
  readonly duplicates: () => number
  /** In the order of their ids, so that the same runs in whatever order make the same dataset. */
  readonly cases: () => readonly DatasetCase[]
}

export const datasetBuilder = ({ redact, trainShare, mostCases }: DatasetOptions): DatasetBuilder => {
  const cases = new Map<string, DatasetCase>()
  let duplicates = 0
  return {
    add(found) {
      if (cases.has(found.id)) {
        duplicates += 1
        return
      }
      if (cases.size >= mostCases) return
      cases.set(found.id, writtenCase(found, { redact, trainShare }))
    },
    isFull: () => cases.size >= mostCases,
    duplicates: () => duplicates,
    cases: () => [...cases.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}

/** As it stands in a file: redacted, and split. */
export const writtenCase = (found: DatasetCase, { redact, trainShare }: Pick<DatasetOptions, 'redact' | 'trainShare'>): DatasetCase => ({
  ...redactedCase(found, redact),
  ...(trainShare === undefined ? {} : { split: splitOf(found.task, trainShare) }),
})

const WHOLE = 2 ** 32

/** By the task alone: it stays where it is when others come or go. */
const splitOf = (task: string, trainShare: number): 'train' | 'test' =>
  Number.parseInt(sha256(`split ${task}`).slice(0, 8), 16) < trainShare * WHOLE ? 'train' : 'test'

/** What a case is made of stays, so that it is one still: roles, types, names of tools, outcomes. A task that somebody named becomes a hash. */
const redactedCase = (found: DatasetCase, patterns: readonly RegExp[]): DatasetCase => {
  if (patterns.length === 0) return found
  const text = (said: string): string => patterns.reduce((before, pattern) => before.replace(pattern, '[redacted]'), said)
  const values = <Members extends object>(members: Members): Members =>
    Object.fromEntries(Object.entries(members).map(([name, value]) => [name, redacted(value as Json, text)])) as Members
  const { messages, followUps, model, ...given } = found.input
  const { toolCalls, ...output } = found.output
  return {
    ...found,
    task: text(found.task) === found.task ? found.task : sha256(`task ${found.task}`).slice(0, 16),
    input: {
      messages: messages.map((each) => redactedMessage(each, text)),
      ...present({
        followUps: followUps?.map(({ parts, ...data }) => ({ parts: parts.map((part) => redactedPart(part, text)), ...values(data) })),
      }),
      ...values(given),
      ...present({ model }),
    },
    output: {
      ...values(output),
      toolCalls: toolCalls.map(({ tool, outcome, ...call }) => ({ tool, outcome, ...values(call) })),
    },
    labels: redacted(found.labels, text) as DatasetCase['labels'],
    ...(found.expected === undefined ? {} : { expected: redactedExpected(found.expected, text) }),
  }
}

/** Names of tools, scorers and projections stay, and hashes: what somebody has expected is said as much as what came out. */
const redactedExpected = ({ answer, contains, schema, toolCalls, state, labels }: CaseExpected, text: Redact): CaseExpected =>
  present({
    answer: answer === undefined ? undefined : text(answer),
    contains: contains?.map(text),
    schema: schema === undefined ? undefined : (redacted(schema, text) as JsonObject),
    toolCalls: toolCalls?.map(({ tool, input }) => ({ tool, input: redacted(input, text) })),
    state:
      state === undefined
        ? undefined
        : Object.fromEntries(Object.entries(state).map(([name, value]) => [name, isHashOfState(value) ? value : redacted(value, text)])),
    labels,
  })

type Redact = (text: string) => string

const redactedMessage = (said: Message, text: Redact): Message =>
  ({ ...said, parts: said.parts.map((part) => redactedPart(part, text)) }) as Message

const redactedPart = <Part extends Message['parts'][number]>(part: Part, text: Redact): Part => redactedAny(part, text) as Part

const redactedAny = (part: Message['parts'][number], text: Redact): Message['parts'][number] => {
  switch (part.type) {
    case 'text':
      return { ...part, text: text(part.text) }
    case 'toolCall':
      return { ...part, argumentsText: redactedArguments(part.argumentsText, text) }
    case 'opaque':
      return { ...part, content: redacted(part.content, text) }
    case 'image':
      return {
        ...part,
        source: redactedSource(part.source, text),
        ...present({ alt: part.alt === undefined ? undefined : text(part.alt) }),
      }
    case 'file':
      return {
        ...part,
        source: redactedSource(part.source, text),
        ...present({ name: part.name === undefined ? undefined : text(part.name) }),
      }
  }
}

/** Of what stands in them: a text may be written with escapes that no pattern sees through. */
const redactedArguments = (written: string, text: Redact): string => {
  let found: Json
  try {
    found = JSON.parse(written) as Json
  } catch {
    return text(written)
  }
  const changed = redacted(found, text)
  return jsonText(changed) === jsonText(found) ? text(written) : jsonText(changed)
}

const redactedSource = (source: MediaPart['source'], text: Redact): MediaPart['source'] =>
  source.type === 'blob' || text(source.url) === source.url ? source : { ...source, url: 'https://redacted.invalid/' }

/** Names of members and numbers too: what fits may stand there. */
const redacted = (value: Json, text: Redact): Json => {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') return text(String(value)) === String(value) ? value : text(String(value))
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: Json) => redacted(item, text))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [text(name), redacted(member, text)]))
}

/** One case a line. */
export const datasetLines = (cases: readonly DatasetCase[]): string => cases.map((each) => `${jsonText(each)}\n`).join('')

/** Of what it holds: the same cases have the same version, wherever and whenever they were put together. */
export const datasetVersion = (cases: readonly DatasetCase[]): string =>
  sha256(cases.map((each) => canonicalJson(each)).join('\n')).slice(0, 12)

/** The cases of a file's text. Throws `InvalidInput`, with the line, for what is none. */
export const casesInText = (text: string, path: string): readonly DatasetCase[] =>
  text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [caseIn(line, `line ${index + 1} of ${path}`)]))

const shape = z.looseObject({
  id: z.string(),
  of: z.enum(['run', 'turn', 'call']),
  source: z.looseObject({ runId: z.string(), revision: z.int().nonnegative(), agent: z.string() }),
  task: z.string(),
  input: z.looseObject({
    messages: z.array(message),
    followUps: z.array(z.strictObject({ parts: z.array(contentPart).min(1), data: json.optional() })).optional(),
  }),
  state: z.looseObject({ place: z.string(), turn: z.int() }),
  output: z.looseObject({ answer: z.string().nullable(), toolCalls: z.array(z.looseObject({ tool: z.string(), outcome: z.string() })) }),
  labels: z.record(z.string(), z.string()),
  expected: z
    .strictObject({
      answer: z.string(),
      contains: z.array(z.string()),
      schema: z.record(z.string(), json),
      toolCalls: z.array(z.strictObject({ tool: z.string(), input: json })),
      state: z.record(z.string(), json),
      labels: z.record(z.string(), z.enum(['pass', 'fail'])),
    } satisfies Record<keyof CaseExpected, z.ZodType>)
    .partial()
    .optional(),
})

const caseIn = (line: string, where: string): DatasetCase => {
  let found: unknown
  try {
    found = JSON.parse(line)
  } catch {
    throw new AppError('InvalidInput', `Expected JSON in ${where}, found something else`)
  }
  const checked = shape.safeParse(found)
  if (checked.success) return found as DatasetCase
  const [issue] = checked.error.issues
  throw new AppError(
    'InvalidInput',
    `Expected a case as \`refold dataset create\` writes it in ${where}, found at ${issue?.path.join('.') || 'its top'}: ${issue?.message}`,
  )
}
