import { memoryRunIndex } from '../../src/views/run-index.memory.ts'
import { runIndexConformance } from './run-index.ts'

runIndexConformance('memory', () => {
  const index = memoryRunIndex()
  return Promise.resolve({ index, dispose: () => index.close() })
})
