import { sha256 } from '../hash.ts'
import { checkHash, checkText, missingBlob } from './blob-checks.ts'
import type { BlobStore } from './blob-store.ts'

export const memoryBlobStore = (): BlobStore => {
  const texts = new Map<string, string>()
  return {
    async put(text) {
      checkText(text)
      const hash = sha256(text)
      texts.set(hash, text)
      return hash
    },
    async get(hash) {
      checkHash(hash)
      const text = texts.get(hash)
      if (text === undefined) throw missingBlob(hash, 'memory')
      return text
    },
  }
}
