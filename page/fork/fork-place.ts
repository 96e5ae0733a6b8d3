import { finalEventTypes } from '../../src/events/run-events.ts'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import type { RunAt } from '../run/run-fold.ts'

/** What a fork may have otherwise than its origin. */
export const changes = ['nothing', 'message', 'result', 'instructions', 'model', 'agentVersion'] as const
export type Change = (typeof changes)[number]

export interface OpenCall {
  readonly callId: string
  readonly tool: string
}

/** What a fork can begin with at a revision of its origin, by what is known of it here. The server decides. */
export interface ForkPlace {
  /** The last revision that both have in common, but for what is said or brought otherwise there. */
  readonly at: number
  /** It was asked for behind the end of the run, where nothing goes on. */
  readonly isBeforeEnd: boolean
  /** Whether the event there is a message, which another one takes the place of. */
  readonly isMessage: boolean
  /** Calls that may bring something else. */
  readonly calls: readonly OpenCall[]
  /** What the origin has recorded behind it, which may answer the fork. */
  readonly recorded: Readonly<Record<'models' | 'tools' | 'others', number>>
  /** `name@version` */
  readonly agent: string
}

export const forkPlace = (rows: readonly OutlineRow[], states: readonly RunAt[], wanted: number): ForkPlace | undefined => {
  const at = lastOpen(rows, Math.min(wanted, rows.length - 1))
  const [row, state] = [rows[at], states[at]]
  if (row === undefined || state === undefined) return undefined
  const open = [...state.callPlaces].flatMap(([callId, place]) => (place === 'over' ? [] : [callId]))
  const settled = RESULT_OF_TOOL.test(row.type) && row.retryAt === undefined && row.callId !== undefined ? [row.callId] : []
  const behind = rows.slice(at + 1)
  const countOf = (type: RegExp): number => behind.filter((each) => type.test(each.type)).length
  return {
    at,
    isBeforeEnd: at < wanted,
    isMessage: row.type === 'MessageReceived',
    calls: [...new Set([...settled, ...open])].map((callId) => ({ callId, tool: state.calls.get(callId)?.tool ?? '' })),
    recorded: {
      models: countOf(/^ModelCall(Succeeded|Failed)$/),
      tools: countOf(RESULT_OF_TOOL),
      others: countOf(/^(ChildRun(Succeeded|Failed)|Approval(Granted|Denied))$/),
    },
    agent: state.agent,
  }
}

const RESULT_OF_TOOL = /^ToolCall(Succeeded|Failed)$/

/** Behind its end a run cannot be forked. */
const lastOpen = (rows: readonly OutlineRow[], wanted: number): number => {
  let at = wanted
  while (at > 0 && isClosed(rows, at)) at -= 1
  return at
}

const isClosed = (rows: readonly OutlineRow[], at: number): boolean => {
  const lastTurn = rows.slice(0, at + 1).findLastIndex(({ type }) => finalEventTypes.has(type) || OPENS_AGAIN.has(type))
  return finalEventTypes.has(rows[lastTurn]?.type ?? '')
}

const OPENS_AGAIN: ReadonlySet<string> = new Set(['RunReopened', 'RunMoved'])
