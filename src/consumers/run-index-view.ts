import type { RunIndex } from '../views/run-index.ts'
import type { FedView, PoisonEvent } from './fed-view.ts'
import { foldRows } from './run-rows.ts'

/** The index of runs as a view that is fed from a topic: the same fold as the projector's, which feeds it from the log. */
export const runIndexView = (index: RunIndex): FedView => ({
  state: (topic) => index.topicState(topic),
  async revisions(runIds) {
    const found = new Map<string, number>()
    for (const runId of runIds) {
      const row = await index.get(runId)
      if (row !== undefined) found.set(runId, row.revision)
    }
    return found
  },
  async fold(events) {
    const poison: PoisonEvent[] = []
    const rows = await foldRows(
      (runId) => index.get(runId),
      events,
      (event, before, { problem }) => {
        if (problem !== undefined && before?.problem === undefined) poison.push({ event, reason: problem })
      },
    )
    return { poison, write: (place) => index.applyFrom({ rows, ...place }) }
  },
  async beginRebuild() {
    const rebuild = await index.beginRebuild()
    return {
      take: async (events) => rebuild.put(await foldRows((runId) => rebuild.get(runId), events)),
      finish: (topic, offsets) => rebuild.finish(topic, offsets),
      discard: () => rebuild.discard(),
    }
  },
})
