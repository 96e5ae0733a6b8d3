import { systemClock, type Clock } from '../clock.ts'
import { sha256 } from '../hash.ts'
import { checkHash, checkText, missingBlob } from './blob-checks.ts'
import type { BlobStore } from './blob-store.ts'

export const memoryBlobStore = ({ clock = systemClock }: { readonly clock?: Pick<Clock, 'now'> } = {}): BlobStore => {
  const texts = new Map<string, string>()
  const putAt = new Map<string, number>()
  return {
    async put(text) {
      checkText(text)
      const hash = sha256(text)
      texts.set(hash, text)
      putAt.set(hash, clock.now())
      return hash
    },
    async get(hash) {
      checkHash(hash)
      const text = texts.get(hash)
      if (text === undefined) throw missingBlob(hash, 'memory')
      return text
    },
    async remove(hash, putBefore) {
      checkHash(hash)
      if ((putAt.get(hash) ?? -Infinity) >= putBefore) return false
      texts.delete(hash)
      putAt.delete(hash)
      return true
    },
    dropDrafts: () => Promise.resolve(),
  }
}
