import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobStore } from '../blobs/blob-store.ts'
import { messageOf } from '../errors.ts'
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../private-files.ts'
import type { ReadEvent } from './stored-events.ts'

export interface ExportedBlobs {
  /** What an event names: pictures and files that were said. */
  note(event: ReadEvent): void
  /** Each as a file of its own, named by the hash that its part has. Resolves to how many, and to what could not be written. */
  write(dir: string): Promise<{ readonly files: number; readonly problems: readonly string[] }>
}

export const exportedBlobs = (blobs: Pick<BlobStore, 'getBytes'>): ExportedBlobs => {
  const hashes = new Set<string>()
  return {
    note(read) {
      for (const hash of read.ok ? (read.event.meta.media ?? []) : []) hashes.add(hash)
    },
    async write(dir) {
      await mkdir(dir, { recursive: true, mode: PRIVATE_FOLDER })
      const problems: string[] = []
      for (const hash of hashes) {
        try {
          await writeFile(join(dir, hash), await blobs.getBytes(hash), { mode: PRIVATE_FILE })
        } catch (error) {
          problems.push(messageOf(error))
        }
      }
      return { files: hashes.size - problems.length, problems }
    },
  }
}
