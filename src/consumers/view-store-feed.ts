import type { ViewStore } from '../views/view-store.ts'
import type { FedView } from './fed-view.ts'
import { foldViews, runIdsOf } from './folded-views.ts'

/** The views as fed from a topic: the same fold as the projector's, which feeds them from the log. */
export const viewStoreFeed = (views: ViewStore): FedView => ({
  state: (topic) => views.topicState(topic),
  async open(runIds) {
    const before = await views.getMany(runIds)
    return {
      revisions: new Map(before.map(({ runId, revision }) => [runId, revision])),
      fold: (events) => {
        const { changes, poison } = foldViews(before, events)
        return { poison, write: (place) => views.applyFrom({ ...changes, ...place }) }
      },
    }
  },
  isPaused: async () => (await views.pausedSince()) !== undefined,
  async beginRebuild() {
    const shadow = await views.beginRebuild()
    return {
      take: async (events) => shadow.put(foldViews(await shadow.getMany(runIdsOf(events)), events).changes),
      finish: (place) => shadow.finish(place),
      discard: () => shadow.discard(),
    }
  },
})
