import type { FedView } from '../src/consumers/view-feed.ts'
import type { StoredEvent } from '../src/eventlog/event-log.ts'

/** A view that says of each event when it has been written, and so can be seen. */
export const watchedView = (view: FedView, onWritten: (events: readonly StoredEvent[]) => void): FedView => ({
  ...view,
  async open(runIds) {
    const runs = await view.open(runIds)
    return {
      ...runs,
      fold(events) {
        const folded = runs.fold(events)
        return {
          ...folded,
          async write(place) {
            const isWritten = await folded.write(place)
            if (isWritten) onWritten(events)
            return isWritten
          },
        }
      },
    }
  },
})
