import type { DatabaseSync } from 'node:sqlite'
import type { TopicBatch, TopicState } from './view-store.ts'

export interface TopicOffsets {
  readonly state: (topic: string) => TopicState
  /** False where the view store does not stand where the batch begins. */
  readonly advance: (batch: Omit<TopicBatch, 'rows'>) => boolean
}

export const topicOffsets = (db: DatabaseSync): TopicOffsets => {
  const readGeneration = db.prepare('select generation from state')
  const readAll = db.prepare('select partition, next from offsets where topic = ?')
  const write = db.prepare(
    'insert into offsets (topic, partition, next) values (?, ?, ?) on conflict (topic, partition) do update set next = excluded.next',
  )
  const state = (topic: string): TopicState => ({
    generation: Number(readGeneration.get()?.['generation']),
    offsets: new Map(readAll.all(topic).map(({ partition, next }) => [Number(partition), Number(next)])),
  })
  return {
    state,
    advance({ topic, partition, generation, from, next }) {
      const now = state(topic)
      if (now.generation !== generation || now.offsets.get(partition) !== from) return false
      write.run(topic, partition, next)
      return true
    },
  }
}
