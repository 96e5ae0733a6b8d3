import { textsOf } from '../src/events/content.ts'
import { messageOf } from '../src/errors.ts'
import type { RunState } from '../src/fold/run-state.ts'
import { waitsFor } from '../src/fold/standing.ts'
import { messagesOf } from '../src/projections/transcript.ts'
import type { RunRow } from '../src/projections/run-index.ts'
import { viewOf } from '../src/fold/run-view.ts'
import type { AuditedRun } from './auditor.ts'
import type { Chance } from '../src/evals/statistics/chance.ts'
import type { Stage } from './stage.ts'
import { firstDifference } from './state-text.ts'
import { viewDifferences } from './view-differences.ts'
import type { Worker } from './worker.ts'

/** Whether every run has ended or waits for somebody, be it through its child. */
export const isAtRest = ({ auditor }: Stage): boolean =>
  [...auditor.runs.values()].every((run) => restProblem(auditor.runs, run) === undefined)

const restProblem = (runs: ReadonlyMap<string, AuditedRun>, { runId, states }: AuditedRun): string | undefined => {
  const state = states.at(-1)
  if (state?.status !== 'active') return undefined
  const whom = waitsFor(state)
  if (whom === 'message' && state.started.parent !== undefined)
    return `${runId} waits for a message, but only ${state.started.parent.runId} knows of it`
  if (whom !== undefined) return undefined
  const child = childOf(runs, state)
  if (child?.states.at(-1)?.status === 'active') return restProblem(runs, child)
  const { chart, owed, timers } = state
  return `${runId} is stuck at ${JSON.stringify(chart.value)}, owed: ${JSON.stringify([...owed.values()])}, timers: ${JSON.stringify([...timers.values()])}`
}

const childOf = (runs: ReadonlyMap<string, AuditedRun>, state: RunState): AuditedRun | undefined => {
  const parked = [...state.owed.values()].find(({ intent, status }) => intent === 'startChildRun' && status === 'parked')
  return runs.get(parked?.childRunId ?? '')
}

/** What can only be said once nothing happens any more. */
export const lastLook = async (stage: Stage, now: number): Promise<void> => {
  const { auditor, cluster } = stage
  await cluster.projector.catchUp()
  auditor.problems.push(...(await viewDifferences(stage.log, cluster.views)))
  for (const run of auditor.runs.values()) {
    const state = run.states.at(-1)
    if (state === undefined) continue
    const row = await cluster.views.get(run.runId)
    const problems = [
      restProblem(auditor.runs, run),
      run.isOfOtherCode && state.status === 'active' ? 'nobody has moved it to code that explains it' : undefined,
      ...parentProblems(auditor.runs, state),
      ...saidProblems(state, auditor.books.said(run.runId)),
      ...approvalProblems(state, now),
      ...rowProblems(state, row),
    ]
    for (const problem of problems) if (problem !== undefined) auditor.problems.push(`${run.runId}: ${problem}`)
  }
}

/** A run ends with the one that asked for it, and whoever goes on knows what it has cost. */
const parentProblems = (runs: ReadonlyMap<string, AuditedRun>, { status, started: { parent }, budget }: RunState): string[] => {
  const asking = parent === undefined ? undefined : runs.get(parent.runId)?.states.at(-1)
  if (parent === undefined || asking === undefined) return []
  const isWanted = asking.status === 'active' && asking.owed.get(parent.callId)?.intent === 'startChildRun'
  const known = asking.budget.children.get(parent.callId)?.tokens ?? 0
  return [
    ...(status === 'active' && !isWanted ? [`it goes on, but ${parent.runId} does not wait for it`] : []),
    ...(asking.status === 'active' && known !== budget.tokens ? [`${parent.runId} knows of ${known} of its ${budget.tokens} tokens`] : []),
  ]
}

/** Nothing that a user has said may be lost: it is in the conversation, or the next prompt will hold it. */
const saidProblems = ({ transcript }: RunState, said: readonly string[]): string[] => {
  const asked = messagesOf(transcript).flatMap((message) => (message.role === 'user' ? [message.parts] : []))
  const heard = [...asked, ...transcript.inbox].map(textsOf)
  return said.filter((text) => !heard.includes(text)).map((text) => `"${text}" was said and is nowhere`)
}

const approvalProblems = (state: RunState, now: number): string[] =>
  [...state.approvals.values()].flatMap(({ callId, expiresAt }) => [
    ...(expiresAt < now ? [`the approval of ${callId} has expired and is still open`] : []),
    ...(state.calls.has(callId) || state.owed.has(callId) ? [] : [`the approval of ${callId} is asked for nothing`]),
  ])

/** A worker that knows nothing but the views has to find all that is owed, and nothing else for ever. */
const rowProblems = (state: RunState, row: RunRow | undefined): string[] => {
  if (row === undefined) return ['it is not in the views']
  // Of a chart of their own the views cannot know which states are for people.
  const knowsWhom = state.status === 'active' && !state.paused && state.chart.machine.id === 'agent-run'
  const expected = waitsFor(state) ?? null
  return [
    ...(row.problem === undefined ? [] : [`its row has the problem ${row.problem}`]),
    ...(row.status === state.status && row.paused === state.paused && row.revision === state.revision ? [] : ['its row is another']),
    ...(!knowsWhom || row.waitsFor === expected ? [] : [`its row waits for ${String(row.waitsFor)}, it for ${String(expected)}`]),
    ...(isOwing(state) === (row.attentionAt !== null)
      ? []
      : [`its row is looked at by ${row.attentionAt ?? 'nobody'}: ${JSON.stringify({ owed: row.owed, timers: row.timers })}`]),
  ]
}

const isOwing = (state: RunState): boolean =>
  [...state.timers.values()].some(({ dueAt }) => dueAt !== undefined) ||
  [...state.owed.values()].some(({ status, intent }) => status !== 'parked' || intent === 'startChildRun')

/** What each process knows of each run, now and at some time before, has to be what the log says. */
export const lookAtWorkers = ({ auditor, workers, cluster }: Stage, chance: Chance): void => {
  for (const worker of workers()) {
    for (const run of auditor.runs.values()) {
      // It has ended under code that nobody has any more.
      if (run.isOfOtherCode) continue
      compareNow(auditor, worker, run)
      if (chance.hits(0.2)) comparePast(auditor.problems, worker, { run, revision: chance.below(run.states.length) })
    }
  }
  cluster.tell(() => 'the last look')
}

const compareNow = ({ compare, problems }: Stage['auditor'], { runtime, life }: Worker, { runId, events }: AuditedRun): void => {
  runtime.current(runId).then(
    (state) => {
      compare(state, life.owner)
      if (state.revision + 1 !== events.length) problems.push(`${life.owner} knows ${runId} only up to ${state.revision}`)
    },
    (error: unknown) => void problems.push(`${life.owner} cannot read ${runId}: ${messageOf(error)}`),
  )
}

const comparePast = (
  problems: string[],
  { refold, life }: Worker,
  { run, revision }: { readonly run: AuditedRun; readonly revision: number },
): void => {
  const state = run.states[revision]
  if (state === undefined) return
  const expected = JSON.stringify(viewOf(run.agent.program, state))
  refold
    .run(run.runId)
    .at(revision)
    .then(
      (view) => {
        const found = JSON.stringify(view)
        if (found !== expected) problems.push(`${life.owner} sees another ${run.runId}@${revision}: ${firstDifference(expected, found)}`)
      },
      (error: unknown) => void problems.push(`${life.owner} cannot look back to ${run.runId}@${revision}: ${messageOf(error)}`),
    )
}
