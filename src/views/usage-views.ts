import { between, count, duration, money, ofRun, text, time, type ViewQuery } from './view-query.ts'

// What happens over time, in slots of one length, by what is asked for: the names with most of it. What a fork has copied, or was answered by the
// record of its origin, has happened once and counts once.

const HOUR_MS = 3_600_000
const MOST_NAMES = 10

const ofAgents = {
  agent: 'r.agent',
  version: "r.agent || '@' || r.agent_version",
  tenant: "coalesce(r.tenant, '')",
  all: "''",
} as const

/** What is found, in slots and by name: `all` is what it counts, and there are more columns. */
const busiest = (all: string, more: string): string => `select z.* from (
  select y.*, dense_rank() over (order by of_all desc, name) as rank_of_name from (
    select x.*, sum(${all}) over (partition by name) as of_all from (
      select slot_at, name, count(*) as ${all}, ${more}
      from ({rows}) c
      group by slot_at, name
    ) x
  ) y
) z where rank_of_name <= ${MOST_NAMES}`

/** Of durations that are numbered within their slot and name, the shortest first; those that are not known come last. */
const PERCENTILES = `max(case when place = (timed + 1) / 2 then duration_ms end) as p50_ms,
        max(case when place = (timed * 95 + 99) / 100 then duration_ms end) as p95_ms`

const numbered = (
  slot: string,
): string => `row_number() over (partition by ${slot}, {by} order by c.duration_ms is null, c.duration_ms) as place,
  count(c.duration_ms) over (partition by ${slot}, {by}) as timed`

const slotOf = (column: string): string => `${column} - ${column} % {every}`

export const usageViews = {
  'model-usage': {
    about:
      'What models are asked for over time: attempts, failures, tokens, cost and how long they take, for the ten names with most of it.',
    columns: [
      time('slot_at'),
      text('name'),
      count('calls'),
      count('failed'),
      count('input_tokens'),
      count('output_tokens'),
      money('cost_micro_usd'),
      duration('p50_ms', 'nullable'),
      duration('p95_ms', 'nullable'),
    ],
    by: { model: 'c.model', ...ofAgents },
    everyMs: HOUR_MS,
    from: `select ${slotOf('c.requested_at')} as slot_at, {by} as name, c.outcome, c.input_tokens, c.output_tokens, c.cost_micro_usd, c.duration_ms,
  ${numbered(slotOf('c.requested_at'))}
from refold_model_calls c join refold_runs r on r.run_id = c.run_id and (c.source is null or c.source = 'live')`,
    around: busiest(
      'calls',
      `sum(case when outcome = 'failed' then 1 else 0 end) as failed,
        sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens, sum(coalesce(cost_micro_usd, 0)) as cost_micro_usd,
        ${PERCENTILES}`,
    ),
    filters: { ...ofRun, agentVersion: 'r.agent_version = ?', ...between('c.requested_at') },
    order: { keys: ['slot_at', 'name'], direction: 'asc' },
  },
  'tool-usage': {
    about: 'What tools are called for over time: calls, failures, refusals and how long they take, for the ten names with most of it.',
    columns: [
      time('slot_at'),
      text('name'),
      count('calls'),
      count('failed'),
      count('rejected'),
      count('denied'),
      duration('p50_ms', 'nullable'),
      duration('p95_ms', 'nullable'),
    ],
    by: { tool: "coalesce(c.tool, '')", ...ofAgents },
    everyMs: HOUR_MS,
    from: `select ${slotOf('c.asked_at')} as slot_at, {by} as name, c.state, c.duration_ms,
  ${numbered(slotOf('c.asked_at'))}
from refold_tool_calls c join refold_runs r on r.run_id = c.run_id and (c.source is null or c.source = 'real')`,
    around: busiest(
      'calls',
      `sum(case when state in ('failed', 'unresolved') then 1 else 0 end) as failed,
        sum(case when state = 'rejected' then 1 else 0 end) as rejected, sum(case when state = 'denied' then 1 else 0 end) as denied,
        ${PERCENTILES}`,
    ),
    filters: { ...ofRun, agentVersion: 'r.agent_version = ?', ...between('c.asked_at') },
    order: { keys: ['slot_at', 'name'], direction: 'asc' },
  },
  outcomes: {
    about:
      'How turns end over time: answered, handed over to a person, or with the failure of the run; without forks, for the ten names with most of it.',
    columns: [time('slot_at'), text('name'), count('turns'), count('answered'), count('escalated'), count('failed')],
    by: ofAgents,
    everyMs: HOUR_MS,
    from: `select ${slotOf('c.at')} as slot_at, {by} as name, c.event
from (select * from refold_steps where call_id = '' and event in ('TurnCompleted', 'RunEscalated', 'RunFailed')) c
join refold_runs r on r.run_id = c.run_id`,
    around: busiest(
      'turns',
      `sum(case when event = 'TurnCompleted' then 1 else 0 end) as answered,
        sum(case when event = 'RunEscalated' then 1 else 0 end) as escalated, sum(case when event = 'RunFailed' then 1 else 0 end) as failed`,
    ),
    filters: { ...ofRun, agentVersion: 'c.agent_version = ?', ...between('c.at') },
    order: { keys: ['slot_at', 'name'], direction: 'asc' },
  },
} as const satisfies Readonly<Record<string, ViewQuery>>
