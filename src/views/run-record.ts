import { tagLines } from '../events/tags.ts'
import type { RunRow } from '../projections/run-index.ts'
import { standingOf, type Standing } from '../projections/run-standing.ts'

/** The row of a run as columns, and whole as JSON for those that fold on. */
export interface RunRecord {
  readonly runId: string
  readonly agent: string
  readonly agentVersion: string
  readonly tenant: string | null
  readonly tags: string | null
  readonly metadata: string | null
  readonly status: string
  readonly paused: 0 | 1
  readonly takenOverBy: string | null
  readonly state: string
  readonly standing: Standing
  readonly waitsFor: string | null
  readonly waitsSince: number | null
  readonly waitsIn: string | null
  readonly reason: string | null
  readonly problem: string | null
  readonly startedAt: number
  readonly updatedAt: number
  readonly dueAt: number | null
  readonly turn: number
  readonly messages: number
  readonly unread: number
  readonly modelCalls: number
  readonly toolCalls: number
  readonly tokens: number
  readonly costMicroUsd: number
  readonly firstText: string | null
  readonly lastText: string | null
  readonly forkOf: string | null
  readonly forkRevision: number | null
  readonly parentRunId: string | null
  readonly parentCallId: string | null
  readonly revision: number
  readonly position: number
  readonly search: string
  readonly row: string
}

export const runRecord = (row: RunRow): RunRecord => ({
  runId: row.runId,
  agent: row.agent,
  agentVersion: row.agentVersion,
  tenant: row.tenant ?? null,
  tags: written(row.tags, tagLines),
  metadata: written(row.metadata, JSON.stringify),
  status: row.status,
  paused: row.paused ? 1 : 0,
  takenOverBy: row.takenOver?.by ?? null,
  state: row.state,
  standing: standingOf(row),
  waitsFor: row.waitsFor,
  waitsSince: row.waitsSince,
  waitsIn: row.waitsIn,
  reason: row.reason,
  problem: row.problem ?? null,
  startedAt: row.startedAt,
  updatedAt: row.updatedAt,
  dueAt: (row.status === 'active' || row.status === 'deleted') && row.problem === undefined ? row.attentionAt : null,
  turn: row.turn,
  messages: row.messages,
  unread: row.unread,
  modelCalls: row.modelCalls,
  toolCalls: row.toolCalls,
  tokens: row.tokens,
  costMicroUsd: row.costMicroUsd,
  firstText: row.firstText,
  lastText: row.lastText,
  ...relatives(row),
  revision: row.revision,
  position: row.position,
  search: searchedText(row),
  row: JSON.stringify(row),
})

const relatives = ({ fork, parent }: RunRow): Pick<RunRecord, 'forkOf' | 'forkRevision' | 'parentRunId' | 'parentCallId'> => ({
  forkOf: fork?.runId ?? null,
  forkRevision: fork?.revision ?? null,
  parentRunId: parent?.runId ?? null,
  parentCallId: parent?.callId ?? null,
})

const written = <Value>(value: Value | undefined, write: (value: Value) => string): string | null =>
  value === undefined ? null : write(value)

/** Lower case as JavaScript has it: stores differ beyond ASCII. */
const searchedText = ({ runId, agent, agentVersion, tags, firstText, lastText, reason, problem }: RunRow): string =>
  [
    runId,
    `${agent}@${agentVersion}`,
    tags === undefined ? '' : tagLines(tags).trim(),
    firstText ?? '',
    lastText ?? '',
    reason ?? '',
    problem ?? '',
  ]
    .join('\n')
    .toLowerCase()
