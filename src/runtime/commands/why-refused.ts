import { AppError, isAppError } from '../../errors.ts'
import type { StoredEvent } from '../../eventlog/event-log.ts'
import { decodeEvent, streamOf } from '../../events/codec.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { behindTheEnd, finalEventTypes, type RunEventType } from '../../events/run-events.ts'
import { present } from '../../present.ts'
import { oneLine } from '../../projections/printable.ts'
import type { GivenCommand } from '../given-content.ts'
import type { RuntimeParts } from '../runtime-parts.ts'

/** What has made a command impossible, for programs. */
interface Since {
  readonly type: string
  readonly revision: number
  /** ms since the epoch. */
  readonly at: number
  readonly by?: string
}

/** Events that are looked at, the newest first: what came before is too long ago to tell of. */
const MOST_LOOKED_AT = 10_000

/** A refusal that also says what is true now: who has granted, settled, ended … it before, and when. Any other error as it is. */
export const withWhatIsTrue = async (
  parts: Pick<RuntimeParts, 'log'>,
  { runId, command }: { readonly runId: string; readonly command: GivenCommand },
  error: unknown,
): Promise<unknown> => {
  if (!isAppError(error, 'NotPossible') || error.details['runId'] !== runId) return error
  try {
    const found = await decidedBefore(parts, runId, command)
    if (found.length === 0) return error
    const { code, message, details, retryable } = error
    const since = found.map(({ event }) => sinceOf(event))
    return new AppError(code, [message, ...found.map(({ event, words }) => sentence(event, words))].join('; '), {
      details: { ...details, since },
      retryable,
      cause: error,
    })
  } catch {
    // It is refused all the same, in fewer words.
    return error
  }
}

interface Decided {
  readonly event: RunEvent
  readonly words: string
}

interface Looked {
  readonly same: Decided | undefined
  /** Where the run has ended. */
  readonly ending: Decided | undefined
  readonly isEndKnown: boolean
}

/** What has decided the same before, newest first: on the call of the command, or on the run; and how the run has ended. */
const decidedBefore = async ({ log }: Pick<RuntimeParts, 'log'>, runId: string, command: GivenCommand): Promise<readonly Decided[]> => {
  const isSame = sameDecision(command)
  let looked: Looked = { same: undefined, ending: undefined, isEndKnown: false }
  for await (const stored of log.readStream(streamOf(runId), { direction: 'backwards', limit: MOST_LOOKED_AT })) {
    const found = DECIDING.has(stored.type) ? told(stored) : undefined
    looked = {
      same: found !== undefined && isSame(found.event) ? found : undefined,
      ending: !looked.isEndKnown && finalEventTypes.has(stored.type) ? found : looked.ending,
      isEndKnown: looked.isEndKnown || !behindTheEnd.has(stored.type),
    }
    if (looked.same !== undefined || isAllToTell(command, looked)) break
  }
  return [looked.same, looked.ending].filter((found) => found !== undefined)
}

/** A call was decided on before its run has ended; anything else that was done before it has ended does not matter any more. */
const isAllToTell = (command: GivenCommand, { ending, isEndKnown }: Looked): boolean =>
  isEndKnown && !('callId' in command) && (ending !== undefined || DECIDE_THE_SAME[command.type] === undefined)

const sameDecision = (command: GivenCommand): ((event: RunEvent) => boolean) => {
  const types = DECIDE_THE_SAME[command.type]
  const callId = 'callId' in command ? command.callId : undefined
  return ({ type, data }) => types?.has(type) === true && (callId === undefined || ('callId' in data && data.callId === callId))
}

const typesOf = (...types: readonly RunEventType[]): ReadonlySet<string> => new Set(types)

const approvals = typesOf('ApprovalGranted', 'ApprovalDenied', 'ToolCallDenied', 'ToolCallRejected')
const settlements = typesOf('ToolCallSucceeded', 'ToolCallFailed', 'ToolCallCorrected', 'ToolCallDenied', 'ToolCallRejected')
const handedBack = typesOf('RunReturned', 'RunReleased', 'HumanAnswerReceived')

const DECIDE_THE_SAME: Partial<Record<GivenCommand['type'], ReadonlySet<string>>> = {
  approve: approvals,
  deny: approvals,
  settleToolCall: settlements,
  giveBack: handedBack,
  answer: handedBack,
  takeOver: typesOf('RunTakenOver'),
  pause: typesOf('RunPaused'),
  resume: typesOf('RunResumed'),
  reopen: typesOf('RunReopened'),
}

const DECIDING: ReadonlySet<string> = new Set([...finalEventTypes, ...Object.values(DECIDE_THE_SAME).flatMap((types) => [...types])])

/** Undefined for what decides nothing, and for what this version cannot read. */
const told = (stored: StoredEvent): Decided | undefined => {
  try {
    const event = decodeEvent(stored, new Map())
    const words = wordsOf(event)
    return words === undefined ? undefined : { event, words }
  } catch {
    return undefined
  }
}

const wordsOf = (event: RunEvent): string | undefined => {
  switch (event.type) {
    case 'ApprovalGranted':
      return `${event.data.by} granted it${event.data.input === undefined ? '' : ' with changed arguments'}`
    case 'ApprovalDenied':
    case 'ToolCallDenied':
      return `${event.data.by} denied it`
    case 'ToolCallRejected':
      return 'it was refused'
    case 'ToolCallSucceeded':
      return settled(event.data, 'has happened')
    case 'ToolCallFailed':
      return event.data.retryAt === undefined ? settled(event.data, 'has failed') : undefined
    case 'ToolCallCorrected':
      return settled(event.data, event.data.succeeded ? 'has happened' : 'has failed')
    default:
      return runWords(event)
  }
}

const runWords = (event: RunEvent): string | undefined => {
  switch (event.type) {
    case 'RunCompleted':
      return done(event.data.by, 'completed')
    case 'RunFailed':
      return done(event.data.by, 'failed')
    case 'RunCancelled':
      return done(event.data.by, 'cancelled')
    case 'RunReturned':
    case 'RunReleased':
      return `${event.data.by} gave it back`
    case 'RunTakenOver':
      return `${event.data.by} took it over`
    case 'HumanAnswerReceived':
      return `${event.data.by} answered`
    case 'RunPaused':
      return `${event.data.by} paused it`
    case 'RunResumed':
      return `${event.data.by} resumed it`
    case 'RunReopened':
      return `${event.data.by} reopened it`
    default:
      return undefined
  }
}

const done = (by: string | undefined, what: string): string => (by === undefined ? `it ${what}` : `${by} ${what} it`)

const settled = (
  { settledBy, by }: { readonly settledBy?: string | undefined; readonly by?: string | undefined },
  what: string,
): string => {
  if (settledBy === 'human') return `${by ?? 'a person'} settled it: it ${what}`
  return settledBy === 'lookup' ? `a look-up found that it ${what}` : `its tool said that it ${what}`
}

const LONGEST_PART = 300

const sentence = ({ data, meta, revision }: RunEvent, words: string): string => {
  const reason = 'reason' in data && typeof data.reason === 'string' ? `: ${oneLine(data.reason, LONGEST_PART)}` : ''
  return `${oneLine(words, LONGEST_PART)} at ${new Date(meta.at).toISOString()} (revision ${revision})${reason}`
}

const sinceOf = ({ type, revision, meta, data }: RunEvent): Since => ({
  type,
  revision,
  at: meta.at,
  ...present({ by: 'by' in data && typeof data.by === 'string' ? data.by : meta.actor }),
})
