import { createStore } from '@xstate/store'
import { here } from './cursor.ts'
import { openRun } from './run-store.ts'

interface Checked {
  readonly runId: string
  /** At which the page is compared with the server; undefined where nobody has asked for it. */
  readonly revision: number | undefined
}

const nothing: Checked = { runId: '', revision: undefined }

/** Which event of which run somebody wants to be compared. */
export const checked = createStore({
  context: nothing,
  on: { wanted: (_, { of }: { of: Checked }) => of, closed: () => nothing },
})

/** The event at the cursor. */
export const checkHere = (): void => {
  checked.trigger.wanted({ of: { runId: openRun.getSnapshot().context.runId, revision: here() } })
}
