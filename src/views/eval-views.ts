import { between, count, duration, money, number, ofRun, text, time, yes, type ViewQuery } from './view-query.ts'

// Evals are ordinary runs with tags that say of which eval they are, and with scores by `eval`. A run has passed where each of its scores has.

const SCORED = `select run_id, sum(case when passed = 1 then 0 else 1 end) as failed, min(case when passed = 1 then null else name end) as lost_by
  from refold_scores where "by" = 'eval' group by run_id`

const OF_EVALS = `from refold_tags e
join refold_runs r on r.run_id = e.run_id and e.name = 'eval' and r.status <> 'deleted'
left join refold_tags d on d.run_id = e.run_id and d.name = 'dataset'
left join refold_tags a on a.run_id = e.run_id and a.name = 'arm'
left join refold_tags c on c.run_id = e.run_id and c.name = 'case'
left join (${SCORED}) s on s.run_id = e.run_id`

const ARM = "coalesce(a.value, 'candidate')"
const ofEvals = { ...ofRun, agentVersion: 'r.agent_version = ?', ...between('r.started_at') } as const

export const evalViews = {
  scores: {
    about: 'What people, scorers and programs make of runs, the newest first.',
    columns: [
      time('at'),
      text('run_id'),
      text('agent', 'aside'),
      text('agent_version', 'aside'),
      text('name'),
      text('author'),
      number('value'),
      yes('passed', 'nullable'),
      number('about', 'aside'),
      text('note', 'nullable'),
    ],
    from: `select s.*, s."by" as author, r.agent, r.agent_version from refold_scores s join refold_runs r on r.run_id = s.run_id`,
    filters: { ...ofRun, agentVersion: 'r.agent_version = ?', ...between('s.at') },
    order: { keys: ['at', 'run_id', 'name', 'author'], direction: 'desc' },
  },
  evals: {
    about: 'Evals: how many runs of each agent there are, are scored and have passed, and what they have cost; the newest eval first.',
    columns: [
      text('eval'),
      text('dataset'),
      text('arm'),
      text('agent'),
      text('agent_version'),
      count('runs'),
      count('cases'),
      count('scored'),
      count('passed'),
      count('tokens', 'aside'),
      money('cost_micro_usd'),
      time('started_at'),
      time('updated_at', 'aside'),
    ],
    from: `select e.value as eval, coalesce(d.value, '') as dataset, ${ARM} as arm, r.agent, r.agent_version, count(*) as runs,
  count(distinct coalesce(c.value, r.run_id)) as cases,
  count(s.run_id) as scored, sum(case when s.failed = 0 then 1 else 0 end) as passed, sum(r.tokens) as tokens,
  sum(r.cost_micro_usd) as cost_micro_usd, min(r.started_at) as started_at, max(r.updated_at) as updated_at
${OF_EVALS}`,
    groupBy: `e.value, coalesce(d.value, ''), ${ARM}, r.agent, r.agent_version`,
    filters: ofEvals,
    order: { keys: ['started_at', 'eval', 'dataset', 'arm', 'agent', 'agent_version'], direction: 'desc' },
  },
  'eval-runs': {
    about: 'Runs of evals, each with its case and the first score that it has not passed.',
    columns: [
      text('eval'),
      text('case_id'),
      text('task', 'aside'),
      text('epoch'),
      text('arm'),
      text('run_id'),
      text('agent', 'aside'),
      text('agent_version', 'aside'),
      text('status'),
      yes('passed', 'nullable'),
      text('lost_by', 'nullable'),
      count('lost_at', 'nullable', 'aside'),
      text('note', 'nullable'),
      count('tokens', 'aside'),
      money('cost_micro_usd'),
      duration('duration_ms', 'nullable'),
    ],
    from: `select e.value as eval, coalesce(c.value, r.run_id) as case_id, coalesce(t.value, c.value, r.run_id) as task, coalesce(p.value, '1') as epoch,
  ${ARM} as arm, r.run_id, r.agent, r.agent_version, r.status, case when s.failed = 0 then 1 when s.failed > 0 then 0 end as passed,
  s.lost_by, nullif(l.about, -1) as lost_at, l.note, r.tokens, r.cost_micro_usd,
  (select max(x.at) from refold_timeline x where x.run_id = r.run_id and x.type <> 'RunScored') - r.started_at as duration_ms
${OF_EVALS}
left join refold_tags t on t.run_id = e.run_id and t.name = 'task'
left join refold_tags p on p.run_id = e.run_id and p.name = 'epoch'
left join refold_scores l on l.run_id = e.run_id and l."by" = 'eval' and l.name = s.lost_by
  and l.about = (select min(m.about) from refold_scores m where m.run_id = l.run_id and m."by" = 'eval' and m.name = l.name and coalesce(m.passed, 0) = 0)`,
    filters: ofEvals,
    order: { keys: ['eval', 'case_id', 'epoch', 'arm', 'run_id'], direction: 'asc' },
  },
} as const satisfies Readonly<Record<string, ViewQuery>>
