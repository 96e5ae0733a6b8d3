import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { inTransaction, openViewFile, removeViewFile } from './sqlite-view-file.ts'
import type { ViewShadow } from './view-store.ts'
import { runRows } from './sqlite-run-rows.ts'

type Replace = (work: (views: { readonly db: DatabaseSync }) => void) => void

/** Rows in a file beside the view store, `…rebuild-…`: so that the view store can be written meanwhile. Of a process that died it stays, and may be deleted. */
export const rebuildViewFile = (path: string, replace: Replace): ViewShadow => {
  const shadowPath = `${path}.rebuild-${randomUUID()}`
  const shadow = openViewFile(shadowPath)
  const { get, put } = runRows(shadow)
  const end = (): void => {
    if (shadow.isOpen) shadow.close()
  }
  return {
    getMany: async (runIds) => runIds.flatMap((runId) => get(runId) ?? []),
    async put(rows) {
      inTransaction(shadow, () => {
        for (const row of rows) put(row)
      })
    },
    async finish(topic, offsets) {
      end()
      replace(({ db }) => {
        takeOver(db, shadowPath, { topic, offsets })
      })
      removeViewFile(shadowPath)
    },
    async discard() {
      end()
      removeViewFile(shadowPath)
    },
  }
}

interface Place {
  readonly topic: string
  readonly offsets: ReadonlyMap<number, number>
}

const takeOver = (db: DatabaseSync, shadowPath: string, { topic, offsets }: Place): void => {
  db.prepare('attach database ? as rebuilt').run(shadowPath)
  try {
    inTransaction(db, () => {
      db.exec('delete from runs; insert into runs select * from rebuilt.runs; delete from offsets;')
      const write = db.prepare('insert into offsets (topic, partition, next) values (?, ?, ?)')
      for (const [partition, next] of offsets) write.run(topic, partition, next)
      db.exec('update state set log = null, position = null, generation = generation + 1')
    })
  } finally {
    db.exec('detach database rebuilt')
  }
}
