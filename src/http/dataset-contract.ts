import { z } from 'zod'
import { anything, count, time, whole } from './contract.ts'

// The files of datasets in the folder that the configuration names.

export const datasetName = /^\w[\w.-]{0,99}$/

export const datasetPath = z.object({ name: z.string().regex(datasetName, 'expected the name of a dataset') })

export const casesOfFileQuery = z.strictObject({
  from: whole(0, Number.MAX_SAFE_INTEGER).default(0).meta({ description: '`next` of the page before' }),
  limit: whole(1, 200).default(50),
})

export const datasetList = z
  .object({
    isConfigured: z.boolean().meta({ description: 'whether the configuration names a folder of datasets' }),
    datasets: z
      .array(z.object({ name: z.string(), bytes: count, updatedAt: time }))
      .readonly()
      .meta({ description: 'by name, 500 at most' }),
  })
  .meta({ id: 'DatasetList' })

const readCase = z.object({
  case: anything.meta({ description: 'as it stands in the file; null where that is none' }),
  problem: z.string().nullable().meta({ description: 'why it cannot be read' }),
})

export const datasetPage = z
  .object({
    name: z.string(),
    cases: z.array(readCase).readonly(),
    next: count.nullable().meta({ description: '`from` of the next page: where it begins in the file' }),
  })
  .meta({ id: 'DatasetPage', description: 'Cases of a dataset. A key of a tenant sees those that come from its runs.' })
