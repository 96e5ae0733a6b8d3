import type { RunRow } from '../projections/run-index.ts'
import { type Agents, codeStanding } from '../runtime/code/agents.ts'
import { age } from './amounts.ts'
import { count, money } from '../projections/amount-text.ts'
import type { Colours, Paint } from './colours.ts'
import { textTable } from './text-table.ts'

/** Runs as lines: the columns that a person scans for. */
export const runTable = (
  rows: readonly RunRow[],
  now: number,
  { colours, width, agents }: { readonly colours: Colours; readonly width: number; readonly agents: Agents },
): string[] =>
  textTable(
    [
      { title: 'RUN' },
      { title: 'AGENT' },
      { title: 'AGE', align: 'right' },
      { title: 'STATE', flexible: true, paint: statePaint(colours) },
      { title: 'TURN', align: 'right' },
      { title: 'TOKENS', align: 'right' },
      { title: 'COST', align: 'right' },
      { title: 'WAITS FOR', paint: colours.attention },
    ],
    rows.map((row) => [
      row.fork === undefined ? row.runId : `${row.runId} (fork${row.fork.real.length === 0 ? '' : ', REAL'})`,
      `${row.agent}@${row.agentVersion}`,
      age(now - row.startedAt),
      `${stateText(row)}${codeText(agents, row)}`,
      String(row.turn),
      count(row.tokens),
      money(row.costMicroUsd),
      `${waitingText(row)}${row.waitsFor === 'approval' && row.unread > 0 ? `, ${row.unread} unread` : ''}`,
    ]),
    width,
  )

/** Whom it needs, and where, if not in this run. */
export const waitingText = ({ waitsFor, waitsIn }: Pick<RunRow, 'waitsIn'> & { readonly waitsFor: string | null }): string =>
  waitsFor === null ? '' : `${waitsFor}${waitsIn === null ? '' : ` in ${waitsIn}`}`

/** Where it stands, and what else keeps it from going on. */
export const stateText = ({ state, paused, takenOver, problem }: Pick<RunRow, 'state' | 'paused' | 'takenOver' | 'problem'>): string =>
  `${state}${paused ? ' (paused)' : ''}${holderText(takenOver)}${problem === undefined ? '' : ' (unreadable)'}`

/** A run is somebody's that has taken it over. */
export const holderText = (takenOver: { readonly by: string } | null | undefined): string =>
  takenOver === null || takenOver === undefined ? '' : ` (${takenOver.by} has it)`

/** That its code here is not what it began with. Of ended runs nobody wants to know. */
const codeText = (agents: Agents, row: RunRow): string => (row.status === 'active' ? CODE_TEXTS[codeStanding(agents, row)] : '')

const CODE_TEXTS = { same: '', changed: ' (changed agent)', otherChart: ' (changed chart)', gone: ' (agent is gone)' } as const

const statePaint =
  ({ good, bad, attention, faint }: Colours): Paint =>
  (text) => {
    if (/^completed/.test(text)) return good(text)
    if (/^failed|unreadable|changed chart|is gone/.test(text)) return bad(text)
    if (/^cancelled/.test(text)) return faint(text)
    return /^escalated|paused|has it\)/.test(text) ? attention(text) : text
  }
