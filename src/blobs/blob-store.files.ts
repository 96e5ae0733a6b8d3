import { rmSync, statSync } from 'node:fs'
import { mkdir, open, readdir, readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, isAppError, messageOf } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { PRIVATE_FOLDER, replacePrivateFile } from '../private-files.ts'
import { checkHash, checkContent, damagedBlob, missingBlob } from './blob-checks.ts'
import type { BlobStore } from './blob-store.ts'

/**
 * One file per blob, in 256 folders by the first two digits of its hash; for as many processes as there are.
 * A blob appears whole or not at all. Rejects with `StoreUnavailable` where the disk is full or fails.
 */
export const fileBlobStore = ({ dir }: { readonly dir: string }): BlobStore => {
  const shardOf = (hash: string): string => join(dir, hash.slice(0, 2))
  const pathOf = (hash: string): string => join(shardOf(hash), hash)
  const checked = async (hash: string): Promise<Buffer> => {
    checkHash(hash)
    const path = pathOf(hash)
    const bytes = await reporting(dir, () => readBytes(path))
    if (bytes === undefined) throw missingBlob(hash, dir)
    const found = sha256(bytes)
    if (found !== hash) throw damagedBlob(hash, found, path)
    return bytes
  }
  return {
    async put(content) {
      checkContent(content)
      const bytes = Buffer.from(content as string)
      const hash = sha256(bytes)
      await reporting(dir, async () => {
        await makeShard(dir, shardOf(hash))
        // Before it is looked at: whoever removes old ones must not take it.
        await touch(pathOf(hash))
        if ((await readBytes(pathOf(hash)))?.equals(bytes) !== true) await replacePrivateFile(pathOf(hash), bytes)
        // Also for a file that was there: whoever renamed it may not have come that far.
        await syncFolder(shardOf(hash))
      })
      return hash
    },
    get: async (hash) => (await checked(hash)).toString(),
    getBytes: checked,
    async remove(hash, putBefore) {
      checkHash(hash)
      return reporting(dir, () => Promise.resolve(removeOld(pathOf(hash), putBefore)))
    },
    dropDrafts: (before) =>
      reporting(dir, async () => {
        for (const name of await filesIn(dir)) if (name.endsWith('.draft')) removeOld(join(dir, name), before)
      }),
  }
}

/** At one go, so that no put comes in between. */
const removeOld = (path: string, before: number): boolean => {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return true
  if (stats.mtimeMs >= before) return false
  rmSync(path, { force: true })
  return true
}

const filesIn = async (dir: string): Promise<readonly string[]> => {
  try {
    return await readdir(dir, { recursive: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

const touch = async (path: string): Promise<void> => {
  const now = new Date()
  try {
    await utimes(path, now, now)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const reporting = async <T>(dir: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (isAppError(error)) throw error
    throw new AppError('StoreUnavailable', `the blobs in ${dir} cannot be reached or written: ${messageOf(error)}`, {
      retryable: true,
      details: { dir },
      cause: error,
    })
  }
}

const makeShard = async (dir: string, shard: string): Promise<void> => {
  const made = await mkdir(shard, { recursive: true, mode: PRIVATE_FOLDER })
  if (made !== undefined) await syncFolder(dir)
}

const readBytes = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
