import { memoryBlobStore } from '../../src/blobs/blob-store.memory.ts'
import { blobStoreConformance } from './blob-store.ts'

blobStoreConformance('memory', async () => ({ store: memoryBlobStore(), dispose: async () => undefined }))
