import { z } from 'zod'
import type { Batch, Bus, BusConsumer, DeliveredMessage } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import { AppError, isAppError, messageOf, type ErrorCode } from '../errors.ts'
import { protoMember } from '../json.ts'
import { present } from '../present.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { commandMessage, type CommandMessage } from './command-message.ts'
import { deadLetters, type DeadLetter } from './dead-letters.ts'
import type { Topics } from './topics.ts'

// Takes in the commands of other programs.
//
//   COMMAND1. A command is handled once its events are stored, or it lies among the dead letters with the reason; only then it is not
//       delivered again. A command that is delivered again is known by its id.
//   COMMAND2. Nothing slow happens here: the runtime resolves with the append, and effects are performed elsewhere.
//   COMMAND3. Commands of one run come one after the other, in the order of the topic.

export interface CommandNotice {
  readonly type: 'commandRefused'
  readonly runId: string
  readonly code: string
  readonly reason: string
}

export interface CommandsIn {
  readonly bus: Bus
  readonly topics: Topics
  readonly group: string
  readonly clock: Clock
  readonly runtime: Pick<Runtime, 'start' | 'command'>
  readonly notify: (notice: CommandNotice) => void
}

const RUNS_AT_ONCE = 32

export const consumeCommands = (parts: CommandsIn): BusConsumer => {
  const refused = deadLetters(parts.bus, parts.topics.commandsDeadLetters, parts.clock)
  return parts.bus.consume({
    group: parts.group,
    topics: [parts.topics.commands],
    async handle(batch) {
      const letters = await handleAll(parts, batch)
      await refused.publish(letters)
      for (const { message, code, reason } of letters) parts.notify({ type: 'commandRefused', runId: message.key, code, reason })
      return undefined
    },
  })
}

/** Resolves with what was refused, in the order of the topic. Rejects where the log is away: then all of it comes again. */
const handleAll = async (parts: CommandsIn, { messages }: Batch): Promise<DeadLetter[]> => {
  const waiting = Map.groupBy(messages, ({ key }) => key).values()
  const letters: DeadLetter[] = []
  const worker = async (): Promise<void> => {
    for (const ofOneRun of waiting) {
      for (const message of ofOneRun) {
        const letter = await handle(parts, message)
        if (letter !== undefined) letters.push(letter)
      }
    }
  }
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, worker))
  return letters.sort((a, b) => a.message.offset - b.message.offset)
}

const handle = async ({ runtime }: CommandsIn, message: DeliveredMessage): Promise<DeadLetter | undefined> => {
  try {
    const command = parse(message)
    const origin = present({ commandId: command.commandId, traceparent: message.headers['traceparent'] })
    if (command.type === 'startRun') {
      const { agent, runId, message: text, data, input, context, tags, metadata, tenant, by } = command
      await runtime.start(agent, {
        runId,
        ...origin,
        ...present({ message: text, data, input, context, tags, metadata, tenant, actor: by }),
      })
    } else {
      await runtime.command(command.runId, toCommand(command), command.by === undefined ? origin : { ...origin, actor: command.by })
    }
    return undefined
  } catch (error) {
    if (isPassing(error)) throw error
    return { message, code: isAppError(error) ? error.code : 'Unexpected', reason: messageOf(error) }
  }
}

/** Throws `InvalidInput`, with all that is wrong. */
const parse = ({ key, value }: DeliveredMessage): CommandMessage => {
  const checked = commandMessage.safeParse(parseJson(value))
  if (!checked.success) throw new AppError('InvalidInput', `Expected a command, found this: ${z.prettifyError(checked.error)}`)
  if (checked.data.runId === key) return checked.data
  throw new AppError('InvalidInput', `Expected the run id ${checked.data.runId} as the key of the message, found ${JSON.stringify(key)}`)
}

const parseJson = (value: string | null): unknown => {
  let parsed: unknown
  try {
    parsed = JSON.parse(value ?? '')
  } catch (cause) {
    throw new AppError('InvalidInput', `Expected a command as JSON: ${messageOf(cause)}`, { cause })
  }
  const proto = protoMember(parsed)
  if (proto === undefined) return parsed
  throw new AppError('InvalidInput', `Expected a command as JSON without a member ${proto}`)
}

type Command = Parameters<Runtime['command']>[1]

const toCommand = ({ version: _, commandId: __, runId: ___, ...command }: Exclude<CommandMessage, { type: 'startRun' }>): Command =>
  present(command) as Command

const PASSING: readonly ErrorCode[] = [
  'EventLogUnavailable',
  'StoreUnavailable',
  'OutcomeUnknown',
  'EventLogConflict',
  'BusUnavailable',
  'Closed',
]

/** What one run does not take for now would keep all others of the partition waiting: its sender is told, and may come again. */
const isPassing = (error: unknown): boolean =>
  isAppError(error) && error.code !== 'NotPossible' && (error.retryable || PASSING.includes(error.code))
