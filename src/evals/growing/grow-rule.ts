import { z } from 'zod'
import { sha256 } from '../../hash.ts'
import { canonicalJson } from '../../json.ts'

const MOST_RULES = 50
const MOST_PATTERNS = 100
const MOST_CASES = 10_000

const pattern = z.string().min(1).max(1_000).refine(isPattern, 'expected a regular expression')

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'gu').source !== ''
  } catch {
    return false
  }
}

const scored = z
  .strictObject({
    score: z.string().min(1).max(100),
    by: z.string().min(1).max(200).optional(),
    below: z.number().optional(),
    above: z.number().optional(),
    passed: z.boolean().optional(),
  })
  .refine(
    ({ below, above, passed }) => below !== undefined || above !== undefined || passed !== undefined,
    'expected below, above or passed',
  )

const rule = z.strictObject({
  name: z.string().regex(/^\w[\w.-]{0,99}$/, 'expected a name of letters, digits, ".", "_" and "-"'),
  of: z.enum(['run', 'turn', 'call']).default('run'),
  agent: z.string().min(1).optional(),
  when: z.union([z.enum(['escalated', 'limit', 'guardrail', 'failed']), scored]).optional(),
  share: z.number().gt(0).max(1).default(1),
  redact: z.array(pattern).max(MOST_PATTERNS).default([]),
  train: z.number().min(0).max(1).optional(),
  mostCases: z.int().min(1).max(MOST_CASES).default(MOST_CASES),
})

/** What `datasets` of a configuration is checked with. */
export const grownDatasets = z.strictObject({
  dir: z.string().min(1, 'expected a path'),
  grow: z
    .array(rule)
    .min(1)
    .max(MOST_RULES)
    .refine((rules) => new Set(rules.map(({ name }) => name.toLowerCase())).size === rules.length, 'expected a name of its own for each'),
})

/** Datasets that grow while production runs. */
export interface GrownDatasets {
  /** The folder of their files, `NAME.jsonl`; made if it is not there. */
  readonly dir: string
  readonly grow: readonly GrowRule[]
}

/** Which cases a dataset takes in: every one that all of it fits. */
export interface GrowRule {
  readonly name: string
  /** What a case is; `run` by default. */
  readonly of?: 'run' | 'turn' | 'call' | undefined
  /** Only of runs of this agent. */
  readonly agent?: string | undefined
  /** Only where this has happened in it: of a turn or a call, within it. */
  readonly when?: 'escalated' | 'limit' | 'guardrail' | 'failed' | ScoreCondition | undefined
  /** Of all runs this share, 0 to 1: which ones follows from their ids, and from nothing else. */
  readonly share?: number | undefined
  /** Regular expressions: what fits is replaced, as by `refold dataset create --redact`. */
  readonly redact?: readonly string[] | undefined
  /** The share of tasks that are for `train`; the others are for `test`. */
  readonly train?: number | undefined
  /** 10,000 by default and at most: what comes then is left out. */
  readonly mostCases?: number | undefined
}

/** The newest score of this name, of one author if one is named, is below, above, has passed or has not: one of them has to be there, all have to fit. */
export interface ScoreCondition {
  readonly score: string
  readonly by?: string | undefined
  readonly below?: number | undefined
  readonly above?: number | undefined
  readonly passed?: boolean | undefined
}

/** A rule that was checked. */
export type CheckedRule = z.infer<typeof rule>

/** The same for the same rule: one that was changed has other cases. */
export const hashOfRule = (checked: CheckedRule): string => sha256(canonicalJson(checked)).slice(0, 16)

const WHOLE = 2 ** 32

/** Whether the run is among the share of a rule. */
export const isInShare = ({ share }: Pick<CheckedRule, 'share'>, runId: string): boolean =>
  Number.parseInt(sha256(`grown ${runId}`).slice(0, 8), 16) < share * WHOLE
