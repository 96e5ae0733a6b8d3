import type { RunView } from '../fold/run-view.ts'
import { moment } from './amounts.ts'
import { count, duration, fromNow, money } from '../projections/amount-text.ts'
import { holderText, waitingText } from './run-table.ts'
import type { Colours } from './colours.ts'
import { timerName } from '../projections/event-summary.ts'
import { transcriptLines } from './message-text.ts'
import { oneLine, valueLine } from '../projections/printable.ts'

interface Look {
  readonly colours: Colours
  readonly width: number
}

/** All that a run is at one revision, for people. */
export const viewLines = (view: RunView, look: Look): string[] => [
  ...headLines(view, look.colours),
  ...section('transcript', transcriptLines(view.transcript, look.colours), look.colours),
  ...section('budget', budgetLines(view), look.colours),
  ...section('open effects', openLines(view), look.colours),
  ...section('projections', projectionLines(view, look.width), look.colours),
]

const headLines = (
  { runId, agent, revision, at, state, paused, takenOver, waitsFor, waitsIn, turn, reason, problem, output }: RunView,
  { strong, name, faint, bad }: Colours,
): string[] => [
  `${strong(runId)}@${revision}  ${name(state)}${paused ? ' (paused)' : ''}${holderText(takenOver)}${waitsFor === null ? '' : `  waits for ${waitingText({ waitsFor, waitsIn })}`}`,
  faint(`${agent} · ${moment(at)} · turn ${turn}`),
  ...(reason === null ? [] : [`reason: ${reason}`]),
  ...(problem === null ? [] : [bad(`stopped: ${problem}`)]),
  ...(output === null ? [] : [`output: ${valueLine(output)}`]),
]

const section = (title: string, lines: readonly string[], { strong }: Colours): string[] =>
  lines.length === 0 ? [] : ['', strong(title), ...lines.map((line) => `  ${line}`)]

const budgetLines = ({ spent }: RunView): string[] => [
  `this turn: ${count(spent.iterations)} model calls, ${count(spent.toolCalls)} tool calls, ${duration(spent.wallTimeMs)}`,
  `the run:   ${count(spent.tokens)} tokens, ${money(spent.costMicroUsd)}`,
]

const openLines = ({ openEffects, toolCalls, approvals, timers, at }: RunView): string[] => [
  ...openEffects.map(
    ({ key, intent, status, attempt, owner }) =>
      `${intent} ${key} ${status}, attempt ${attempt}${owner === undefined ? '' : ` by ${owner}`}`,
  ),
  ...toolCalls.map(({ callId, tool, state, input }) => `tool call ${callId} ${tool} ${valueLine(input)} is ${state}`),
  ...approvals.flatMap(({ callId, subject, expiresAt, unread }) => [
    `approval ${callId} of ${valueLine(subject)}, ${expiresAt <= at ? 'expired' : `for ${duration(expiresAt - at)}`}`,
    ...unreadLines(unread),
  ]),
  ...timers.map(({ timerId, dueAt }) => `timer ${timerName(timerId)} ${dueAt === null ? 'not yet set' : fromNow(dueAt - at)}`),
]

/** What users have said since, beside the question that it may answer. */
export const unreadLines = (unread: readonly string[]): string[] => [
  ...(unread.length > MOST_UNREAD ? [`  ${count(unread.length - MOST_UNREAD)} earlier messages are unread too`] : []),
  ...unread.slice(-MOST_UNREAD).map((text) => `  unread: ${oneLine(text, UNREAD_LENGTH)}`),
]

const MOST_UNREAD = 5
const UNREAD_LENGTH = 300

const projectionLines = ({ projections }: RunView, width: number): string[] =>
  Object.entries(projections).map(([name, shown]) => `${name}: ${oneLine(valueLine(shown), width - name.length - 4)}`)
