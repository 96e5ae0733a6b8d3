import { systemClock, type Clock } from '../clock.ts'
import { sha256 } from '../hash.ts'
import { checkHash, checkContent, missingBlob } from './blob-checks.ts'
import type { BlobStore } from './blob-store.ts'

export const memoryBlobStore = ({ clock = systemClock }: { readonly clock?: Pick<Clock, 'now'> } = {}): BlobStore => {
  const contents = new Map<string, Buffer>()
  const putAt = new Map<string, number>()
  const found = (hash: string): Buffer => {
    checkHash(hash)
    const content = contents.get(hash)
    if (content === undefined) throw missingBlob(hash, 'memory')
    return content
  }
  return {
    async put(content) {
      checkContent(content)
      const hash = sha256(content)
      contents.set(hash, bufferOf(content))
      putAt.set(hash, clock.now())
      return hash
    },
    get: async (hash) => found(hash).toString(),
    getBytes: async (hash) => Uint8Array.from(found(hash)),
    async remove(hash, putBefore) {
      checkHash(hash)
      if ((putAt.get(hash) ?? -Infinity) >= putBefore) return false
      contents.delete(hash)
      putAt.delete(hash)
      return true
    },
    dropDrafts: () => Promise.resolve(),
  }
}

/** A copy: the caller's own bytes may change. */
const bufferOf = (content: string | Uint8Array): Buffer => Buffer.from(content as string)
