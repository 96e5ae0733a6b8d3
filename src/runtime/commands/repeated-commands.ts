import { AppError } from '../../errors.ts'
import { commandShapes } from '../../events/command-shapes.ts'
import { textContent, type ContentPart } from '../../events/content.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { DataOf, RunEventType } from '../../events/run-events.ts'
import type { Metadata } from '../../events/metadata.ts'
import type { Tags } from '../../events/tags.ts'
import type { Command } from '../../fold/decide.ts'
import { sha256 } from '../../hash.ts'
import { canonicalJson, type Json } from '../../json.ts'
import { present } from '../../present.ts'
import { storableBeginning } from '../../projections/bounded-text.ts'
import { plain } from '../given-content.ts'
import type { SealedStartOptions } from '../seal-options.ts'
import { readRun } from '../reading/run-reader.ts'
import type { RuntimeParts } from '../runtime-parts.ts'

// A command that comes again under its id is granted once. Another command under the same id is a mistake of the caller, who has to learn of it.

type Stores = Pick<RuntimeParts, 'log' | 'blobs'>

/** What a run is begun with. */
export interface StartRequest {
  readonly agent: string
  readonly message?: string | readonly ContentPart[] | undefined
  readonly data?: Json | undefined
  readonly tags?: Tags | undefined
  readonly metadata?: Metadata | undefined
  readonly input?: Json | undefined
  readonly context?: Json | undefined
  readonly sealed?: SealedStartOptions | undefined
}

export const hashOfCommand = (command: Command): string => sha256(canonicalJson(command))

export const hashOfStart = ({ agent, message, data, tags, metadata, input, context, sealed }: StartRequest): string =>
  sha256(canonicalJson({ type: 'startRun', agent, message, input, ...present({ data, tags, metadata, context, sealed }) }))

/** Throws `IdempotencyKeyReused`, with the difference, where a run was begun with something else. */
export const checkRepeatedStart = async (stores: Stores, runId: string, given: StartRequest): Promise<void> => {
  let started: Extract<RecordedRunEvent, { type: 'RunStarted' }> | undefined
  let first: DataOf<'MessageReceived'> | undefined
  for await (const { event } of readRun(stores, runId)) {
    if (event.type === 'RunStarted') started = event
    else {
      if (event.type === 'MessageReceived' && started !== undefined && isOfStart(started, event, given)) first = event.data
      break
    }
  }
  if (started === undefined || started.meta.commandHash === hashOfStart(given)) return
  const recorded = {
    agent: started.data.agent,
    message: first === undefined ? undefined : plain(first.parts),
    data: first?.data,
    tags: started.data.tags,
    metadata: started.data.metadata,
    input: started.data.input,
    context: started.data.context,
    sealed: started.data.sealed,
  }
  const differences = differencesOf(recorded, { ...given })
  if (differences.length > 0 || started.meta.commandHash !== undefined)
    throw reused(`Run ${runId} exists already, begun`, runId, differences)
}

/** Whether the first message belongs to the start, as far as the log says: the hash of the start covers it. */
const isOfStart = (
  { data: { agent, input, context, tags, metadata }, meta }: Extract<RecordedRunEvent, { type: 'RunStarted' }>,
  message: Extract<RecordedRunEvent, { type: 'MessageReceived' }>,
  given: StartRequest,
): boolean =>
  meta.commandHash === undefined
    ? message.meta.commandId === meta.commandId && given.message !== undefined
    : meta.commandHash ===
      hashOfStart({ agent, input, context, tags, metadata, message: plain(message.data.parts), data: message.data.data })

/** Throws `IdempotencyKeyReused`, with the difference, where the id was granted for another command. */
export const checkRepeatedCommand = async (
  stores: Stores,
  runId: string,
  { command, commandId }: { readonly command: Command; readonly commandId: string },
): Promise<void> => {
  for await (const { event } of readRun(stores, runId)) {
    if (event.meta.commandId !== commandId) continue
    const { commandHash } = event.meta
    if (commandHash === hashOfCommand(command)) return
    const differences = commandDifferences(command, event)
    if (commandHash === undefined && differences.length === 0) return
    throw reused(`The command id ${JSON.stringify(storableBeginning(commandId, SHOWN))} was granted before,`, runId, differences)
  }
}

/** The events that grant a command. */
const granting: Readonly<Record<Command['type'], readonly RunEventType[]>> = {
  sendMessage: ['MessageReceived'],
  approve: ['ApprovalGranted'],
  deny: ['ApprovalDenied'],
  settleToolCall: ['ToolCallSucceeded', 'ToolCallFailed', 'ToolCallCorrected'],
  answer: ['HumanAnswerReceived'],
  takeOver: ['RunTakenOver'],
  giveBack: ['RunReturned', 'RunReleased'],
  complete: ['RunCompleted'],
  fail: ['RunFailed'],
  pause: ['RunPaused'],
  resume: ['RunResumed'],
  reopen: ['RunReopened'],
  move: ['RunMoved'],
  cancel: ['RunCancelled'],
  score: ['RunScored'],
}

const commandDifferences = (command: Command, event: RecordedRunEvent): string[] => {
  if (!granting[command.type].includes(event.type)) return [`type: recorded ${event.type}, given ${command.type}`]
  const given: Readonly<Record<string, unknown>> = comparableFields(command)
  const recorded = event.data as Readonly<Record<string, unknown>>
  const fields = Object.keys(commandShapes[command.type]).filter(
    (field) => field in recorded && !(field === 'digest' && given[field] === undefined),
  )
  const outcome = command.type === 'settleToolCall' ? ['output', 'message'].filter((field) => field in recorded || field in given) : []
  const compared = new Set([
    ...fields,
    ...outcome,
    ...Object.keys(given).filter((field) => field in recorded || field === 'data' || field === 'input'),
  ])
  const only = (from: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries([...compared].map((field) => [field, from[field]]))
  return differencesOf(only(recorded), only(given))
}

/** By the names that its event has. */
const comparableFields = (command: Command): Readonly<Record<string, unknown>> => {
  switch (command.type) {
    case 'settleToolCall':
      return { callId: command.callId, by: command.by, ...command.outcome }
    case 'sendMessage':
    case 'answer': {
      const { text = '', parts = textContent(text), ...rest } = command
      return { ...rest, parts }
    }
    default:
      return { ...command }
  }
}

const SHOWN = 120

const differencesOf = (recorded: Readonly<Record<string, unknown>>, given: Readonly<Record<string, unknown>>): string[] =>
  [...new Set([...Object.keys(recorded), ...Object.keys(given)])].flatMap((field) => {
    const [one, other] = [textOf(recorded[field]), textOf(given[field])]
    return one === other ? [] : [`${field}: recorded ${storableBeginning(one, SHOWN)}, given ${storableBeginning(other, SHOWN)}`]
  })

const textOf = (value: unknown): string => (value === undefined ? 'nothing' : canonicalJson(value))

const reused = (what: string, runId: string, differences: readonly string[]): AppError =>
  new AppError('IdempotencyKeyReused', `${what} with another ${differences.join('; another ') || 'command'}`, {
    details: present({ runId, differences }),
  })
