import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { spreadOf, type Spread } from './rounds.ts'
import { openWorkshop } from './workshop.ts'

export interface DiskSpace {
  readonly runs: number
  readonly turns: number
  readonly jsonBytesPerRun: Spread
  readonly bytesPerRun: Spread
  readonly timesJson: Spread
  /** Views lie beside the log: they can be thrown away and made again. */
  readonly viewBytesPerRun: Spread
}

const RUNS = 100

/** What runs take on disk once everything is copied out of the write-ahead log, beside the JSON of their events. */
export const measureDiskSpace = async (folder: string, turns: number, rounds: number): Promise<DiskSpace> => {
  const perRun = { json: [] as number[], log: [] as number[], views: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    const workshop = await openWorkshop(folder)
    const empty = sizesIn(workshop.folder)
    await workshop.readAll(RUNS, turns)
    await workshop.refold.projector.catchUp()
    let json = 0
    for await (const { id, type, data, meta } of workshop.refold.log.readAll()) {
      json += Buffer.byteLength(id) + Buffer.byteLength(type) + Buffer.byteLength(data) + Buffer.byteLength(meta)
    }
    await workshop.close()
    const full = sizesIn(workshop.folder)
    perRun.json.push(json / RUNS)
    perRun.log.push((full.log - empty.log) / RUNS)
    perRun.views.push((full.views - empty.views) / RUNS)
  }
  return {
    runs: RUNS,
    turns,
    jsonBytesPerRun: spreadOf(perRun.json),
    bytesPerRun: spreadOf(perRun.log),
    timesJson: spreadOf(perRun.log.map((bytes, round) => bytes / (perRun.json[round] ?? Number.NaN))),
    viewBytesPerRun: spreadOf(perRun.views),
  }
}

const sizesIn = (folder: string): { log: number; views: number } => ({
  log: checkpointedSize(join(folder, 'log.db')),
  views: checkpointedSize(join(folder, 'views.db')),
})

const checkpointedSize = (path: string): number => {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  return statSync(path).size
}
