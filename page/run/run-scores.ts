import { createStore } from '@xstate/store'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { pathPart } from '../address/path-part.ts'
import { newKey } from '../commands/command-store.ts'
import { ask } from '../server/ask.ts'

/** What somebody makes of a run. */
export interface ShownScore {
  readonly name: string
  readonly by: string
  readonly value: number
  readonly passed?: boolean
  /** Revision of the event that it is about; absent where it is about the whole run. */
  readonly about?: number
}

/** Of one name and author the newest of each event, up to a revision. */
export const scoresAt = (rows: readonly OutlineRow[], cursor: number, copiedTo = -1): readonly ShownScore[] => {
  const newest = new Map<string, ShownScore>()
  for (const { type, revision, score, by, value, passed, about } of rows) {
    if (type !== 'RunScored' || revision > cursor || revision <= copiedTo) continue
    if (score === undefined || by === undefined || value === undefined) continue
    const shown = { name: score, by, value, ...(passed === undefined ? {} : { passed }), ...(about === undefined ? {} : { about }) }
    newest.set(JSON.stringify([score, by, about ?? null]), shown)
  }
  return [...newest.values()]
}

interface Given {
  readonly runId: string
  readonly about: number
  readonly value: number
}

/** The thumb that was given last on this page: of a run that has ended no more events come. */
export const thumbs = createStore({
  context: { given: undefined as Given | undefined, refused: undefined as { readonly given: Given; readonly why: string } | undefined },
  on: {
    wanted: (before, { runId, about, value }: Given, enqueue) => {
      enqueue.effect(() => void send({ runId, about, value }))
      return { ...before, refused: undefined }
    },
    recorded: (_, { given }: { given: Given }) => ({ given, refused: undefined }),
    failed: (before, { given, why }: { given: Given; why: string }) => ({ ...before, refused: { given, why } }),
  },
})

const send = async (given: Given): Promise<void> => {
  const { runId, about, value } = given
  try {
    const body = { name: 'thumbs', value, revision: about }
    await ask(`/v1/runs/${pathPart(runId)}/scores`, { method: 'POST', body, headers: { 'idempotency-key': newKey() } })
    thumbs.trigger.recorded({ given })
  } catch (error) {
    thumbs.trigger.failed({ given, why: error instanceof Error ? error.message : '' })
  }
}
