import type { EventLog } from '../../src/eventlog/event-log.ts'
import { idsIn, idsOf, newEvents, newStream } from '../conformance/event-log-cases.ts'

/** Writers that append one batch after the other to a stream of their own until they are told to stop. */
export interface Writers {
  /** Resolves once each has had so many appends acknowledged since the call. */
  acknowledged(appendsEach: number): Promise<void>
  /** Rejects with what any of them failed with. Else: whether each stream holds what was acknowledged, once, and nothing else. */
  stop(): Promise<boolean>
}

interface Writer {
  readonly stream: string
  readonly ids: string[]
  appends: number
}

export const startWriters = (log: EventLog, count: number): Writers => {
  const writers = Array.from({ length: count }, (): Writer => ({ stream: newStream(), ids: [], appends: 0 }))
  const watchers = new Set<() => void>()
  let isStopping = false

  const write = async (writer: Writer): Promise<void> => {
    while (!isStopping) {
      const events = newEvents(2)
      await log.append(writer.stream, writer.appends === 0 ? 'no-stream' : writer.appends * 2 - 1, events)
      writer.ids.push(...idsOf(events))
      writer.appends += 1
      for (const look of watchers) look()
    }
  }
  const writing = Promise.all(writers.map(write))
  // Reported by `stop`; until then it must not count as unhandled.
  writing.catch(() => undefined)

  return {
    acknowledged: (appendsEach) =>
      new Promise((resolve, reject) => {
        const goals = writers.map(({ appends }) => appends + appendsEach)
        const look = (): void => {
          if (!writers.every(({ appends }, i) => appends >= (goals[i] ?? 0))) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        writing.catch(reject)
      }),
    async stop() {
      isStopping = true
      await writing
      const stored = await Promise.all(writers.map(({ stream }) => idsIn(log, stream)))
      return writers.every(({ ids }, i) => JSON.stringify(ids) === JSON.stringify(stored[i]))
    },
  }
}
