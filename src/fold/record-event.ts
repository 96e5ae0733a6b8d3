import type { AnyMachineSnapshot } from 'xstate'
import type { RunEvent } from '../events/envelope.ts'
import { applyToBudget, emptyBudget } from '../projections/budget.ts'
import { applyToMessageData, noMessageData } from '../projections/message-data.ts'
import { applyToTranscript, emptyTranscript } from '../projections/transcript.ts'
import { actsAfter, earlierAttemptsAfter } from './done-calls.ts'
import { firstPlaces, placesAfter } from './call-places.ts'
import { applyProjections } from './fold-projections.ts'
import { forkAfter } from './fork.ts'
import { workAfter } from '../projections/open-work.ts'
import { settleTimers } from './ledger.ts'
import { lifecycle } from './lifecycle.ts'
import type { NewState, Program, RunState, OpenCall } from './run-state.ts'
import { withEntry, withoutKey } from '../projections/entries.ts'
import type { Json } from '../json.ts'
import type { CallToolParams } from '../machines/intents.ts'
import { present } from '../present.ts'

// What an event says of its run by itself, before a chart reacts to it.

/** The state of a run that begins. */
export const recordFirst = (program: Program, event: RunEvent, started: RunState['started'], chart: AnyMachineSnapshot): NewState => ({
  runId: event.runId,
  revision: 0,
  hash: event.meta.hash,
  lastEventId: event.id,
  at: event.meta.at,
  started,
  correlationId: event.meta.correlationId,
  status: 'active',
  paused: false,
  chart,
  calls: new Map(),
  owed: new Map(),
  doubts: new Map(),
  places: firstPlaces(event),
  earlierAttempts: new Map(),
  acts: new Map(),
  approvals: new Map(),
  timers: new Map(),
  budget: applyToBudget(emptyBudget, event),
  transcript: emptyTranscript,
  messageData: noMessageData,
  ...applyProjections(program.projections, undefined, event),
  ...present({ fork: forkAfter(undefined, event) }),
  commandIds: commandIdsAfter(new Map(), event),
})

/** All of the state but its charts. */
export const recordEvent = (program: Program, before: RunState, event: RunEvent): NewState => {
  const after: NewState = { ...before }
  Object.assign(after, lifecycle(before, event))
  after.revision = event.revision
  after.hash = event.meta.hash
  after.lastEventId = event.id
  after.at = event.meta.at
  if (event.type === 'MessageReceived') after.newestMessage = event.revision
  if (event.type === 'RunFailed' && event.data.by === 'refold') after.beforeFailure = before
  after.calls = callsAfter(before, event)
  after.owed = workAfter(before.owed, event)
  after.places = placesAfter(before, event)
  after.earlierAttempts = earlierAttemptsAfter(before, event)
  after.acts = actsAfter(before, event)
  after.approvals = approvalsAfter(before.approvals, event)
  after.timers = settleTimers(before.timers, event)
  after.budget = applyToBudget(before.budget, event)
  after.transcript = applyToTranscript(before.transcript, event)
  after.messageData = applyToMessageData(before.messageData, event)
  Object.assign(after, applyProjections(program.projections, before, event))
  const fork = forkAfter(before.fork, event)
  if (fork !== undefined) after.fork = fork
  after.commandIds = commandIdsAfter(before.commandIds, event)
  return after
}

/** As a chart asks for it. */
export const openCall = ({
  tool,
  argumentsText,
  input = {},
}: CallToolParams): Pick<OpenCall, 'tool' | 'argumentsText' | 'given' | 'input'> => {
  if (argumentsText !== undefined) return { tool, argumentsText }
  return { tool, given: input as Json, input: input as Json }
}

/** What a person was asked about, or what a tool got, is what every later attempt gets: as it was checked, not as it was asked for. */
const callsAfter = ({ calls, restored }: Pick<RunState, 'calls' | 'restored'>, event: RunEvent): RunState['calls'] => {
  if (event.type === 'RunRestored')
    return calls.size === 0 ? calls : new Map([...calls].map(([callId, call]) => [callId, inDoubtAgain(call)]))
  const call = 'callId' in event.data && event.data.callId !== undefined ? calls.get(event.data.callId) : undefined
  const noted = call === undefined ? undefined : callAfter(call, event, restored !== undefined)
  return noted === undefined ? calls : withEntry(calls, (event.data as { callId: string }).callId, noted)
}

const inDoubtAgain = ({ lookedUp: _, ...call }: OpenCall): OpenCall => call

/** A person has put it in the place of what was asked for: the call is one with this input from here on. */
const withInput = ({ argumentsText: _, ...call }: OpenCall, input: Json): OpenCall => ({ ...call, given: input, input })

const callAfter = (call: OpenCall, event: RunEvent, isRestored: boolean): OpenCall | undefined => {
  switch (event.type) {
    case 'ApprovalRequested':
      return event.data.subject.input === undefined ? undefined : { ...call, input: event.data.subject.input }
    case 'ApprovalGranted':
      return event.data.input === undefined ? undefined : withInput(call, event.data.input)
    case 'ToolCallRequested': {
      const { input, idempotencyKey, act, effect, attempt, lookUpFirst } = event.data
      return { ...call, input, idempotencyKey, attempt, ...present({ act, effect }), ...(lookUpFirst && { lookUpFirst: attempt }) }
    }
    case 'ToolCallUnresolved':
      return isRestored ? { ...call, lookedUp: true } : undefined
    case 'ToolCallFailed':
      return event.data.happened === 'no' ? { ...call, didNothing: event.data.attempt } : undefined
    default:
      return undefined
  }
}

/** What people have been asked and not answered. */
const approvalsAfter = (approvals: RunState['approvals'], event: RunEvent): RunState['approvals'] => {
  switch (event.type) {
    case 'ApprovalRequested':
      return withEntry(approvals, event.data.callId, event.data)
    case 'ApprovalGranted':
    case 'ApprovalDenied':
    case 'ToolCallDenied':
      return withoutKey(approvals, event.data.callId)
    default:
      return approvals
  }
}

type CommandIds = ReadonlyMap<string, string>

/** Commands that a run remembers: a repetition of an older one would be granted as a new one. */
export const MOST_COMMANDS = 10_000
/** So many at once are forgotten, so that each costs little. */
const FORGOTTEN = 1_000

/** With the hash of the command that this event grants, '' where none was recorded. */
export const commandIdsAfter = (commands: CommandIds, { meta: { commandId, commandHash = '' } }: Pick<RunEvent, 'meta'>): CommandIds => {
  if (commandId === undefined) return commands
  const after = withEntry(commands, commandId, commandHash)
  return after.size < MOST_COMMANDS + FORGOTTEN ? after : new Map([...after].slice(-MOST_COMMANDS))
}
