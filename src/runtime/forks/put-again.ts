import { blobsIn, streamOf } from '../../events/codec.ts'
import type { ActorParts } from '../actors/run-actor.ts'
import type { Agent } from '../agent.ts'
import { deletedInstead } from '../reading/run-reader.ts'
import type { Copy } from './copied-events.ts'

interface Putting {
  readonly agent: Agent
  readonly runId: string
  readonly originId: string
  readonly chunk: readonly Copy[]
}

/** Whoever names a payload puts it before: it goes with its origin where that is deleted meanwhile. One at a time, since each may be large. */
export const putAgain = async (
  { parts, store }: Pick<ActorParts, 'parts' | 'store'>,
  { agent, runId, originId, chunk }: Putting,
): Promise<void> => {
  const named = chunk.flatMap(({ blobs, texts }) => (blobs.length > 0 ? [] : blobsIn({ ...texts, stream: streamOf(runId), revision: 0 })))
  for (const hash of new Set(named)) {
    const payload = await parts.blobs.getBytes(hash).catch(async (error: unknown) => {
      throw await deletedInstead(parts, originId, error)
    })
    await store(agent, [payload])
  }
}
