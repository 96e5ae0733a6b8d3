import { setTimeout as pause } from 'node:timers/promises'
import type { Publisher } from '../src/bus/bus.ts'
import { isAppError } from '../src/errors.ts'
import type { Command } from '../src/fold/decide.ts'
import type { ChaosBus } from './stage.ts'

export interface Wishes {
  /** Over the bus: resolves once the bus has it, whatever happens to the bus meanwhile. Over HTTP: once it was asked for. */
  publish(runId: string, command: Readonly<Record<string, unknown>>): Promise<void>
  close(): Promise<void>
}

const PAUSE_BEFORE_RETRY_MS = 200

export const wishesOverBus = ({ bus, topics }: ChaosBus): Wishes => {
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

/** Of a run's address; undefined for what nobody here wishes. */
const pathOf = ({ type, ...command }: Command): string | undefined => {
  const callId = 'callId' in command ? encodeURIComponent(command.callId) : ''
  const paths: Partial<Record<Command['type'], string>> = {
    approve: `approvals/${callId}/grant`,
    settleToolCall: `tool-calls/${callId}/settlement`,
    answer: 'answer',
    giveBack: 'give-back',
    complete: 'complete',
  }
  return paths[type]
}

const PATIENCE_MS = 5_000

/** What is not granted, or not answered, is wished again by whoever still wishes it. */
export const wishesOverHttp = (url: string): Wishes => ({
  async publish(runId, { commandId, ...wish }) {
    const { type: _, callId: __, ...body } = wish as Command & { readonly callId?: string }
    const path = pathOf(wish as Command)
    if (path === undefined) throw new Error(`expected a wish that has a path, found ${String(wish['type'])}`)
    try {
      const response = await fetch(`${url}/v1/runs/${encodeURIComponent(runId)}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': String(commandId) },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
      await response.text()
    } catch {
      // The service is away.
    }
  },
  close: () => Promise.resolve(),
})
