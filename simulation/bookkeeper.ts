import { textsOf } from '../src/events/content.ts'
import type { RunEvent } from '../src/events/envelope.ts'
import type { LimitName, Limits } from '../src/events/limits.ts'
import { settlesCall, type DataOf } from '../src/events/run-events.ts'
import { TAKEN_OVER } from '../src/events/taken-over.ts'
import { canonicalJson } from '../src/json.ts'
import { present } from '../src/present.ts'

// What the log says, kept in the plainest way that could be thought of, so that it shares no mistake with the core.

interface RunBook {
  limits: Limits | undefined
  /** Who has taken it over. */
  holder: string | undefined
  /** Texts of users that were not refused, as guardrails left them. */
  readonly said: string[]
  lastTurn: number
  /** Newest claim of each call that has no last word. */
  readonly open: Map<string, { readonly attempt: number; readonly unresolved: boolean }>
  readonly closed: Set<string>
  readonly fired: Set<string>
  /** Claims of business acts, by call, and acts that are done. */
  readonly acts: Map<string, string>
  readonly doneActs: Set<string>
  /** Newest claim of each call, until its answer. */
  readonly owners: Map<string, { readonly owner: string; readonly leaseUntil: number }>
  readonly asked: Map<string, DataOf<'ApprovalRequested'>>
  /** What people have granted instead of what they were asked, by call. */
  readonly changed: Map<string, string>
  iterations: number
  wrapUps: number
  toolCalls: number
  tokens: number
}

/** Whether a claim may be another's by now. Times in ms since the epoch, by two clocks that may differ. */
export type MayTakeOver = (owner: string, leaseUntil: number, at: number, by: string) => boolean

export interface Bookkeeper {
  note(event: RunEvent): void
  /** The claim that an effect may rest on. */
  toolClaim(runId: string, callId: string, attempt: number): DataOf<'ToolCallRequested'> | undefined
  /** Claims of model calls with this fingerprint, by all owners. */
  modelClaims(fingerprint: string): readonly DataOf<'ModelCallRequested'>[]
  /** What users have said to a run and was not refused. */
  said(runId: string): readonly string[]
  /** How many events carry this command id, by their type. */
  granted(commandId: string): ReadonlyMap<string, number>
}

export const bookkeeper = (problems: string[], mayTakeOver: MayTakeOver): Bookkeeper => {
  const runs = new Map<string, RunBook>()
  const toolClaims = new Map<string, DataOf<'ToolCallRequested'>>()
  const modelClaims = new Map<string, DataOf<'ModelCallRequested'>[]>()
  const commands = new Map<string, Map<string, number>>()

  const bookOf = (runId: string): RunBook => {
    const book = runs.get(runId) ?? newBook()
    runs.set(runId, book)
    return book
  }

  const noteOwner = ({ owners }: RunBook, event: RunEvent, complain: Complain): void => {
    if (event.type !== 'ToolCallRequested' && event.type !== 'ModelCallRequested') return
    const before = owners.get(event.data.callId)
    const by = event.data.owner
    if (before !== undefined && before.owner !== by && !mayTakeOver(before.owner, before.leaseUntil, event.meta.at, by)) {
      complain(`${by} takes over from ${before.owner}, who lives and has a lease for another ${before.leaseUntil - event.meta.at} ms`)
    }
    owners.set(event.data.callId, event.data)
  }

  const noteClaim = (event: RunEvent): void => {
    if (event.type === 'ToolCallRequested') toolClaims.set(`${event.runId}/${event.data.callId}/${event.data.attempt}`, event.data)
    if (event.type === 'ModelCallRequested') {
      modelClaims.set(event.data.fingerprint, [...(modelClaims.get(event.data.fingerprint) ?? []), event.data])
    }
  }

  const noteCommand = ({ type, meta: { commandId } }: RunEvent): void => {
    // Whoever reopens a run that has moved lets it ask all its questions again.
    if (commandId === undefined || type === 'ApprovalRequested') return
    const types = commands.get(commandId) ?? new Map<string, number>()
    commands.set(commandId, types.set(type, (types.get(type) ?? 0) + 1))
  }

  return {
    note(event) {
      const book = bookOf(event.runId)
      const complain = (what: string): void => void problems.push(`${event.runId}@${event.revision} ${event.type}: ${what}`)
      noteClaim(event)
      noteCommand(event)
      noteOwner(book, event, complain)
      noteCalls(book, event, complain)
      noteReopening(book, event)
      noteAct(book, event, complain)
      noteTimer(book, event, complain)
      noteApproval(book, event, complain)
      noteMessages(book, event)
      noteTurn(book, event, complain)
      noteLimits(book, event, complain)
      noteSpending(book, event, complain)
      noteHolder(book, event, complain)
    },
    toolClaim: (runId, callId, attempt) => toolClaims.get(`${runId}/${callId}/${attempt}`),
    modelClaims: (fingerprint) => modelClaims.get(fingerprint) ?? [],
    said: (runId) => bookOf(runId).said,
    granted: (commandId) => commands.get(commandId) ?? new Map(),
  }
}

type Complain = (what: string) => void

const newBook = (): RunBook => ({
  limits: undefined,
  holder: undefined,
  said: [],
  lastTurn: 0,
  open: new Map(),
  closed: new Set(),
  fired: new Set(),
  acts: new Map(),
  doneActs: new Set(),
  owners: new Map(),
  asked: new Map(),
  changed: new Map(),
  iterations: 0,
  wrapUps: 0,
  toolCalls: 0,
  tokens: 0,
})

/** While a person has the run its agent neither asks a model nor hears one. */
const noteHolder = (book: RunBook, { type, data }: RunEvent, complain: Complain): void => {
  if (type === 'RunTakenOver') {
    if (book.holder !== data.from) complain(`taken from ${data.from ?? 'nobody'}, but ${book.holder ?? 'nobody'} has it`)
    book.holder = data.by
  }
  if (type === 'RunReleased' && book.holder === undefined) complain('nobody has it')
  if (type === 'RunReturned' || type === 'RunReleased') book.holder = undefined
  if ((type === 'ModelCallRequested' || type === 'ModelCallSucceeded') && book.holder !== undefined) complain(`${book.holder} has the run`)
}

/** What was done once is not begun by another call. */
const noteAct = ({ acts, doneActs }: RunBook, event: RunEvent, complain: Complain): void => {
  if (event.type === 'ToolCallRequested' && event.data.act !== undefined) {
    const { callId, idempotencyKey } = event.data
    if (doneActs.has(idempotencyKey) && !acts.has(callId)) complain(`${idempotencyKey} is done already`)
    acts.set(callId, idempotencyKey)
  }
  const done = event.type === 'ToolCallSucceeded' ? acts.get(event.data.callId) : undefined
  if (done !== undefined) doneActs.add(done)
}

const noteTimer = ({ fired }: RunBook, event: RunEvent, complain: Complain): void => {
  if (event.type !== 'TimerFired') return
  if (fired.has(event.data.timerId)) complain('it has fired before')
  fired.add(event.data.timerId)
}

const noteApproval = ({ asked, changed }: RunBook, event: RunEvent, complain: Complain): void => {
  if (event.type === 'ToolCallRequested') {
    const [granted, claimed] = [changed.get(event.data.callId), canonicalJson(event.data.input)]
    if (granted !== undefined && granted !== claimed) complain(`${claimed} is claimed, but ${granted} was granted`)
  }
  if (event.type === 'ApprovalRequested') asked.set(event.data.callId, event.data)
  // What was asked before is no question of the other version.
  if (event.type === 'RunMoved')
    for (const [callId, question] of asked) asked.set(callId, { ...question, digest: `${question.digest}, before it moved` })
  if (event.type !== 'ApprovalGranted') return
  const question = asked.get(event.data.callId)
  if (question?.digest !== event.data.digest) complain(`a grant for ${event.data.digest}, but ${question?.digest ?? 'nothing'} was asked`)
  if (question !== undefined && event.meta.at >= question.expiresAt) complain('a grant that came too late')
  asked.delete(event.data.callId)
  if (event.data.input !== undefined) changed.set(event.data.callId, canonicalJson(event.data.input))
}

const noteMessages = ({ said }: RunBook, event: RunEvent): void => {
  if (event.type === 'MessageReceived') said.push(textsOf(event.data.parts))
  if (event.type === 'InputRejected') said.pop()
  if (event.type === 'InputAccepted' && event.data.parts !== undefined) said[said.length - 1] = textsOf(event.data.parts)
}

const noteTurn = (book: RunBook, event: RunEvent, complain: Complain): void => {
  if (event.type !== 'TurnCompleted') return
  const { turn, outcome } = event.data
  if (turn < book.lastTurn || (turn === book.lastTurn && outcome !== 'answeredByHuman'))
    complain(`turn ${turn} after turn ${book.lastTurn}`)
  book.lastTurn = turn
}

const noteLimits = (book: RunBook, event: RunEvent, complain: Complain): void => {
  if (event.type === 'RunStarted') book.limits = event.data.settings.limits
  if (event.type === 'RunReturned' && book.limits !== undefined) book.limits = { ...book.limits, ...present(event.data.limits ?? {}) }
  if (event.type !== 'LimitExceeded' || book.limits === undefined) return
  const { limit, allowed } = event.data
  if (book.limits[limitFields[limit]] !== allowed)
    complain(`${limit} of ${allowed}, but ${book.limits[limitFields[limit]] ?? 'none'} is allowed`)
}

const limitFields: Readonly<Record<LimitName, keyof Limits>> = {
  iterations: 'iterationsPerTurn',
  toolCalls: 'toolCallsPerTurn',
  tokens: 'tokens',
  cost: 'costMicroUsd',
  wallTime: 'wallTimeMs',
  repeatedCalls: 'repeatedCalls',
  cycle: 'cycles',
}

/** What a child that nobody waits for any more has spent still counts, and what became of a call may become known late. */
const lateWords: ReadonlySet<string> = new Set(['ChildRunReported', 'ToolCallCorrected'])

/** Whoever performed something for it has ended when it was failed. */
const noteReopening = ({ owners }: RunBook, { type }: RunEvent): void => {
  if (type === 'RunReopened') owners.clear()
}

const noteCalls = ({ open, closed, owners }: RunBook, event: RunEvent, complain: Complain): void => {
  if (!('callId' in event.data) || event.data.callId === undefined) return
  const { callId } = event.data
  if (closed.has(callId) && !lateWords.has(event.type)) complain(`${callId} had its last word already`)
  const claim = open.get(callId)
  switch (event.type) {
    case 'ToolCallRequested':
    case 'ModelCallRequested':
      if (claim !== undefined && event.data.attempt <= claim.attempt) complain(`attempt ${event.data.attempt} after ${claim.attempt}`)
      open.set(callId, { attempt: event.data.attempt, unresolved: false })
      break
    case 'ToolCallUnresolved':
      open.set(callId, { attempt: event.data.attempt, unresolved: true })
      break
    case 'ToolCallSucceeded':
    case 'ModelCallSucceeded':
    case 'ToolCallFailed':
    case 'ModelCallFailed':
      owners.delete(callId)
      if (claim?.attempt !== event.data.attempt && !isWithoutClaim(event))
        complain(`an answer to attempt ${event.data.attempt}, but ${claim?.attempt ?? 'none'} is under way`)
      break
    default:
      break
  }
  if (settlesCall(event) || event.type === 'ModelCallSucceeded') closed.add(callId)
}

const isWithoutClaim = (event: RunEvent): boolean =>
  event.type === 'ModelCallFailed' && ['limit', 'badRequest', TAKEN_OVER].includes(event.data.class)

const noteSpending = (book: RunBook, event: RunEvent, complain: Complain): void => {
  const { limits } = book
  switch (event.type) {
    case 'TurnCompleted':
    case 'RunReturned':
      book.iterations = 0
      book.wrapUps = 0
      book.toolCalls = 0
      break
    case 'ModelCallRequested':
      noteIteration(book, event, complain)
      break
    case 'ToolCallRequested':
      if (event.data.attempt === 1) book.toolCalls += 1
      if (exceeds(book.toolCalls, limits?.toolCallsPerTurn)) complain(`tool call ${book.toolCalls} of ${limits?.toolCallsPerTurn ?? ''}`)
      break
    case 'ModelCallSucceeded':
    case 'ModelCallFailed':
      book.tokens += (event.data.usage?.inputTokens ?? 0) + (event.data.usage?.outputTokens ?? 0)
      break
    default:
      break
  }
}

const noteIteration = (book: RunBook, event: RunEvent & { type: 'ModelCallRequested' }, complain: Complain): void => {
  const { limits } = book
  if (event.data.attempt > 1) return
  if (event.data.purpose === 'wrapUp') {
    book.wrapUps += 1
    if (book.wrapUps > 1) complain('wraps up twice in one turn')
    return
  }
  book.iterations += 1
  if (exceeds(book.iterations, limits?.iterationsPerTurn)) complain(`iteration ${book.iterations} of ${limits?.iterationsPerTurn ?? ''}`)
  if (exceeds(book.tokens + 1, limits?.tokens)) complain(`a model call after ${book.tokens} tokens of ${limits?.tokens ?? ''}`)
}

const exceeds = (used: number, allowed: number | null | undefined): boolean => allowed !== null && allowed !== undefined && used > allowed
