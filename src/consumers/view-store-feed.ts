import type { ViewStore } from '../views/view-store.ts'
import type { FedView } from './fed-view.ts'
import { foldRows, runIdsOf } from './run-rows.ts'

/** The view store as a view that is fed from a topic: the same fold as the projector's, which feeds it from the log. */
export const viewStoreFeed = (views: ViewStore): FedView => ({
  state: (topic) => views.topicState(topic),
  async open(runIds) {
    const before = await views.getMany(runIds)
    return {
      revisions: new Map(before.map(({ runId, revision }) => [runId, revision])),
      fold: (events) => {
        const { rows, poison } = foldRows(before, events)
        return { poison, write: (place) => views.applyFrom({ rows, ...place }) }
      },
    }
  },
  async beginRebuild() {
    const rebuild = await views.beginRebuild()
    return {
      take: async (events) => rebuild.put(foldRows(await rebuild.getMany(runIdsOf(events)), events).rows),
      finish: (topic, offsets) => rebuild.finish(topic, offsets),
      discard: () => rebuild.discard(),
    }
  },
})
