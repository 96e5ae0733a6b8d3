import { stuckReasons } from '../projections/standstill.ts'
import { between, count, money, ofRun, text, time, yes, type ViewQuery } from './view-query.ts'

const runColumns = [
  text('run_id'),
  text('agent'),
  text('agent_version', 'aside'),
  text('tenant', 'nullable', 'aside'),
  text('tags', 'nullable', 'aside'),
  text('metadata', 'nullable', 'aside'),
  text('status'),
  yes('paused', 'aside'),
  text('state'),
  text('standing', 'aside'),
  text('waits_for', 'nullable'),
  time('waits_since', 'nullable', 'aside'),
  text('waits_in', 'nullable', 'aside'),
  text('reason', 'nullable', 'aside'),
  text('taken_over_by', 'nullable', 'aside'),
  text('problem', 'nullable', 'aside'),
  time('started_at', 'aside'),
  time('updated_at'),
  time('due_at', 'nullable', 'aside'),
  count('turn'),
  count('messages', 'aside'),
  count('unread', 'aside'),
  count('model_calls', 'aside'),
  count('tool_calls', 'aside'),
  count('tokens'),
  money('cost_micro_usd'),
  text('first_text', 'nullable', 'aside'),
  text('last_text', 'nullable', 'aside'),
  text('fork_of', 'nullable', 'aside'),
  count('fork_revision', 'nullable', 'aside'),
  text('parent_run_id', 'nullable', 'aside'),
  text('parent_call_id', 'nullable', 'aside'),
  count('revision', 'aside'),
  count('position', 'aside'),
] as const

const MINUTE_MS = 60_000

/** As `refold doctor` has it: a parent of a run that goes on only waits for it. */
const OVERDUE = `r.due_at is not null and r.paused = 0 and r.due_at < ? and r.updated_at < ?
    and not exists (select 1 from refold_runs child where child.parent_run_id = r.run_id and child.status = 'active')`

const ESCALATED = `r.status = 'active' and r.waits_for = 'human' and r.waits_since <= ?`

/** At once, however long it waits: nobody knows what has happened out there. */
const UNRESOLVED = `(r.status <> 'active' or r.waits_for is not null)
    and r.run_id in (select c.run_id from refold_tool_calls c where c.state = 'unresolved' and c.settled_at is null)`

/** Of the run `r`: why it does not go on by itself, or null. Its `?` are for {@link stuckValues}. */
export const STUCK = `case when r.problem is not null then 'unreadable'
      when ${UNRESOLVED} then 'unresolved'
      when ${ESCALATED} then 'escalated'
      when r.status = 'active' and ${OVERDUE} then 'overdue' end`

/** Runs outside it are never stuck: it is quick to find. */
export const MAY_BE_STUCK = `(r.status = 'active' or r.problem > '' or ${UNRESOLVED})`

/** Escalations count once they have waited for so long. */
export const stuckValues = (now: number, waitingMs = 0): readonly number[] => [now - waitingMs, now - MINUTE_MS, now - MINUTE_MS]

export const runViews = {
  runs: {
    about: 'What each run is now, the one with the newest event first.',
    columns: runColumns,
    from: 'select r.* from refold_runs r',
    filters: { ...ofRun, ...between('r.updated_at'), status: 'r.status = ?' },
    statuses: ['active', 'completed', 'failed', 'cancelled', 'deleted'],
    order: { keys: ['position'], direction: 'desc' },
  },
  timeline: {
    about: 'Events, the oldest first.',
    columns: [
      time('at'),
      text('run_id'),
      count('revision'),
      text('type'),
      text('state'),
      text('call_id', 'nullable', 'aside'),
      text('actor', 'nullable', 'aside'),
      text('summary'),
      count('position', 'aside'),
    ],
    from: 'select t.* from refold_timeline t join refold_runs r on r.run_id = t.run_id',
    filters: { ...ofRun, run: 't.run_id = ?', ...between('t.at') },
    order: { keys: ['at', 'position'], direction: 'asc' },
  },
  transcript: {
    about: 'What was said, the oldest first.',
    columns: [
      time('at'),
      text('run_id'),
      count('said_revision', 'aside'),
      text('role'),
      text('tool', 'nullable'),
      text('call_id', 'nullable', 'aside'),
      text('asks_for', 'nullable'),
      text('verdict', 'nullable'),
      text('text'),
    ],
    from: 'select m.* from refold_messages m join refold_runs r on r.run_id = m.run_id',
    filters: { ...ofRun, run: 'm.run_id = ?', ...between('m.at'), status: 'm.role = ?' },
    statuses: ['user', 'assistant', 'tool', 'human', 'note'],
    order: { keys: ['at', 'run_id', 'said_revision'], direction: 'asc' },
  },
  stuck: {
    about: 'Runs that do not go on by themselves: nobody takes up what is due, a person has to act, or an event cannot be read.',
    columns: [
      text('run_id'),
      text('agent'),
      text('tenant', 'nullable', 'aside'),
      text('why'),
      time('since'),
      text('state'),
      text('detail', 'nullable'),
      count('unread', 'aside'),
    ],
    from: `select s.* from (
  select r.run_id, r.agent, r.tenant, r.state, r.updated_at, r.unread, ${STUCK} as why,
    case when r.problem is not null then r.updated_at
      when ${UNRESOLVED} or ${ESCALATED} then coalesce(r.waits_since, r.updated_at)
      when r.due_at < r.updated_at then r.updated_at else r.due_at end as since,
    coalesce(r.problem, 'in ' || r.waits_in, r.reason) as detail
  from refold_runs r
  where ${MAY_BE_STUCK}
) s join refold_runs r on r.run_id = s.run_id and s.why is not null`,
    values: (now: number, waitingMs: number) => [...stuckValues(now, waitingMs), now - waitingMs],
    filters: { ...ofRun, ...between('s.since'), status: 's.why = ?' },
    statuses: stuckReasons,
    order: { keys: ['since', 'run_id'], direction: 'asc' },
  },
} as const satisfies Readonly<Record<string, ViewQuery>>
