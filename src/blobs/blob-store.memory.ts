import { AppError } from '../errors.ts'
import { sha256 } from '../hash.ts'
import type { BlobStore } from './blob-store.ts'

export const memoryBlobStore = (): BlobStore => {
  const texts = new Map<string, string>()
  return {
    put(text) {
      const hash = sha256(text)
      texts.set(hash, text)
      return Promise.resolve(hash)
    },
    get(hash) {
      const text = texts.get(hash)
      return text === undefined
        ? Promise.reject(new AppError('EventLogCorrupt', `Expected a blob ${hash}, found none`, { details: { sha256: hash } }))
        : Promise.resolve(text)
    },
  }
}
