import type { RunEvent } from '../events/envelope.ts'
import type { Usage } from '../events/message.ts'
import type { Limits } from '../events/run-events.ts'
import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'
import { present } from '../present.ts'

/** What a run has used up, and the limits that hold for it. */
export interface Budget {
  readonly turn: number
  readonly iterations: number
  readonly toolCalls: number
  readonly tokens: number
  readonly costMicroUsd: number
  readonly limits: Limits | undefined
  /** When the turn began, moved on by the time that people took; undefined between turns. */
  readonly turnSince: number | undefined
  /** What people have been asked and not answered, and since when. */
  readonly waiting: readonly string[]
  readonly waitingSince: number
  /** Tool and arguments of the calls under way. */
  readonly open: ReadonlyMap<string, string>
  /** Tool, arguments and result of the turn's newest calls, as short hashes, in order. */
  readonly signatures: readonly string[]
  /** The most often that one of them gave the same result. */
  readonly repeatedCalls: number
  /** How often the last two, three or four different ones came one time after the other. */
  readonly cycles: number
}

export const emptyBudget: Budget = {
  turn: 0,
  iterations: 0,
  toolCalls: 0,
  tokens: 0,
  costMicroUsd: 0,
  limits: undefined,
  turnSince: undefined,
  waiting: [],
  waitingSince: 0,
  open: new Map(),
  signatures: [],
  repeatedCalls: 0,
  cycles: 0,
}

export const wallTimeMs = (budget: Budget, at: number): number => {
  if (budget.turnSince === undefined) return 0
  return Math.max(0, (budget.waiting.length > 0 ? budget.waitingSince : at) - budget.turnSince)
}

/** Bounds what one event costs; a repetition farther apart than this is none. */
const REMEMBERED_CALLS = 48
const LONGEST_CYCLE = 4

const remember = (budget: Budget, signature: string): Budget => {
  const signatures = [...budget.signatures, signature].slice(-REMEMBERED_CALLS)
  const same = signatures.filter((other) => other === signature).length
  return { ...budget, signatures, repeatedCalls: Math.max(budget.repeatedCalls, same), cycles: cyclesOf(signatures) }
}

const cyclesOf = (signatures: readonly string[]): number => {
  let most = 0
  for (let period = 2; period <= LONGEST_CYCLE; period++) {
    const pattern = signatures.slice(-period)
    if (pattern.length < period || new Set(pattern).size === 1) continue
    let times = 1
    while (pattern.every((signature, index) => signatures[signatures.length - (times + 1) * period + index] === signature)) times++
    most = Math.max(most, times)
  }
  return most
}

export const applyToBudget = (budget: Budget, event: RunEvent): Budget => {
  switch (event.type) {
    case 'RunStarted':
      return { ...budget, limits: event.data.settings.limits }
    case 'MessageReceived':
      return budget.turnSince === undefined ? { ...budget, turn: budget.turn + 1, turnSince: event.meta.at } : budget
    case 'TurnCompleted':
      return newTurn(budget, undefined)
    case 'RunReturned':
      return { ...newTurn(budget, event.meta.at), turn: budget.turn + 1, limits: withoutAbsent(budget.limits, event.data.limits) }
    case 'ModelCallRequested':
      return { ...budget, turnSince: budget.turnSince ?? event.meta.at, iterations: budget.iterations + (event.data.attempt === 1 ? 1 : 0) }
    case 'ModelCallSucceeded':
    case 'ModelCallFailed':
      return event.data.usage === undefined ? budget : spend(budget, event.data.usage, event.data.costMicroUsd ?? 0)
    default:
      return applyToolEvent(budget, event)
  }
}

const applyToolEvent = (budget: Budget, event: RunEvent): Budget => {
  switch (event.type) {
    case 'ToolCallRequested':
      if (budget.open.has(event.data.callId)) return budget
      return {
        ...budget,
        toolCalls: budget.toolCalls + 1,
        open: new Map(budget.open).set(event.data.callId, signature(event.data.tool, canonicalJson(event.data.input))),
      }
    case 'ToolCallSucceeded':
      return settled(budget, event, canonicalJson(event.data.output))
    case 'ToolCallFailed':
      return event.data.retryAt === undefined ? settled(budget, event, event.data.message) : budget
    case 'ToolCallRejected':
      return answered(remember(budget, signature(event.data.reason, event.data.message)), event)
    case 'ApprovalRequested':
      return asked(budget, event.data.callId, event.meta.at)
    case 'RunEscalated':
      return event.data.callId === undefined ? budget : asked(budget, event.data.callId, event.meta.at)
    case 'ApprovalGranted':
    case 'ToolCallDenied':
    case 'ApprovalDenied':
      return answered(budget, event)
    default:
      return budget
  }
}

const newTurn = (budget: Budget, since: number | undefined): Budget => ({
  ...budget,
  iterations: 0,
  toolCalls: 0,
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

const signature = (what: string, detail: string): string => sha256(`${what}\n${detail}`).slice(0, 16)

const settled = (budget: Budget, event: RunEvent & { readonly data: { readonly callId: string } }, result: string): Budget => {
  const begun = budget.open.get(event.data.callId)
  if (begun === undefined) return answered(budget, event)
  const open = new Map(budget.open)
  open.delete(event.data.callId)
  return answered(remember({ ...budget, open }, signature(begun, result)), event)
}

const asked = (budget: Budget, callId: string, at: number): Budget =>
  budget.waiting.includes(callId)
    ? budget
    : { ...budget, waiting: [...budget.waiting, callId], waitingSince: budget.waiting.length === 0 ? at : budget.waitingSince }

const answered = (budget: Budget, event: RunEvent & { readonly data: { readonly callId: string } }): Budget => {
  if (!budget.waiting.includes(event.data.callId)) return budget
  const waiting = budget.waiting.filter((callId) => callId !== event.data.callId)
  const waited = waiting.length === 0 && budget.turnSince !== undefined ? Math.max(0, event.meta.at - budget.waitingSince) : 0
  return { ...budget, waiting, turnSince: budget.turnSince === undefined ? undefined : budget.turnSince + waited }
}
