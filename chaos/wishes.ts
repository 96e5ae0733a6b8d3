import { setTimeout as pause } from 'node:timers/promises'
import type { Publisher } from '../src/bus/bus.ts'
import { isAppError } from '../src/errors.ts'
import type { Stage } from './stage.ts'

export interface Wishes {
  /** Resolves once the bus has it, whatever happens to the bus meanwhile. */
  publish(runId: string, command: Readonly<Record<string, unknown>>): Promise<void>
  close(): Promise<void>
}

const PAUSE_BEFORE_RETRY_MS = 200

export const openWishes = ({ bus, topics }: Stage): Wishes => {
  let publisher: Promise<Publisher> | undefined
  return {
    async publish(runId, command) {
      const wish = [{ topic: topics.commands, messages: [{ key: runId, value: JSON.stringify({ ...command, runId }), headers: {} }] }]
      for (;;) {
        try {
          publisher ??= bus.openPublisher()
          await (await publisher).publish(wish)
          return
        } catch (error) {
          if (!isAppError(error, 'BusUnavailable')) throw error
          await pause(PAUSE_BEFORE_RETRY_MS)
        }
      }
    },
    close: async () => (await publisher)?.close(),
  }
}
