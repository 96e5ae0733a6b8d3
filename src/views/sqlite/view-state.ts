import type { DatabaseSync } from 'node:sqlite'
import { checkpointAfter } from '../view-decision.ts'
import type { Checkpoint, LogBatch, RebuiltPlace, TopicBatch, TopicState } from '../view-store.ts'

/** The one row that says where the views stand, and the offsets beside it. */
export interface SqliteViewState {
  readonly format: () => unknown
  readonly checkpoint: () => Checkpoint | undefined
  readonly topic: (topic: string) => TopicState
  /** Both are false where the views do not stand where the batch begins. */
  readonly advanceCheckpoint: (batch: LogBatch) => boolean
  readonly advanceOffset: (batch: TopicBatch) => boolean
  /** The rebuild under way. */
  readonly rebuild: () => string | undefined
  readonly setRebuild: (shadow: string | undefined) => void
  readonly pausedSince: () => number | undefined
  readonly setPaused: (since: number | undefined) => void
  /** All rows were taken away or replaced. */
  readonly replaced: (place: RebuiltPlace) => void
}

export const sqliteViewState = (db: DatabaseSync): SqliteViewState => {
  const read = db.prepare('select format, log, position, generation, rebuild, paused_since from refold_view_state')
  const readOffsets = db.prepare('select partition, next from refold_view_offsets where topic = ?')
  const writeOffset = db.prepare(
    'insert into refold_view_offsets (topic, partition, next) values (?, ?, ?) on conflict (topic, partition) do update set next = excluded.next',
  )
  const writeCheckpoint = db.prepare('update refold_view_state set log = ?, position = ?')
  const writeRebuild = db.prepare('update refold_view_state set rebuild = ?')
  const writePaused = db.prepare('update refold_view_state set paused_since = ?')

  const checkpoint = (): Checkpoint | undefined => {
    const state = read.get()
    return typeof state?.['log'] === 'string' ? { log: state['log'], position: Number(state['position']) } : undefined
  }
  const topic = (name: string): TopicState => ({
    generation: Number(read.get()?.['generation']),
    offsets: new Map(readOffsets.all(name).map(({ partition, next }) => [Number(partition), Number(next)])),
  })
  const rebuild = (): string | undefined => {
    const shadow = read.get()?.['rebuild']
    return typeof shadow === 'string' ? shadow : undefined
  }
  const pausedSince = (): number | undefined => {
    const since = read.get()?.['paused_since']
    return typeof since === 'number' ? since : undefined
  }
  return {
    format: () => read.get()?.['format'],
    checkpoint,
    topic,
    advanceCheckpoint(batch) {
      const next = checkpointAfter(checkpoint(), batch)
      if (next !== undefined) writeCheckpoint.run(next.log, next.position)
      return next !== undefined
    },
    advanceOffset({ topic: name, partition, generation, from, next }) {
      const now = topic(name)
      if (now.generation !== generation || now.offsets.get(partition) !== from) return false
      writeOffset.run(name, partition, next)
      return true
    },
    rebuild,
    setRebuild: (shadow) => writeRebuild.run(shadow ?? null),
    pausedSince,
    setPaused: (since) => writePaused.run(since ?? null),
    replaced({ checkpoint: reached, topic: fed }) {
      db.exec('delete from refold_view_offsets; update refold_view_state set generation = generation + 1')
      writeCheckpoint.run(reached?.log ?? null, reached?.position ?? null)
      for (const [partition, next] of fed?.offsets ?? []) writeOffset.run(fed?.name ?? '', partition, next)
    },
  }
}
