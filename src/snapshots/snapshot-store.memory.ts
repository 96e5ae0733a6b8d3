import type { Snapshot, SnapshotStore } from './snapshot-store.ts'

export const memorySnapshotStore = (): SnapshotStore => {
  const runs = new Map<string, Map<number, Snapshot>>()
  return {
    upTo: async (runId, revision) =>
      [...(runs.get(runId)?.values() ?? [])].filter((snapshot) => snapshot.revision <= revision).sort((a, b) => a.revision - b.revision),
    async put(runId, snapshot) {
      runs.set(runId, (runs.get(runId) ?? new Map<number, Snapshot>()).set(snapshot.revision, snapshot))
    },
    async drop(runId) {
      runs.delete(runId)
    },
    close: async () => undefined,
  }
}
