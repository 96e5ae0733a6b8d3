import { setTimeout as pause } from 'node:timers/promises'
import type { RecordedRunEvent, RunView } from 'refold'

/** What the HTTP service says of a run. */
export type ServedView = Omit<RunView, 'transcript'>

/** The order desk's HTTP service, as a person at a screen uses it. */
export interface DeskService {
  /** The run once nothing happens any more unless somebody does something. It may be on its way to the log still. */
  untilSettled(runId: string): Promise<ServedView>
  events(runId: string, from: number): Promise<readonly RecordedRunEvent[]>
  command(path: string, body: object): Promise<void>
  verify(runId: string): Promise<{ readonly ok: boolean; readonly events: number; readonly report?: string }>
}

const LOOK_AGAIN_MS = 50
const WAIT_MS = 90_000

export const deskService = (url: string): DeskService => {
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`${url}/v1/${path}`)
    if (response.ok) return response.json()
    if (response.status === 404) return undefined
    throw new Error(`expected an answer to GET ${path}, found ${response.status}: ${await response.text()}`)
  }
  return {
    async untilSettled(runId) {
      const until = Date.now() + WAIT_MS
      for (;;) {
        const view = (await get(`runs/${runId}`)) as ServedView | undefined
        if (view !== undefined && (view.status !== 'active' || view.waitsFor !== null)) return view
        if (Date.now() > until) throw new Error(`expected ${runId} to come to rest, found ${view?.state ?? 'no such run'}`)
        await pause(LOOK_AGAIN_MS)
      }
    },
    async events(runId, from) {
      const page = (await get(`runs/${runId}/events?from=${from}&limit=1000`)) as { readonly events: readonly RecordedRunEvent[] }
      return page.events
    },
    async command(path, body) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      if (!response.ok) throw new Error(`expected POST ${path} to be granted, found ${response.status}: ${await response.text()}`)
    },
    verify: async (runId) => (await get(`runs/${runId}/verification`)) as Awaited<ReturnType<DeskService['verify']>>,
  }
}
