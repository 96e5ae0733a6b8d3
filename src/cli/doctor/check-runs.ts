import { isAppError } from '../../errors.ts'
import { definitionChanges, type Definition } from '../../events/definition.ts'
import type { DataOf } from '../../events/run-events.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { unresolvedCalls, type RunRow } from '../../projections/run-index.ts'
import { everyRun } from '../every-run.ts'
import type { SeenRun } from './check-events.ts'
import type { Findings } from './findings.ts'

/** Whether the configuration still has the agent and the chart that each run was started with. */
export const checkAgents = ({ agents }: Pick<OpenRefold, 'agents'>, runs: Iterable<SeenRun>, findings: Findings): void => {
  for (const { runId, started, isOver } of runs) {
    if (started === undefined) continue
    try {
      const { definition } = agents.ofRun(runId, started)
      if (!isOver) reportChanges(started, definition, { runId, findings })
    } catch (error) {
      if (!isAppError(error)) throw error
      const id = `${started.agent}@${started.agentVersion}`
      const isChanged = error.code === 'ChartChanged'
      findings.add(
        {
          severity: isOver ? 'warning' : 'problem',
          check: 'agent',
          message: `${isOver ? 'Ended runs, which cannot be replayed,' : 'Open runs, which cannot go on,'} of ${isChanged ? `another chart of ${id} than the configuration has` : `${id}, which the configuration does not have`}`,
          remedy: isChanged
            ? `Bring the old chart back as ${id}, and give the changed one a new version.`
            : `Add ${id} to the agents of the configuration.`,
        },
        runId,
      )
    }
  }
}

/** The run goes on, with what is around its chart as the code has it today. */
const reportChanges = (
  { agent, agentVersion, definition }: DataOf<'RunStarted'>,
  now: Definition,
  { runId, findings }: { readonly runId: string; readonly findings: Findings },
): void => {
  const changes = definition === undefined ? [] : definitionChanges(definition, now)
  if (changes.length === 0) return
  findings.add(
    {
      severity: 'warning',
      check: 'agent',
      message: `Open runs of ${agent}@${agentVersion} began with other code: ${changes.slice(0, CHANGES_NAMED).join(', ')}`,
      remedy: `Give a changed agent a new version, and keep the old one until its runs have ended.`,
    },
    runId,
  )
}

const CHANGES_NAMED = 5

/** So long may any process take to do what is due. */
const PATIENCE_MS = 60_000

/** Open runs that owe something and that nobody has touched since it was due. */
export const checkStuck = async (
  refold: Pick<OpenRefold, 'views' | 'projector' | 'run'>,
  now: number,
  findings: Findings,
): Promise<void> => {
  const rows = await everyRun(refold)
  const waitingParents = new Set(rows.flatMap(({ parent, status }) => (parent === undefined || status !== 'active' ? [] : [parent.runId])))
  for (const row of rows) {
    checkUnresolved(row, findings)
    if (!isStuck(row, now) || waitingParents.has(row.runId)) continue
    if (await isStopped(refold, row.runId, findings)) continue
    findings.add(
      {
        severity: 'problem',
        check: 'stuck',
        message: 'Open runs stand still: their work is due, and no process has taken it up',
        remedy: 'Start the program that runs these agents, or: refold recover',
      },
      row.runId,
    )
  }
}

/** Of an open run it waits for a person, as an approval does. */
const checkUnresolved = (row: RunRow, findings: Findings): void => {
  const [callId] = unresolvedCalls(row)
  if (row.status === 'active' || callId === undefined) return
  findings.add(
    {
      severity: 'warning',
      check: 'unresolved',
      message: 'Runs have ended while nobody knows whether calls of theirs have happened',
      remedy: 'Find out, and say so: refold settle RUN CALL --succeeded JSON, or --failed TEXT',
    },
    `${row.runId} ${callId}`,
  )
}

/** By code of its agent, which fails here too. */
const isStopped = async (refold: Pick<OpenRefold, 'run'>, runId: string, findings: Findings): Promise<boolean> => {
  const view = await refold
    .run(runId)
    .state()
    .catch(() => undefined)
  if (view === undefined || view.problem === null) return false
  findings.add(
    {
      severity: 'problem',
      check: 'agent',
      message: `Open runs of ${view.agent} are stopped: ${view.problem}`,
      remedy: 'Repair the code and start again, under the same version: they go on where they stand.',
    },
    runId,
  )
  return true
}

const isStuck = ({ status, paused, problem, attentionAt, updatedAt }: RunRow, now: number): boolean =>
  status === 'active' && !paused && problem === undefined && attentionAt !== null && Math.max(attentionAt, updatedAt) + PATIENCE_MS < now
