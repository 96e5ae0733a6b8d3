import { fc } from '../support/fast-check.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import { sha256 } from '../../src/hash.ts'

export interface BlobStoreUnderTest {
  readonly store: BlobStore
  dispose(): Promise<void>
}

export const blobStoreConformance = (name: string, open: () => Promise<BlobStoreUnderTest>): void => {
  describe(`the ${name} blob store`, () => {
    let opened: BlobStoreUnderTest
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened.dispose())

    test('gives a text back under the hash of its bytes', async () => {
      const text = 'zoë 🦜 \u0000 \ufeff'.repeat(10_000)
      const hash = await opened.store.put(text)
      expect(hash).toBe(sha256(text))
      expect(await opened.store.get(hash)).toBe(text)
    })
    test('takes any text that UTF-8 can carry, also an empty one', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
          expect(await opened.store.get(await opened.store.put(text))).toBe(text)
        }),
        { numRuns: 30, examples: [[''], ['\ufeff'], ['\r\n']] },
      )
    })
    test('takes the same text twice, also at once', async () => {
      const text = 'the same'
      const hashes = await Promise.all([1, 2, 3, 4].map(() => opened.store.put(text)))
      expect(new Set(hashes)).toEqual(new Set([sha256(text)]))
      expect(await opened.store.get(sha256(text))).toBe(text)
    })
    test('refuses a text with a lone surrogate, which would come back as another one', async () => {
      await expect(opened.store.put('broken \ud800')).rejects.toMatchObject({ name: 'AppError', code: 'InvalidInput' })
    })
    test('says which blob is missing', async () => {
      const hash = sha256('never stored')
      await expect(opened.store.get(hash)).rejects.toMatchObject({ code: 'EventLogCorrupt', details: { sha256: hash } })
    })
    test('refuses what is no hash', async () => {
      for (const hash of ['', '../../etc/passwd', sha256('x').toUpperCase(), `${sha256('x')}0`]) {
        await expect(opened.store.get(hash)).rejects.toMatchObject({ code: 'InvalidInput' })
      }
    })
    test('forgets a blob, unless it was put lately', async () => {
      const hash = await opened.store.put('to be forgotten')
      const later = Date.now() + 60_000
      expect(await opened.store.remove(hash, Date.now() - 60_000)).toBe(false)
      expect(await opened.store.get(hash)).toBe('to be forgotten')
      expect(await opened.store.remove(hash, later)).toBe(true)
      await expect(opened.store.get(hash)).rejects.toMatchObject({ code: 'EventLogCorrupt' })
      expect(await opened.store.remove(hash, later)).toBe(true)
      await opened.store.put('to be forgotten')
      expect(await opened.store.get(hash)).toBe('to be forgotten')
      await expect(opened.store.remove('../../etc/passwd', later)).rejects.toMatchObject({ code: 'InvalidInput' })
      await opened.store.dropDrafts(later)
      expect(await opened.store.get(hash)).toBe('to be forgotten')
    })
  })
}
