import { between, count, duration, money, ofRun, text, time, type ViewQuery } from './view-query.ts'

// What charts have done in production, by version; forks have no steps.

const CHART = "case when s.call_id = '' then 'run' else 'toolCall' end"
const ofSteps = { ...ofRun, agentVersion: 's.agent_version = ?', ...between('s.at') } as const

export const chartViews = {
  versions: {
    about: 'The versions of agents, and what their runs have come to.',
    columns: [
      text('agent'),
      text('agent_version'),
      count('runs'),
      count('active'),
      count('completed'),
      count('failed'),
      count('cancelled'),
      count('tokens', 'aside'),
      money('cost_micro_usd'),
      time('started_at', 'aside'),
      time('updated_at'),
    ],
    from: `select r.agent, r.agent_version, count(*) as runs,
  sum(case when r.status = 'active' then 1 else 0 end) as active, sum(case when r.status = 'completed' then 1 else 0 end) as completed,
  sum(case when r.status = 'failed' then 1 else 0 end) as failed, sum(case when r.status = 'cancelled' then 1 else 0 end) as cancelled,
  sum(r.tokens) as tokens, sum(r.cost_micro_usd) as cost_micro_usd, min(r.started_at) as started_at, max(r.updated_at) as updated_at
from (select * from refold_runs where fork_of is null and status <> 'deleted') r`,
    groupBy: 'r.agent, r.agent_version',
    filters: { ...ofRun, agentVersion: 'r.agent_version = ?', ...between('r.updated_at') },
    order: { keys: ['agent', 'agent_version'], direction: 'asc' },
  },
  'chart-steps': {
    about: 'How often each step of a chart was taken, what it has cost and how often it was a failure; without forks.',
    columns: [
      text('agent'),
      text('agent_version'),
      text('chart'),
      text('from_state'),
      text('event'),
      text('to_state'),
      count('steps'),
      count('runs'),
      count('failed'),
      count('tokens'),
      money('cost_micro_usd'),
    ],
    from: `select r.agent, s.agent_version, ${CHART} as chart, s.from_state, s.event, s.to_state, count(*) as steps, count(distinct s.run_id) as runs,
  sum(s.failed) as failed, sum(s.tokens) as tokens, sum(s.cost_micro_usd) as cost_micro_usd
from refold_steps s join refold_runs r on r.run_id = s.run_id`,
    groupBy: `r.agent, s.agent_version, ${CHART}, s.from_state, s.event, s.to_state`,
    filters: ofSteps,
    order: { keys: ['steps', 'agent', 'agent_version', 'chart', 'from_state', 'event', 'to_state'], direction: 'desc' },
  },
  'chart-states': {
    about:
      'How long charts stand at a place before they leave it, right to 9 %, what is spent there and what fails there; without forks. How long they wait for people counts apart.',
    columns: [
      text('agent'),
      text('agent_version'),
      text('chart'),
      text('state'),
      count('visits'),
      duration('p50_ms', 'nullable'),
      duration('p95_ms', 'nullable'),
      count('waits'),
      duration('wait_p50_ms', 'nullable'),
      duration('wait_p95_ms', 'nullable'),
      count('failed'),
      count('tokens'),
      money('cost_micro_usd'),
    ],
    from: `select r.agent, s.agent_version, ${CHART} as chart, s.from_state as state, s.worked_about_ms as worked, s.waited_about_ms as waited, count(*) as steps,
  sum(s.failed) as failed, sum(s.tokens) as tokens, sum(s.cost_micro_usd) as cost_micro_usd
from (select * from refold_steps where from_state <> '') s join refold_runs r on r.run_id = s.run_id`,
    groupBy: `r.agent, s.agent_version, ${CHART}, s.from_state, s.worked_about_ms, s.waited_about_ms`,
    around: `select agent, agent_version, chart, state, max(visits) as visits, max(waits) as waits,
  min(case when worked_before * 2 >= visits then worked end) as p50_ms, min(case when worked_before * 20 >= visits * 19 then worked end) as p95_ms,
  min(case when waited > 0 and waited_before * 2 >= waits then waited end) as wait_p50_ms,
  min(case when waited > 0 and waited_before * 20 >= waits * 19 then waited end) as wait_p95_ms,
  sum(failed) as failed, sum(tokens) as tokens, sum(cost_micro_usd) as cost_micro_usd
from (
  select n.*, sum(left_it) over place as visits, sum(left_it) over (place order by worked) as worked_before,
    sum(waiting) over place as waits, sum(waiting) over (place order by waited) as waited_before
  from (
    select g.*, case when worked is null then 0 else steps end as left_it, case when waited > 0 then steps else 0 end as waiting from ({rows}) g
  ) n
  window place as (partition by agent, agent_version, chart, state)
) p
group by agent, agent_version, chart, state`,
    filters: ofSteps,
    order: { keys: ['agent', 'agent_version', 'chart', 'state'], direction: 'asc' },
  },
} as const satisfies Readonly<Record<string, ViewQuery>>
