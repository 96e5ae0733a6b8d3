import { afterAll, beforeAll } from 'vitest'
import { postgresBlobStore } from '../../src/blobs/blob-store.postgres.ts'
import { startPostgres, type Postgres } from '../../servers/postgres.ts'
import { blobStoreConformance } from './blob-store.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await startPostgres()
}, 60_000)
afterAll(() => postgres.stop())

blobStoreConformance('Postgres', async () => ({ store: await postgresBlobStore(postgres.pool), dispose: async () => undefined }))
