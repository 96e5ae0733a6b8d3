import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sqliteSnapshotStore } from '../../src/snapshots/snapshot-store.sqlite.ts'
import { snapshotStoreConformance } from './snapshot-store.ts'

const dir = mkdtempSync(join(tmpdir(), 'refold-snapshots-'))
afterAll(() => {
  rmSync(dir, { recursive: true, force: true })
})
let files = 0
const newPath = (): string => join(dir, `${++files}.db`)

snapshotStoreConformance('SQLite', () => sqliteSnapshotStore({ path: newPath() }))

test('a file that is no data base is begun anew, since it is a cache', async () => {
  const path = newPath()
  writeFileSync(path, 'this is no data base, but it is long enough to look at'.repeat(50))
  const store = sqliteSnapshotStore({ path })
  expect(await store.upTo('a', 5)).toEqual([])
  await store.close()
})
