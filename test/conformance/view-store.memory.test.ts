import { memoryViewStore } from '../../src/views/memory/memory-view-store.ts'
import { viewStoreConformance } from './view-store.ts'

viewStoreConformance('memory', () => {
  const views = memoryViewStore()
  return Promise.resolve({ views, dispose: () => views.close() })
})
