import type { ComponentChildren } from 'preact'
import type { Query } from '../address/address.ts'
import { HelpPage } from '../help/help-page.tsx'
import { InboxPage } from '../inbox/inbox-page.tsx'
import { PromptPage } from '../prompt/prompt-page.tsx'
import { RunPage } from '../run/run-page.tsx'
import { RunsPage } from '../runs/runs-page.tsx'
import { later } from './later.tsx'
import { NotFound } from './not-found.tsx'

// What is not looked at each day is fetched when it is.
const ChartsPage = later(async () => (await import('../charts/charts-page.tsx')).ChartsPage)
const ChartPage = later(async () => (await import('../charts/chart-page.tsx')).ChartPage)
const EvalsPage = later(async () => (await import('../evals/evals-page.tsx')).EvalsPage)
const EvalPage = later(async () => (await import('../evals/eval-page.tsx')).EvalPage)
const DatasetsPage = later(async () => (await import('../datasets/datasets-page.tsx')).DatasetsPage)
const DatasetPage = later(async () => (await import('../datasets/dataset-page.tsx')).DatasetPage)
const AnalyticsPage = later(async () => (await import('../analytics/analytics-page.tsx')).AnalyticsPage)
const SqlPage = later(async () => (await import('../sql/sql-page.tsx')).SqlPage)
const DiffPage = later(async () => (await import('../diff/diff-page.tsx')).DiffPage)

interface Route {
  readonly path: RegExp
  /** Of the parts that the path leaves open. */
  readonly show: (parts: readonly string[], query: Query) => ComponentChildren
}

const routes: readonly Route[] = [
  { path: /^\/(?:runs\/?)?$/, show: () => <RunsPage /> },
  { path: /^\/inbox\/?$/, show: () => <InboxPage /> },
  { path: /^\/charts\/?$/, show: () => <ChartsPage /> },
  { path: /^\/charts\/([^/]+)$/, show: ([agent = ''], query) => <ChartPage agent={agent} query={query} /> },
  { path: /^\/evals\/?$/, show: (_, query) => <EvalsPage query={query} /> },
  { path: /^\/evals\/([^/]+)$/, show: ([id = ''], query) => <EvalPage id={id} query={query} /> },
  { path: /^\/datasets\/?$/, show: () => <DatasetsPage /> },
  { path: /^\/datasets\/([^/]+)$/, show: ([name = ''], query) => <DatasetPage name={name} query={query} /> },
  { path: /^\/analytics\/?$/, show: (_, query) => <AnalyticsPage query={query} /> },
  { path: /^\/analytics\/sql\/?$/, show: () => <SqlPage /> },
  { path: /^\/diff\/?$/, show: (_, { a = '', b = '' }) => <DiffPage a={a} b={b} /> },
  { path: /^\/help\/?$/, show: () => <HelpPage /> },
  { path: /^\/runs\/([^/]+)$/, show: ([runId = '']) => <RunPage runId={runId} /> },
  {
    path: /^\/runs\/([^/]+)\/prompt\/([^/]+)$/,
    show: ([runId = '', callId = ''], { attempt }) => <PromptPage runId={runId} callId={callId} attempt={attempt} />,
  },
]

/** What an address shows. */
export const shownAt = (path: string, query: Query): ComponentChildren => {
  for (const route of routes) {
    const found = route.path.exec(path)
    if (found !== null) return route.show(found.slice(1).map(decoded), query)
  }
  return <NotFound path={path} />
}

/** Somebody may have typed it. */
const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
