import { z } from 'zod'
import { AppError } from '../errors.ts'
import { message } from '../events/message.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson, jsonText, type Json } from '../json.ts'
import type { DatasetCase } from './dataset-case.ts'

export interface DatasetOptions {
  /** Texts that fit are replaced by `[redacted]`, wherever they stand in a case. */
  readonly redact: readonly RegExp[]
  /** The share of tasks that go to `train`, 0 to 1; undefined for no split. */
  readonly trainShare: number | undefined
  readonly mostCases: number
}

/** Cases as they come, each input once. */
export interface DatasetBuilder {
  /** Whether it was taken: not one that is there already, and none beyond the most. */
  add(found: DatasetCase): boolean
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
        return false
      }
      if (cases.size >= mostCases) return false
      const clean = redact.length === 0 ? found : (redacted(found as unknown as Json, redact) as unknown as DatasetCase)
      // What tells cases apart, and where to look, is no text that somebody said.
      const kept = { ...clean, id: found.id, source: found.source, task: found.task }
      cases.set(found.id, trainShare === undefined ? kept : { ...kept, split: splitOf(found.task, trainShare) })
      return true
    },
    isFull: () => cases.size >= mostCases,
    duplicates: () => duplicates,
    cases: () => [...cases.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}

const WHOLE = 2 ** 32

/** By the task alone: it stays where it is when others come or go. */
const splitOf = (task: string, trainShare: number): 'train' | 'test' =>
  Number.parseInt(sha256(`split ${task}`).slice(0, 8), 16) < trainShare * WHOLE ? 'train' : 'test'

const redacted = (value: Json, patterns: readonly RegExp[]): Json => {
  if (typeof value === 'string') return patterns.reduce((text, pattern) => text.replace(pattern, '[redacted]'), value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: Json) => redacted(item, patterns))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, redacted(member, patterns)]))
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
  input: z.looseObject({ messages: z.array(message) }),
  state: z.looseObject({ place: z.string(), turn: z.int() }),
  output: z.looseObject({ answer: z.string().nullable(), toolCalls: z.array(z.looseObject({ tool: z.string(), outcome: z.string() })) }),
  labels: z.record(z.string(), z.string()),
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
