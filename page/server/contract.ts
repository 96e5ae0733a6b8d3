import type { z } from 'zod'
import type { chart, chartList } from '../../src/http/chart-contract.ts'
import type { agentList } from '../../src/http/agent-contract.ts'
import type { receipt, run } from '../../src/http/contract.ts'
import type { datasetList, datasetPage } from '../../src/http/dataset-contract.ts'
import type { casePage, evalPage, oneEval } from '../../src/http/eval-contract.ts'
import type { oneEvent, outlinePage } from '../../src/http/outline-contract.ts'
import type { prompt, writtenPrompt } from '../../src/http/prompt-contract.ts'
import type { runPage, runRow } from '../../src/http/run-list-contract.ts'
import type { sqlCatalog, sqlResult } from '../../src/http/sql-contract.ts'
import type { tracePage } from '../../src/http/trace-contract.ts'

// What the server answers, by name.

export type RunRow = z.infer<typeof runRow>
export type RunPage = z.infer<typeof runPage>
export type RunCounts = NonNullable<RunPage['counts']>
export type Receipt = z.infer<typeof receipt>
export type AgentList = z.infer<typeof agentList>
export type Run = z.infer<typeof run>
export type OutlinePage = z.infer<typeof outlinePage>
export type Prompt = z.infer<typeof prompt>
export type WrittenPrompt = z.infer<typeof writtenPrompt>
export type OneEvent = z.infer<typeof oneEvent>
export type ChartList = z.infer<typeof chartList>
export type Chart = z.infer<typeof chart>
export type ChartPicture = Chart['full']
export type ChartGraph = Chart['graph']
export type EvalPage = z.infer<typeof evalPage>
export type EvalRow = EvalPage['evals'][number]
export type OneEval = z.infer<typeof oneEval>
export type EvalMeasure = OneEval['accuracy']
export type EvalCasePage = z.infer<typeof casePage>
export type EvalCase = EvalCasePage['cases'][number]
export type DatasetList = z.infer<typeof datasetList>
export type DatasetPage = z.infer<typeof datasetPage>
export type SqlCatalog = z.infer<typeof sqlCatalog>
export type SqlResult = z.infer<typeof sqlResult>
export type TracePage = z.infer<typeof tracePage>
export type TraceSpan = TracePage['spans'][number]

/** Of a view, whose columns are declared where its query is. */
export interface ViewPage<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
  readonly sql?: string
  readonly behind?: RunPage['behind']
}

export interface VersionRow {
  readonly agent: string
  readonly agentVersion: string
  readonly runs: number
  readonly active: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly costMicroUsd: number
  readonly updatedAt: number
}

interface SpentRow {
  readonly failed: number
  readonly tokens: number
  readonly costMicroUsd: number
}

export interface StepRow extends SpentRow {
  readonly chart: 'run' | 'toolCall'
  readonly fromState: string
  readonly event: string
  readonly toState: string
  readonly steps: number
  readonly runs: number
}

export interface StateRow extends SpentRow {
  readonly chart: 'run' | 'toolCall'
  readonly state: string
  readonly visits: number
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly waits: number
  readonly waitP50Ms: number | null
  readonly waitP95Ms: number | null
}

/** Of a slot of time and a name; each view has some of the numbers. */
export interface UsageRow {
  readonly slotAt: number
  readonly name: string
  readonly failed: number
  readonly calls?: number
  readonly turns?: number
  readonly answered?: number
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly costMicroUsd?: number
  readonly p50Ms?: number | null
  readonly p95Ms?: number | null
}
