import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fileBlobStore } from '../../src/blobs/blob-store.files.ts'
import { blobStoreConformance } from './blob-store.ts'

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'refold-blobs-'))

blobStoreConformance('file', async () => {
  const dir = await newFolder()
  return { store: fileBlobStore({ dir: join(dir, 'blobs') }), dispose: () => rm(dir, { recursive: true }) }
})

describe('blob files', () => {
  let dir: string
  beforeEach(async () => {
    dir = await newFolder()
  })
  afterEach(() => rm(dir, { recursive: true }))

  test('are one per text, in a folder by the first two digits, and no draft is left over', async () => {
    const store = fileBlobStore({ dir })
    const hash = await store.put('text')
    await store.put('text')
    expect(await readdir(dir)).toEqual([hash.slice(0, 2)])
    expect(await readdir(join(dir, hash.slice(0, 2)))).toEqual([hash])
    expect(await fileBlobStore({ dir }).get(hash)).toBe('text')
  })
  test('are put again before they are removed for their age, and drafts that nobody finishes go', async () => {
    const store = fileBlobStore({ dir })
    const hash = await store.put('text')
    const path = join(dir, hash.slice(0, 2), hash)
    const longAgo = new Date(Date.now() - 3_600_000)
    await utimes(path, longAgo, longAgo)
    await store.put('text')
    expect(await store.remove(hash, Date.now() - 60_000)).toBe(false)
    const [old, young] = [`${path}.1.draft`, `${path}.2.draft`]
    for (const draft of [old, young]) await writeFile(draft, 'te')
    await utimes(old, longAgo, longAgo)
    await store.dropDrafts(Date.now() - 60_000)
    expect((await readdir(join(dir, hash.slice(0, 2)))).sort()).toEqual([hash, `${hash}.2.draft`])
  })
  test('that were damaged are reported with their path, and mended by the next put of the text', async () => {
    const store = fileBlobStore({ dir })
    const hash = await store.put('text')
    const path = join(dir, hash.slice(0, 2), hash)
    await writeFile(path, 'tex')
    await expect(store.get(hash)).rejects.toMatchObject({ code: 'EventLogCorrupt', message: expect.stringContaining(path) as string })
    await store.put('text')
    expect(await store.get(hash)).toBe('text')
  })
  test('that cannot be written are reported as unavailable, with the folder', async () => {
    const file = join(dir, 'a-file')
    await writeFile(file, '')
    await expect(fileBlobStore({ dir: file }).put('text')).rejects.toMatchObject({
      code: 'StoreUnavailable',
      retryable: true,
      details: { dir: file },
    })
  })
})
