import { memorySnapshotStore } from '../../src/snapshots/snapshot-store.memory.ts'
import { snapshotStoreConformance } from './snapshot-store.ts'

snapshotStoreConformance('memory', memorySnapshotStore)
