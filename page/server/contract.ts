import type { z } from 'zod'
import type { chart, chartList } from '../../src/http/chart-contract.ts'
import type { agentList, receipt, run } from '../../src/http/contract.ts'
import type { oneEvent, outlinePage } from '../../src/http/outline-contract.ts'
import type { prompt } from '../../src/http/prompt-contract.ts'
import type { runPage, runRow } from '../../src/http/run-list-contract.ts'
import type { sqlCatalog, sqlResult } from '../../src/http/sql-contract.ts'

// What the server answers, by name.

export type RunRow = z.infer<typeof runRow>
export type RunPage = z.infer<typeof runPage>
export type RunCounts = NonNullable<RunPage['counts']>
export type Receipt = z.infer<typeof receipt>
export type AgentList = z.infer<typeof agentList>
export type Run = z.infer<typeof run>
export type OutlinePage = z.infer<typeof outlinePage>
export type Prompt = z.infer<typeof prompt>
export type OneEvent = z.infer<typeof oneEvent>
export type ChartList = z.infer<typeof chartList>
export type Chart = z.infer<typeof chart>
export type ChartPicture = Chart['full']
export type ChartGraph = Chart['graph']
export type SqlCatalog = z.infer<typeof sqlCatalog>
export type SqlResult = z.infer<typeof sqlResult>
