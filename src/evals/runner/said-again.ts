import { isMedia, type ContentPart } from '../../events/content.ts'
import type { GivenPart } from '../../events/given-content.ts'
import type { RefoldCore } from '../../runtime/refold.ts'
import type { DatasetCase } from '../dataset-case.ts'

/** What was said in the run of a case, for another run: with the bytes of its pictures and files, which only the first one has. Rejects where that is gone. */
export const saidAgain = (
  { refold }: { readonly refold: Pick<RefoldCore, 'run'> },
  { source: { runId } }: Pick<DatasetCase, 'source'>,
  parts: readonly ContentPart[],
): Promise<readonly GivenPart[]> =>
  Promise.all(
    parts.map(async (part): Promise<GivenPart> => {
      if (!isMedia(part) || part.source.type !== 'blob') return part
      const { hash, mediaType } = part.source
      const { bytes } = await refold.run(runId).blob(hash)
      return { ...part, source: { type: 'bytes', data: bytes, mediaType } }
    }),
  )
