import { createRoute } from '@hono/zod-openapi'
import { casesOfFileQuery, datasetList, datasetPage, datasetPath } from './dataset-contract.ts'
import { answers, guardedBy } from './route-parts.ts'

export const datasetRoutes = {
  list: createRoute({
    method: 'get',
    path: '/v1/datasets',
    operationId: 'listDatasets',
    summary: 'The files of datasets in the folder of the configuration.',
    tags: ['Evals'],
    ...guardedBy('read'),
    responses: answers('The datasets.', datasetList),
  }),
  one: createRoute({
    method: 'get',
    path: '/v1/datasets/{name}',
    operationId: 'getDataset',
    summary: 'Cases of a dataset, each with the run that it is from.',
    tags: ['Evals'],
    ...guardedBy('read'),
    request: { params: datasetPath, query: casesOfFileQuery },
    responses: answers('A page of cases.', datasetPage),
  }),
} as const
