import { AssertionError } from 'node:assert'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeData, encodeMeta, streamOf } from '../../events/codec.ts'
import type { RunEvent } from '../../events/envelope.ts'
import type { RunFact } from '../../events/run-events.ts'
import { currentVersion } from '../../events/upcast.ts'
import type { RunView } from '../../fold/run-view.ts'
import { refuseUnknownOptions, type OptionNames } from '../../known-options.ts'
import type { Run } from '../../runtime/run-handle.ts'
import { manualClock } from '../manual-clock.ts'
import { memoryStores, type TestStores } from '../memory-stores.ts'
import { openProcess, type TestOptions, type TestRefold } from '../test-refold.ts'
import { readRecording } from './recording.ts'

export interface ReplayOptions extends Omit<TestOptions, 'stores'> {
  /** The folder that `refold export --blobs` has written, where pictures or files were said. */
  readonly blobs?: string | undefined
}

/** A recorded run in memory, as this code explains it. */
export interface Replayed {
  /** The first run of the file: to look at any revision, and to fork. */
  readonly run: Run
  /** At its end. */
  readonly view: RunView
  readonly refold: TestRefold
}

const OPTIONS: OptionNames<ReplayOptions> = { agents: true, models: true, dependencies: true, prices: true, blobs: true }

/**
 * Opens Refold in memory on runs that `refold export` has written to a file, and folds them again by the code of today: every state, every prompt
 * and everything that was asked for has to be what was recorded. Rejects with an `AssertionError` that names the first revision where it is not,
 * with `InvalidInput` where the file holds anything else, and as `openRefold` does. No model and no tool is called; what is open in a run stays open.
 */
export const replay = async (file: string, options: ReplayOptions): Promise<Replayed> => {
  refuseUnknownOptions('replay', options, OPTIONS)
  const { blobs, ...others } = options
  const events = await readRecording(file)
  const [first] = events
  const stores = memoryStores({ clock: manualClock(Math.max(...events.map(({ meta }) => meta.at))) })
  await record(stores, events)
  if (blobs !== undefined) await takeBlobs(stores, blobs)
  const refold = await openProcess({ ...others, stores }, { takesOver: false })
  for (const runId of new Set(events.map((event) => event.runId))) {
    const verified = await refold.run(runId).verify()
    if (verified.ok) continue
    const { recorded, refolded } = verified.difference
    throw new AssertionError({ message: verified.report, actual: refolded, expected: recorded, operator: 'replay' })
  }
  const run = refold.run(first.runId)
  return { run, view: await run.state(), refold }
}

const takeBlobs = async ({ blobs }: TestStores, folder: string): Promise<void> => {
  for (const name of await readdir(folder)) await blobs.put(await readFile(join(folder, name)))
}

/** Appends them, payloads apart and hashes chained as of today. */
const record = async ({ log, blobs }: TestStores, events: readonly RunEvent[]): Promise<void> => {
  const hashes = new Map<string, string>()
  for (const { runId, revision, id, type, data, meta } of events) {
    const encoded = encodeData({ type, data } as RunFact)
    for (const payload of encoded.blobs) await blobs.put(payload)
    const { hash: _, blobs: __, ...rest } = meta
    const apart = encoded.blobFields.length === 0 ? {} : { blobs: [...encoded.blobFields] }
    const { meta: text, hash } = encodeMeta(hashes.get(runId) ?? '', type, encoded.data, {
      ...rest,
      version: currentVersion(type),
      ...apart,
    })
    hashes.set(runId, hash)
    await log.append(streamOf(runId), revision === 0 ? 'no-stream' : revision - 1, [{ id, type, data: encoded.data, meta: text }])
  }
}
