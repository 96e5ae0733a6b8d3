import { setTimeout as pause } from 'node:timers/promises'
import type { Publisher } from '../src/bus/bus.ts'
import { isAppError } from '../src/errors.ts'
import type { Command } from '../src/fold/decide.ts'
import type { ChaosBus } from './stage.ts'

export interface CommandSender {
  /** Over the bus: resolves once the bus has it, whatever happens to the bus meanwhile. Over HTTP: once it was asked for. */
  publish(runId: string, command: Readonly<Record<string, unknown>>): Promise<void>
  close(): Promise<void>
}

const PAUSE_BEFORE_RETRY_MS = 200

export const commandsOverBus = ({ bus, topics }: ChaosBus): CommandSender => {
  let publisher: Promise<Publisher> | undefined
  return {
    async publish(runId, command) {
      const messages = [{ topic: topics.commands, messages: [{ key: runId, value: JSON.stringify({ ...command, runId }), headers: {} }] }]
      for (;;) {
        try {
          publisher ??= bus.openPublisher()
          await (await publisher).publish(messages)
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

/** Of a run's address; undefined for what nobody here asks for. */
const pathOf = ({ type, ...command }: Command): string | undefined => {
  const callId = 'callId' in command ? encodeURIComponent(command.callId) : ''
  const paths: Partial<Record<Command['type'], string>> = {
    approve: `approvals/${callId}/grant`,
    settleToolCall: `tool-calls/${callId}/settlement`,
    answer: 'answer',
    takeOver: 'take-over',
    giveBack: 'give-back',
    complete: 'complete',
  }
  return paths[type]
}

const PATIENCE_MS = 5_000

/** What is not granted, or not answered, is sent again by whoever still wants it. */
export const commandsOverHttp = (url: string): CommandSender => ({
  async publish(runId, { commandId, ...command }) {
    const { type: _, callId: __, ...body } = command as Command & { readonly callId?: string }
    const path = pathOf(command as Command)
    if (path === undefined) throw new Error(`expected a command that has a path, found ${String(command['type'])}`)
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
