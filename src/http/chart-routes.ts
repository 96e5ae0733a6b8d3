import { createRoute } from '@hono/zod-openapi'
import { chart, chartList, chartPath, chartStep } from './chart-contract.ts'
import { revisionPath } from './outline-contract.ts'
import { answers, guardedBy } from './route-parts.ts'

export const chartRoutes = {
  list: createRoute({
    method: 'get',
    path: '/v1/charts',
    operationId: 'listCharts',
    summary: 'The charts of all agents.',
    tags: ['Charts'],
    ...guardedBy('read'),
    responses: answers('All charts, and which agent has which.', chartList),
  }),
  chart: createRoute({
    method: 'get',
    path: '/v1/charts/{hash}',
    operationId: 'getChart',
    summary: 'A chart as a graph and as pictures; it never changes.',
    tags: ['Charts'],
    ...guardedBy('read'),
    request: { params: chartPath },
    responses: answers('The chart.', chart),
  }),
  step: createRoute({
    method: 'get',
    path: '/v1/runs/{runId}/steps/{revision}',
    operationId: 'getChartStep',
    summary: 'What one event did to the charts of its run, exactly.',
    tags: ['Charts'],
    ...guardedBy('read'),
    request: { params: revisionPath },
    responses: answers('Where the charts stood after it, and which edges it took.', chartStep),
  }),
} as const
