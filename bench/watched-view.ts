import type { TimelineRecord } from '../src/projections/view-records.ts'
import type { ViewStore } from '../src/views/view-store.ts'

/** Views that say of each event when it has been written, and so can be seen. */
export const watchedView = (views: ViewStore, onWritten: (events: readonly TimelineRecord[]) => void): ViewStore => ({
  ...views,
  async apply(batch) {
    const isWritten = await views.apply(batch)
    if (isWritten) onWritten(batch.records.timeline)
    return isWritten
  },
})
