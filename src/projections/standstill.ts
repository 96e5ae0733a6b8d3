import { isTakenOverReason } from '../events/taken-over.ts'
import { present } from '../present.ts'
import { timerName } from './event-summary.ts'
import { oneLine } from './printable.ts'
import { unresolvedCalls, type RunRow } from './run-index.ts'
import { standingOf, type Standing } from './run-standing.ts'

/** Why a run does not go on by itself. */
export const stuckReasons = ['overdue', 'unresolved', 'escalated', 'unreadable'] as const
export type StuckReason = (typeof stuckReasons)[number]

/** What helps, as a request of the HTTP service and as a command of the shell. */
export interface Remedy {
  /** Its `operationId`. */
  readonly action: string
  readonly runId: string
  readonly callId?: string
  readonly command: string
}

/** Why nothing happens in a run now. */
export interface Standstill {
  readonly why: StuckReason | Exclude<Standing, 'work' | 'over'> | 'failed'
  /** ms since the epoch. */
  readonly since: number | null
  /** When it goes on by itself, or nobody can act any more. */
  readonly until: number | null
  readonly sentence: string
  readonly remedies: readonly Remedy[]
}

/** null where something happens, or where the run is over for good. */
export const standstillOf = (row: RunRow, stuck: StuckReason | null): Standstill | null => {
  if (stuck !== null) return stuckStandstills[stuck](row)
  if (row.failedFrom !== undefined && row.status === 'failed') return failed(row)
  const standing = standingOf(row)
  return standing === 'work' || standing === 'over' ? null : standstills[standing](row)
}

type Explain = (row: RunRow) => Standstill

const stuckStandstills: Readonly<Record<StuckReason, Explain>> = {
  unreadable: (row) => ({
    ...still('unreadable', row.updatedAt),
    sentence: `This version of Refold cannot read it: ${words(row.problem ?? '')}`,
    remedies: [{ action: 'verifyRun', runId: row.runId, command: 'refold doctor' }],
  }),
  unresolved: (row) => ({
    ...still('unresolved', row.waitsSince ?? row.updatedAt),
    sentence: `Nobody knows whether ${unresolvedText(row)} has happened: somebody has to look and say.`,
    remedies: unresolvedCalls(row).map((callId) => remedy('settleToolCall', row.runId, 'settle', callId)),
  }),
  escalated: (row) => ({ ...still('escalated', row.waitsSince), ...owned(row) }),
  overdue: (row) => ({
    ...still('overdue', Math.max(row.attentionAt ?? 0, row.updatedAt)),
    sentence: Object.values(row.owed).some((until) => until > 0)
      ? 'The process that worked on it has not been heard of since its lease ended, and no other has taken it over: no worker runs, or none has its agent.'
      : 'Its work is due and nobody takes it up: no worker runs, or none has its agent.',
    remedies: [{ action: 'getRun', runId: row.runId, command: 'refold recover' }],
  }),
}

const standstills: Readonly<Record<Exclude<Standing, 'work' | 'over'>, Explain>> = {
  approval: (row) => {
    const asked = Object.values(row.open?.approvals ?? {})
    const [first] = asked
    if (first === undefined) return waitsBelow(row, 'approval', 'a person has to decide')
    const subject = words(first.question ?? `${first.tool ?? ''} ${first.input ?? ''}`)
    return {
      ...still('approval', row.waitsSince),
      until: Math.min(...asked.map(({ expiresAt }) => expiresAt)),
      sentence: `A person has to decide on ${subject}${asked.length === 1 ? '' : ` and on ${asked.length - 1} more`}.`,
      remedies: asked.flatMap(({ callId }) => [
        remedy('grantApproval', row.runId, 'approve', callId),
        remedy('denyApproval', row.runId, 'deny', callId),
      ]),
    }
  },
  human: (row) =>
    row.takenOver === undefined || !('' in row.asked)
      ? waitsBelow(row, 'human', 'a person has to act')
      : { ...still('human', row.waitsSince), ...owned(row) },
  message: (row) => ({
    ...still('message', row.waitsSince),
    sentence:
      row.waitsIn === null
        ? `It waits for the next message of its user${row.takenOver === undefined ? '' : `, which ${words(row.takenOver.by)} answers, who has taken it over`}.`
        : `The run ${row.waitsIn} below it waits for a message.`,
    remedies: [
      remedy('sendMessage', row.waitsIn ?? row.runId, 'send'),
      ...(row.takenOver === undefined ? [] : [remedy('giveRunBack', row.runId, 'give-back')]),
    ],
  }),
  child: (row) => ({ ...still('child', row.updatedAt), sentence: `It waits for ${runsText(row)} that it has asked for.` }),
  paused: (row) => ({
    ...still('paused', row.updatedAt),
    sentence: 'It is paused: nothing new begins in it.',
    remedies: [remedy('resumeRun', row.runId, 'resume')],
  }),
  timer: (row) => {
    const [next] = Object.entries(row.timers).toSorted(([, a], [, b]) => a - b)
    return {
      ...still('timer', row.updatedAt),
      until: next?.[1] ?? null,
      sentence: `It waits until the time of ${words(timerName(next?.[0] ?? ''))} has come.`,
    }
  },
}

/** In the hands of a person: of whoever has taken it over, or of anybody. */
const owned = (row: RunRow): Pick<Standstill, 'sentence' | 'remedies'> => {
  const { runId, waitsIn, takenOver, reason } = row
  const why = reason === null ? '' : `: ${words(reason)}`
  const isAnybodys = takenOver === undefined || waitsIn !== null
  return {
    sentence: isAnybodys
      ? `A person owns ${waitsIn === null ? 'it' : `the run ${waitsIn} below it`}${why}.`
      : `${words(takenOver.by)} has taken it over${reason !== null && isTakenOverReason(reason) ? '' : why}.`,
    remedies: [remedy('answerRun', waitsIn ?? runId, 'answer'), remedy('giveRunBack', waitsIn ?? runId, 'give-back')],
  }
}

const failed: Explain = (row) => ({
  ...still('failed', row.updatedAt),
  sentence: `Refold has failed it for a defect of its agent's code${row.reason === null ? '' : `: ${words(row.reason)}`}. Mended, it goes on where it stood.`,
  remedies: [remedy('reopenRun', row.runId, 'reopen')],
})

const still = <Why extends Standstill['why']>(why: Why, since: number | null) =>
  ({ why, since, until: null, remedies: [] as readonly Remedy[] }) as const

const waitsBelow = (row: RunRow, why: 'approval' | 'human', what: string): Standstill => ({
  ...still(why, row.waitsSince),
  sentence: row.waitsIn === null ? `In it ${what}.` : `In the run ${row.waitsIn} below it ${what}.`,
  remedies: [{ action: 'getRun', runId: row.waitsIn ?? row.runId, command: `refold show ${quoted(row.waitsIn ?? row.runId)}` }],
})

const remedy = (action: string, runId: string, command: string, callId?: string): Remedy => ({
  action,
  runId,
  ...present({ callId }),
  command: ['refold', command, quoted(runId), ...(callId === undefined ? [] : [quoted(callId)])].join(' '),
})

const unresolvedText = ({ open }: RunRow): string => {
  const calls = Object.values(open?.toolCalls ?? {}).filter(({ state }) => state === 'unresolved')
  const [first, ...others] = calls
  if (first === undefined) return 'a call of it'
  return `${words(`${first.tool ?? ''} ${first.input ?? ''}`)}${others.length === 0 ? '' : ` (and ${others.length} more)`}`
}

const runsText = ({ children = {} }: RunRow): string => {
  const { length } = Object.keys(children)
  return length === 1 ? 'a run' : `${length} runs`
}

const LONGEST_WORDS = 160
/** What models, tools and people have said: one line of it, with nothing hidden. */
const words = (text: string): string => oneLine(text, LONGEST_WORDS)

/** As a shell takes it. */
const quoted = (word: string): string => (/^[\w.:@%+,/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
