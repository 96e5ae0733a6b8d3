import { afterAll, describe, test } from 'vitest'
import { postgresBlobStore } from '../../src/blobs/blob-store.postgres.ts'
import { testPostgres } from '../support/test-postgres.ts'
import { blobStoreConformance } from './blob-store.ts'

const postgres = await testPostgres('blob store conformance')
afterAll(() => postgres?.stop())

if (postgres === undefined) {
  describe('the Postgres blob store', () => {
    test.skip('needs a server: see the closing lines')
  })
} else {
  blobStoreConformance('Postgres', async () => ({ store: await postgresBlobStore(postgres.pool), dispose: async () => undefined }))
}
