import type { RunEvent } from '../events/envelope.ts'
import { toolCallsOf } from '../events/message.ts'
import { callIdAt } from '../events/call-id.ts'
import { storableBeginning, REASON_LENGTH, storable, valueBeginning, withCause } from './bounded-text.ts'

/** One call of a tool, from the request to its last word. */
export interface ToolCallRecord {
  readonly runId: string
  readonly callId: string
  readonly revision: number
  /** null until an event names it. */
  readonly tool: string | null
  readonly state:
    | 'checking'
    | 'queued'
    | 'awaitingApproval'
    | 'approved'
    | 'running'
    | 'retrying'
    | 'unresolved'
    | 'succeeded'
    | 'failed'
    | 'rejected'
    | 'denied'
    | 'abandoned'
  /** By the code that claimed it: `read`, `idempotent` or `once`. */
  readonly effect: string | null
  readonly attempts: number
  readonly askedAt: number
  /** Of the newest attempt. */
  readonly startedAt: number | null
  readonly settledAt: number | null
  readonly durationMs: number | null
  readonly errorClass: string | null
  readonly errorMessage: string | null
  readonly settledBy: string | null
  readonly input: string | null
  readonly output: string | null
  /** In a fork: `copied` from its origin, `recorded` by it, `simulated`, `asked` of a person, or `real`; null in every other run. */
  readonly source: string | null
}

type OpenCalls = Readonly<{ [callId: string]: ToolCallRecord }>

/**
 * The records that an event changes; `open` are those without a last word and those that may still be corrected, `checked` the calls that
 * begin at this event.
 */
export const toolCallChanges = (
  open: OpenCalls,
  event: RunEvent,
  { isEnding, checked, isCopy = false }: { readonly isEnding: boolean; readonly checked: readonly string[]; readonly isCopy?: boolean },
): readonly ToolCallRecord[] => {
  const changed = withSource(ownChange(open, event), event, isCopy)
  const given = isEnding ? Object.values(open).filter((record) => changed?.callId !== record.callId && isUnderWay(record)) : []
  return [
    ...(changed === undefined ? [] : [isEnding && isUnderWay(changed) ? left(changed, event) : changed]),
    ...given.map((record) => left(record, event)),
    ...checked.map((callId) => begun(callId, event)),
  ]
}

const withSource = (record: ToolCallRecord | undefined, { data }: RunEvent, isCopy: boolean): ToolCallRecord | undefined => {
  const source = isCopy ? 'copied' : 'source' in data ? (data.source ?? null) : null
  return record === undefined || source === null ? record : { ...record, source }
}

const ownChange = (open: OpenCalls, event: RunEvent): ToolCallRecord | undefined => {
  if (event.type === 'ToolCallRequested') return running(open[event.data.callId] ?? begun(event.data.callId, event), event)
  const before = 'callId' in event.data && event.data.callId !== undefined ? open[event.data.callId] : undefined
  const change = before === undefined ? undefined : changeOf(event)
  return before === undefined || change === undefined ? undefined : { ...before, ...change, revision: event.revision }
}

const running = (before: ToolCallRecord, event: Extract<RunEvent, { type: 'ToolCallRequested' }>): ToolCallRecord => ({
  ...before,
  revision: event.revision,
  tool: storable(event.data.tool),
  state: 'running',
  effect: event.data.effect ?? null,
  attempts: event.data.attempt,
  startedAt: event.meta.at,
  input: valueBeginning(event.data.input),
})

const changeOf = (event: RunEvent): Partial<ToolCallRecord> | undefined => {
  const settledAt = event.meta.at
  switch (event.type) {
    case 'ApprovalRequested': {
      const { tool, input } = event.data.subject
      return { state: 'awaitingApproval', ...(tool === undefined ? {} : { tool: storable(tool) }), input: valueBeginning(input) }
    }
    case 'ApprovalGranted': {
      const { input } = event.data
      return { state: 'approved', ...(input === undefined ? {} : { input: valueBeginning(input) }) }
    }
    case 'ToolCallQueued':
      return { state: 'queued' }
    case 'ToolCallSucceeded': {
      const { durationMs = null, by, settledBy, output } = event.data
      return { state: 'succeeded', settledAt, durationMs, settledBy: who(by, settledBy), output: valueBeginning(output), ...noError }
    }
    case 'ToolCallFailed':
      return failed(event)
    case 'ToolCallCorrected': {
      const { succeeded, output, message, settledBy, by, earlier } = event.data
      // Its call goes on, or has had its last word.
      if (earlier === true) return undefined
      const said = settledBy === 'tool' ? null : who(by, settledBy)
      return succeeded
        ? { state: 'succeeded', settledAt, settledBy: said, output: valueBeginning(output), ...noError }
        : {
            state: 'failed',
            settledAt,
            settledBy: said,
            output: null,
            errorClass: 'error',
            errorMessage: storableBeginning(message ?? '', REASON_LENGTH),
          }
    }
    case 'ToolCallUnresolved':
      return {
        state: 'unresolved',
        errorClass: event.data.sealed === true ? SEALED : 'unresolved',
        errorMessage: storableBeginning(event.data.reason, REASON_LENGTH),
      }
    case 'ToolCallRejected': {
      const { reason, message, cause, callId, repeats, output } = event.data
      // An earlier attempt of this very call has done it.
      if (repeats === callId) return { state: 'succeeded', settledAt, settledBy: null, output: valueBeginning(output), ...noError }
      return { state: 'rejected', settledAt, errorClass: reason, errorMessage: storableBeginning(withCause(message, cause), REASON_LENGTH) }
    }
    case 'ToolCallDenied':
      return {
        state: 'denied',
        settledAt,
        settledBy: storable(event.data.by),
        errorClass: 'denied',
        errorMessage: storableBeginning(event.data.reason, REASON_LENGTH),
      }
    default:
      return undefined
  }
}

const failed = ({ data, meta }: Extract<RunEvent, { type: 'ToolCallFailed' }>): Partial<ToolCallRecord> => ({
  ...(data.retryAt === undefined ? { state: 'failed', settledAt: meta.at } : { state: 'retrying' }),
  durationMs: data.durationMs ?? null,
  settledBy: who(data.by, data.settledBy),
  errorClass: data.class,
  errorMessage: storableBeginning(withCause(data.message, data.cause), REASON_LENGTH),
})

const noError = { errorClass: null, errorMessage: null }

/** null where the tool itself has answered. */
const who = (by: string | undefined, settledBy: string | undefined): string | null =>
  by === undefined ? (settledBy ?? null) : storable(by)

const begun = (callId: string, event: RunEvent): ToolCallRecord => ({
  runId: event.runId,
  callId,
  revision: event.revision,
  tool: nameIn(event, callId),
  state: 'checking',
  effect: null,
  attempts: 0,
  askedAt: event.meta.at,
  startedAt: null,
  settledAt: null,
  durationMs: null,
  errorClass: null,
  errorMessage: null,
  settledBy: null,
  input: null,
  output: null,
  source: null,
})

const nameIn = (event: RunEvent, callId: string): string | null => {
  if (event.type !== 'ModelCallSucceeded') return null
  const call = toolCallsOf(event.data.parts).find((_, at) => callIdAt(event.revision, at) === callId)
  return call === undefined ? null : storable(call.name)
}

/** Of a call that nothing was executed for: once its run is over, there is nothing to find out. */
const SEALED = 'sealed'

const isUnderWay = ({ settledAt, state, errorClass }: ToolCallRecord): boolean =>
  settledAt === null && (state !== 'unresolved' || errorClass === SEALED)

/** Its run went on, or ended, without it. A `once` call that had begun may have happened: that stays a question. */
const left = (record: ToolCallRecord, { revision, meta }: RunEvent): ToolCallRecord =>
  record.effect === 'once' && record.state === 'running'
    ? { ...record, revision, state: 'unresolved', errorClass: 'unresolved', errorMessage: 'its run did not wait for its last word' }
    : { ...record, revision, state: 'abandoned', settledAt: meta.at }

/** Whether a later event may correct a record that has just been settled: the same calls as in the fold. */
export const mayBeCorrected = ({ state, settledAt, settledBy, effect, errorClass }: ToolCallRecord, event: RunEvent): boolean => {
  if (settledAt === null) return false
  if (state === 'abandoned') return effect === 'idempotent' || errorClass === SEALED
  if (state !== 'succeeded' && state !== 'failed') return false
  return settledBy !== null || (event.type === 'ToolCallFailed' && event.data.happened === 'unknown')
}
