import { createStore } from '@xstate/store'
import { hrefOf } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import { ask, request } from '../server/ask.ts'
import type { TracePage, TraceSpan } from '../server/contract.ts'

interface Trace {
  readonly runId: string
  readonly ended: readonly TraceSpan[]
  readonly open: readonly TraceSpan[]
  /** Up to which the run was looked at. */
  readonly revision: number
  readonly isWhole: boolean
  readonly error: unknown
}

const nothing: Trace = { runId: '', ended: [], open: [], revision: -1, isWhole: false, error: undefined }

/** The spans of one run, as far as they are here. */
export const trace = createStore({
  context: nothing,
  on: {
    opened: (before, { runId }: { runId: string }) => (before.runId === runId ? before : { ...nothing, runId }),
    loaded: (before, { page }: { page: TracePage }) => {
      if (before.runId !== page.runId || page.revision < before.revision) return before
      const { open, revision, next } = page
      return { ...before, ended: [...before.ended, ...page.spans], open, revision, isWhole: next === null, error: undefined }
    },
    failed: (before, { runId, error }: { runId: string; error: unknown }) => (before.runId === runId ? { ...before, error } : before),
  },
})

const pathOf = (runId: string): string => `/v1/runs/${pathPart(runId)}/trace`

/** Loads what is not here yet, unless the signal is aborted. */
export const loadSpans = async (runId: string, signal: AbortSignal): Promise<void> => {
  trace.trigger.opened({ runId })
  try {
    for (let next: number | null = trace.getSnapshot().context.revision + 1; next !== null;) {
      const page: TracePage = await ask<TracePage>(hrefOf(pathOf(runId), { from: String(next) }), { signal })
      if (signal.aborted) return
      trace.trigger.loaded({ page })
      next = page.next
    }
  } catch (error) {
    if (!signal.aborted) trace.trigger.failed({ runId, error })
  }
}

const LISTS = { otlp: 'resourceSpans', perfetto: 'traceEvents' } as const

/** Of the whole run, as a text: what several pages list is one list. */
export const exportedTrace = async (runId: string, format: keyof typeof LISTS): Promise<string> => {
  const list: unknown[] = []
  for (let next: string | undefined = '0'; next !== undefined;) {
    const response: Response = await request(hrefOf(pathOf(runId), { format, from: next, limit: '20000' }))
    const page = (await response.json()) as Readonly<Record<string, readonly unknown[] | undefined>>
    for (const each of page[LISTS[format]] ?? []) list.push(each)
    next = /[?&]from=(\d+)/.exec(response.headers.get('link') ?? '')?.[1]
  }
  return JSON.stringify({ [LISTS[format]]: list })
}
