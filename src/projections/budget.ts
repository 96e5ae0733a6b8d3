import { withEntry, withoutKey } from './entries.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { Usage } from '../events/message.ts'
import type { Limits } from '../events/limits.ts'
import type { ChildSpent, DataOf } from '../events/run-events.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson, type Json } from '../json.ts'
import { present } from '../present.ts'

/** What a run has used up, and the limits that hold for it. */
export interface Budget {
  readonly turn: number
  readonly iterations: number
  readonly toolCalls: number
  /** Whether the model has made a call in this turn that is one, whatever became of it. */
  readonly hasCalled: boolean
  readonly tokens: number
  readonly costMicroUsd: number
  /** Runs that have begun below this one, and those that its open children may begin. */
  readonly childRuns: number
  /** By call id. */
  readonly children: ReadonlyMap<string, ChildAccount>
  readonly limits: Limits | undefined
  /** When the turn began, moved on by the time that people took and that a model was away; undefined between turns. */
  readonly turnSince: number | undefined
  /** What people have been asked and not answered, by call id, '' while they have paused the run, `model` while one is waited out; and since when. */
  readonly waiting: readonly string[]
  readonly waitingSince: number
  /** Tool and arguments of the calls under way. */
  readonly open: ReadonlyMap<string, string>
  /** Tool, arguments and result of the turn's newest calls, as short hashes, in order. */
  readonly signatures: readonly string[]
  /** Calls under way that change something. */
  readonly changing: readonly string[]
  /** Whether claims say what their tools do: what older logs hold counts as it did. */
  readonly knowsEffects: boolean
  /** The most often that one of them gave the same result. */
  readonly repeatedCalls: number
  /** How often the last two, three or four different ones came one time after the other. */
  readonly cycles: number
}

/** Whom an operator keeps waiting who pauses the run. */
const THE_RUN = ''
/** What the run itself waits for that no limit of its own can hurry: a model that is away for a while. */
const A_MODEL = 'model'

export const emptyBudget: Budget = {
  turn: 0,
  iterations: 0,
  toolCalls: 0,
  hasCalled: false,
  tokens: 0,
  costMicroUsd: 0,
  childRuns: 0,
  children: new Map(),
  limits: undefined,
  turnSince: undefined,
  waiting: [],
  waitingSince: 0,
  open: new Map(),
  signatures: [],
  changing: [],
  knowsEffects: false,
  repeatedCalls: 0,
  cycles: 0,
}

export const wallTimeMs = (budget: Budget, at: number): number => {
  if (budget.turnSince === undefined) return 0
  return Math.max(0, (budget.waiting.length > 0 ? budget.waitingSince : at) - budget.turnSince)
}

/** Time in which nobody could work for the run is none of its turn. */
export const afterPause = (budget: Budget, pausedMs: number): Budget =>
  budget.turnSince === undefined || budget.waiting.length > 0 ? budget : { ...budget, turnSince: budget.turnSince + Math.max(0, pausedMs) }

/** Bounds what one event costs; a repetition farther apart than this is none. */
const REMEMBERED_CALLS = 48
const LONGEST_CYCLE = 4

const remember = (budget: Budget, signature: string): Budget => {
  const { signatures: before } = budget
  const signatures = [...(before.length < REMEMBERED_CALLS ? before : before.slice(1)), signature]
  let same = 0
  for (const other of signatures) if (other === signature) same++
  return { ...budget, signatures, repeatedCalls: Math.max(budget.repeatedCalls, same), cycles: cyclesOf(signatures) }
}

const cyclesOf = (signatures: readonly string[]): number => {
  let most = 0
  for (let period = 2; period <= Math.min(LONGEST_CYCLE, signatures.length); period++) {
    if (!isVaried(signatures, period)) continue
    // As far back as each is what stands one period behind it.
    let same = 0
    const from = signatures.length - 1 - period
    while (same <= from && signatures[from - same] === signatures[from - same + period]) same++
    most = Math.max(most, 1 + Math.floor(same / period))
  }
  return most
}

/** Whether the last so many are not all the same. */
const isVaried = (signatures: readonly string[], period: number): boolean => {
  const last = signatures.at(-1)
  for (let back = 2; back <= period; back++) if (signatures.at(-back) !== last) return true
  return false
}

export const applyToBudget = (budget: Budget, event: RunEvent): Budget => {
  switch (event.type) {
    case 'RunStarted':
      return { ...budget, limits: event.data.settings.limits }
    case 'MessageReceived':
      return withinTurn(budget.knowsEffects ? forget(budget) : budget, event.meta.at)
    case 'ChildRunSucceeded':
      return applyChildEvent(budget.knowsEffects ? forget(budget) : budget, event)
    case 'ChildRunRequested':
    case 'ChildRunReported':
    case 'ChildRunFailed':
      return applyChildEvent(budget, event)
    case 'TurnCompleted':
      return newTurn(budget, undefined)
    case 'RunReturned':
      return { ...newTurn(budget, event.meta.at), turn: budget.turn + 1, limits: withoutAbsent(budget.limits, event.data.limits) }
    case 'ModelCallRequested':
      return {
        ...withinTurn(answered(budget, A_MODEL, event.meta.at), event.meta.at),
        iterations: budget.iterations + (event.data.attempt === 1 ? 1 : 0),
      }
    case 'ModelCallSucceeded':
      return spend(budget, event.data.usage, event.data.costMicroUsd ?? 0)
    case 'ModelCallFailed': {
      const { usage, costMicroUsd = 0, failingSince } = event.data
      const spent = usage === undefined ? budget : spend(budget, usage, costMicroUsd)
      return failingSince === undefined ? spent : asked(spent, A_MODEL, event.meta.at)
    }
    default:
      return applyToolEvent(budget, event)
  }
}

const applyToolEvent = (budget: Budget, event: RunEvent): Budget => {
  switch (event.type) {
    case 'ToolCallRequested':
      return { ...withEffect(withCall(budget, event.data.callId, event.data), event.data), hasCalled: true }
    case 'ToolCallSucceeded':
      return settled(budget, event, canonicalJson(event.data.output))
    case 'ToolCallFailed':
      return event.data.retryAt === undefined ? settled(budget, event, event.data.message) : budget
    case 'ToolCallRejected':
      return {
        ...refused(remember(budget, signature(event.data.reason, event.data.message)), event.data.callId, event.meta.at),
        hasCalled: budget.hasCalled || !NO_CALLS.has(event.data.reason),
      }
    case 'ToolCallDenied':
      return { ...refused(budget, event.data.callId, event.meta.at), hasCalled: true }
    case 'ApprovalRequested':
      return asked(withCall(budget, event.data.callId, event.data.subject), event.data.callId, event.meta.at)
    case 'RunEscalated':
      return event.data.callId === undefined ? budget : asked(budget, event.data.callId, event.meta.at)
    case 'RunPaused':
      return asked(budget, THE_RUN, event.meta.at)
    case 'RunResumed':
      return answered(budget, THE_RUN, event.meta.at)
    case 'ApprovalGranted':
    case 'ApprovalDenied':
      return answered(budget, event.data.callId, event.meta.at)
    default:
      return budget
  }
}

const NO_CALLS: ReadonlySet<DataOf<'ToolCallRejected'>['reason']> = new Set(['unknownTool', 'invalidArguments'] as const)

/** A call counts from when a person is asked about it: what was granted must not fail for a limit that other calls have reached meanwhile. */
const withCall = (
  budget: Budget,
  callId: string,
  { tool, input }: { readonly tool?: string | undefined; readonly input?: Json | undefined },
): Budget =>
  tool === undefined || budget.open.has(callId)
    ? budget
    : {
        ...budget,
        toolCalls: budget.toolCalls + 1,
        open: withEntry(budget.open, callId, signature(tool, canonicalJson(input ?? null))),
      }

/** It never got to its tool. */
const refused = (budget: Budget, callId: string, at: number): Budget => {
  if (!budget.open.has(callId)) return answered(budget, callId, at)
  const open = withoutKey(budget.open, callId)
  return answered({ ...budget, toolCalls: budget.toolCalls - 1, open }, callId, at)
}

/** A turn begins with a message, or with the prompt that reads one that came before the last turn had ended. */
const withinTurn = (budget: Budget, at: number): Budget =>
  budget.turnSince === undefined ? { ...budget, turn: budget.turn + 1, turnSince: at } : budget

const newTurn = (budget: Budget, since: number | undefined): Budget => ({
  ...budget,
  iterations: 0,
  toolCalls: 0,
  hasCalled: false,
  turnSince: since,
  signatures: [],
  repeatedCalls: 0,
  cycles: 0,
})

const withoutAbsent = (
  limits: Limits | undefined,
  changed: { readonly [Name in keyof Limits]?: Limits[Name] | undefined } = {},
): Limits | undefined => (limits === undefined ? undefined : { ...limits, ...present(changed) })

const spend = (budget: Budget, { inputTokens, outputTokens }: Usage, costMicroUsd: number): Budget => ({
  ...budget,
  tokens: budget.tokens + inputTokens + outputTokens,
  costMicroUsd: budget.costMicroUsd + costMicroUsd,
})

/** What a child run has reported by now, part of the sums of its parent, and how many runs may be below it. */
export interface ChildAccount extends ChildSpent {
  readonly granted: number
}

export const nothingSpent: ChildSpent = { tokens: 0, costMicroUsd: 0, runs: 0 }

type ChildEvent = Extract<RunEvent, { type: 'ChildRunRequested' | 'ChildRunReported' | 'ChildRunSucceeded' | 'ChildRunFailed' }>

const applyChildEvent = (budget: Budget, event: ChildEvent): Budget => {
  if (event.type === 'ChildRunRequested') return grantRuns(budget, event.data.callId, event.data.childRuns ?? 0)
  const { callId, spent } = event.data
  const after = spent === undefined ? budget : spendOfChild(budget, callId, spent)
  return event.type === 'ChildRunReported' ? after : takeBackRuns(after, callId)
}

const grantRuns = (budget: Budget, callId: string, granted: number): Budget => ({
  ...budget,
  childRuns: budget.childRuns + 1 + granted,
  children: new Map(budget.children).set(callId, { ...nothingSpent, granted }),
})

/** What an open child was granted and has not begun. */
const takeBackRuns = (budget: Budget, callId: string): Budget => {
  const child = budget.children.get(callId)
  if (child === undefined || child.granted <= child.runs) return budget
  return {
    ...budget,
    childRuns: budget.childRuns - (child.granted - child.runs),
    children: new Map(budget.children).set(callId, { ...child, granted: child.runs }),
  }
}

const spendOfChild = (budget: Budget, callId: string, spent: ChildSpent): Budget => {
  const before = budget.children.get(callId) ?? { ...nothingSpent, granted: 0 }
  const child = {
    tokens: before.tokens + spent.tokens,
    costMicroUsd: before.costMicroUsd + spent.costMicroUsd,
    runs: before.runs + spent.runs,
    granted: before.granted,
  }
  return {
    ...budget,
    tokens: budget.tokens + spent.tokens,
    costMicroUsd: budget.costMicroUsd + spent.costMicroUsd,
    children: new Map(budget.children).set(callId, child),
  }
}

/** A run that drops all that it waits for. */
export const withoutChildren = (budget: Budget): Budget => [...budget.children.keys()].reduce(takeBackRuns, budget)

const signature = (what: string, detail: string): string => sha256(`${what}\n${detail}`).slice(0, 16)

const settled = (budget: Budget, event: RunEvent & { readonly data: { readonly callId: string } }, result: string): Budget => {
  const { callId } = event.data
  const begun = budget.open.get(callId)
  if (begun === undefined) return answered(budget, callId, event.meta.at)
  const open = withoutKey(budget.open, callId)
  const named = signature(begun, result)
  const isChanging = budget.changing.includes(callId)
  const changes = event.type === 'ToolCallSucceeded' && isChanging
  const changing = isChanging ? budget.changing.filter((other) => other !== callId) : budget.changing
  return answered(remember({ ...(changes ? forget(budget, named) : budget), changing, open }, named), callId, event.meta.at)
}

/** What was seen before something has changed may look otherwise now. A change that comes again and again is a repetition all the same. */
const forget = (budget: Budget, kept?: string): Budget => {
  const signatures = budget.signatures.filter((named) => named === kept)
  return { ...budget, signatures, repeatedCalls: signatures.length, cycles: 0 }
}

const withEffect = (budget: Budget, { callId, effect }: DataOf<'ToolCallRequested'>): Budget => {
  if (effect === undefined) return budget
  const isNew = effect !== 'read' && !budget.changing.includes(callId)
  return { ...budget, knowsEffects: true, changing: isNew ? [...budget.changing, callId] : budget.changing }
}

const asked = (budget: Budget, whom: string, at: number): Budget =>
  budget.waiting.includes(whom)
    ? budget
    : { ...budget, waiting: [...budget.waiting, whom], waitingSince: budget.waiting.length === 0 ? at : budget.waitingSince }

const answered = (budget: Budget, whom: string, at: number): Budget => {
  if (!budget.waiting.includes(whom)) return budget
  const waiting = budget.waiting.filter((other) => other !== whom)
  const { turnSince, waitingSince } = budget
  if (waiting.length > 0 || turnSince === undefined) return { ...budget, waiting }
  // Of the time that people took, only what lies within this turn.
  return { ...budget, waiting, turnSince: turnSince + Math.max(0, at - Math.max(waitingSince, turnSince)) }
}

/** All that was asked of people is taken back. */
export const withoutWaiting = (budget: Budget, at: number): Budget =>
  budget.waiting.reduce((left, whom) => (whom === THE_RUN ? left : answered(left, whom, at)), budget)
