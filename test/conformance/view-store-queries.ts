import { noRecords } from '../../src/projections/view-records.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { foldViews } from '../../src/consumers/fold-views.ts'
import { streamOf } from '../../src/events/codec.ts'
import type { RunFact } from '../../src/events/run-events.ts'
import type { StoredRunEvent } from '../../src/projections/run-index.ts'
import { viewNames, viewQueries, viewSql, type ViewFilter, type ViewName, type ViewRow } from '../../src/views/view-queries.ts'
import type { ViewChanges, ViewStore } from '../../src/views/view-store.ts'
import type { ViewQuery } from '../../src/views/view-query.ts'
import { runsTable } from '../../src/views/view-tables.ts'
import {
  approvalRequested,
  completed,
  escalated,
  message,
  modelFailed,
  modelRequested,
  modelSucceeded,
  oneTurn,
  recorded,
  START,
  started,
  storedHistory,
  toolRequested,
  toolUnresolved,
  type Recorded,
} from '../unit/consumers/run-history.ts'

const HOUR = 3_600_000
const LATER = START + 10 * HOUR

const startedFor = (agent: string, tenant?: string): RunFact => {
  const fact = started() as Extract<RunFact, { type: 'RunStarted' }>
  return { ...fact, data: { ...fact.data, agent, ...(tenant === undefined ? {} : { tenant }) } }
}

const TAGGED = { tags: { customer: 'ann', 'order.id': '100%_1' }, metadata: { source: 'shop' } } as const

const tagged = (fact: RunFact): RunFact => ({ ...fact, data: { ...fact.data, ...TAGGED } }) as RunFact

const timed = (step: Recorded): Recorded =>
  step.fact.type === 'ToolCallSucceeded' ? { ...step, fact: { ...step.fact, data: { ...step.fact.data, durationMs: 40 } } } : step

const secondAttempt = (fact: RunFact): RunFact => ({ ...fact, data: { ...fact.data, attempt: 2 } }) as RunFact

/** Five runs, of which each begins an hour after the one before. */
const histories: Readonly<Record<string, readonly Recorded[]>> = {
  'run-done': [
    recorded(tagged(startedFor('order-desk', 'acme')), 'awaitingMessage'),
    ...oneTurn.slice(1).map(timed),
    recorded(completed, 'completed'),
  ],
  'run-asks': [
    recorded(startedFor('order-desk', 'globex'), 'awaitingMessage'),
    ...oneTurn.slice(1, 4),
    recorded(approvalRequested('3.0', START + 90_000), 'acting; 3.0=awaitingApproval'),
  ],
  'run-lost': [
    recorded(startedFor('clerk', 'acme'), 'awaitingMessage'),
    recorded(message('Pay it; “now”, please'), 'thinking.callingModel', 'callModel:1.model'),
    recorded(modelRequested('1.model', START + 60_000), 'thinking.callingModel'),
    recorded(modelFailed('1.model', START + 61_000), 'thinking.waiting', 'callModel:1.model'),
    recorded(modelRequested('1.model', START + 90_000, 2), 'thinking.callingModel'),
    recorded(secondAttempt(modelSucceeded('1.model', 11)), 'acting; 5.0=checking', 'checkCall:5.0'),
    recorded(toolRequested('5.0', START + 95_000), 'acting; 5.0=running'),
    recorded(toolUnresolved('5.0'), 'acting; 5.0=unresolved', 'lookUp:5.0'),
    recorded(escalated('nobody knows', '5.0'), 'acting; 5.0=unresolved'),
  ],
  'run-left': [recorded(startedFor('clerk'), 'awaitingMessage'), recorded(message('Hello?'), 'thinking.callingModel', 'callModel:1.model')],
  'run-odd': [recorded(startedFor('clerk'), 'awaitingMessage'), recorded(message('Hi'), 'thinking', 'callModel:1.model')],
}

const events = (): StoredRunEvent[] =>
  Object.entries(histories).flatMap(([runId, steps], number) =>
    storedHistory(runId, steps).map((event) => ({
      ...event,
      position: number * 1_000 + event.position,
      storedAt: number * HOUR + event.storedAt,
      meta: event.meta.replace(/"at":(\d+)/, (_, at) => `"at":${Number(at) + number * HOUR}`),
      ...(runId === 'run-odd' && event.revision === 1 ? { data: '{"text":' } : {}),
    })),
  )

export const changesOfHistories = (): ViewChanges => foldViews([], events()).changes

const scoredRun = (evalId: string, passed: boolean, position: number): StoredRunEvent[] => {
  const [begun] = storedHistory(evalId, [recorded(startedFor('clerk', 'acme'), 'awaitingMessage')])
  const tags = { eval: evalId, dataset: 'letters@1', case: 'a', task: 'a', epoch: '2' }
  const judged: RunFact = {
    type: 'RunScored',
    data: { name: 'exact', value: passed ? 1 : 0.25, passed, by: 'eval', ...(passed ? {} : { note: 'too long', revision: 0 }) },
  }
  return storedHistory(evalId, [recorded(startedFor('clerk', 'acme'), 'awaitingMessage'), recorded(judged, 'awaitingMessage')]).map(
    (event, revision) => ({
      ...event,
      position: position + revision,
      ...(revision === 0 ? { data: JSON.stringify({ ...(JSON.parse(begun?.data ?? '{}') as object), tags }) } : {}),
    }),
  )
}

/** Two evals with a run each, of which the first passes. */
const evaluated = (): ViewChanges => foldViews([], [...scoredRun('eval-1', true, 9_010), ...scoredRun('eval-2', false, 9_020)]).changes

const OF_EVALS: ReadonlySet<ViewName> = new Set<ViewName>(['scores', 'evals', 'eval-runs'])

const everything = { limit: 100 }

/** The two events that stand where a run was. */
const deletionOf = (runId: string, revision: number): readonly [StoredRunEvent, StoredRunEvent] => {
  const data = {
    by: 'ann',
    reason: 'asked for',
    agent: 'order-desk',
    agentVersion: '1',
    startedAt: START,
    status: 'completed',
    headHash: 'h',
  }
  const meta = { hash: 'h', version: 1, at: START + 5 * HOUR, agent: 'order-desk@1', chartHash: 'c', correlationId: runId, to: 'deleted' }
  const stored = (type: string, given: object, at: number): StoredRunEvent => ({
    id: `00000000-0000-4000-8000-0000000009${at}`,
    stream: streamOf(runId),
    revision: revision + at,
    position: 9_050 + at,
    storedAt: START + 5 * HOUR,
    type,
    data: JSON.stringify(given),
    meta: JSON.stringify(meta),
  })
  return [stored('DeletionRequested', data, 10), stored('RunDeleted', { events: 10, blobs: 0 }, 11)]
}

/** What every store of views answers, whatever its database. */
export const viewAnswers = (views: () => ViewStore): void => {
  const ask = async (view: ViewName, filter: Partial<ViewFilter> = {}): Promise<readonly ViewRow[]> =>
    (await views().query(view, { ...everything, ...filter }, LATER)).rows
  const runsIn = async (view: ViewName, filter: Partial<ViewFilter> = {}): Promise<unknown[]> =>
    (await ask(view, filter)).map((row) => row['run_id'])

  describe('the views', () => {
    beforeEach(async () => {
      const changes = changesOfHistories()
      await views().apply({ ...changes, since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 9_000 } })
    })

    test('of runs show what each is now, the newest event first', async () => {
      expect(await runsIn('runs')).toEqual(['run-odd', 'run-left', 'run-lost', 'run-asks', 'run-done'])
      expect(await runsIn('runs', { status: 'completed' })).toEqual(['run-done'])
      expect(await runsIn('runs', { agent: 'clerk', tenant: 'acme' })).toEqual(['run-lost'])
      expect(await runsIn('runs', { since: START + 3 * HOUR, until: START + 4 * HOUR })).toEqual(['run-left'])
      expect((await ask('runs', { run: 'run-done' }))[0]).toMatchObject({
        agent: 'order-desk',
        tenant: 'acme',
        paused: 0,
        turn: 1,
        tokens: 240,
        cost_micro_usd: 14,
        waits_for: null,
        parent_run_id: null,
        tags: '\ncustomer=ann\norder.id=100%_1\n',
        metadata: '{"source":"shop"}',
        first_text: 'Where is my order?',
        fork_of: null,
      })
      expect((await ask('runs', { run: 'run-lost' }))[0]).toMatchObject({ tags: null, metadata: null })
    })

    test('of runs show all that the table of runs holds', async () => {
      const shown = Object.keys((await ask('runs', { run: 'run-done' }))[0] ?? {})
      const held = runsTable.columns.map(({ name }) => name).filter((name) => !['search', 'row'].includes(name))
      expect(shown.toSorted()).toEqual(held.toSorted())
    })

    test('of a timeline show every event in one line, also one that cannot be read', async () => {
      const lines = await ask('timeline', { run: 'run-done' })
      expect(lines.map(({ revision }) => revision)).toEqual(Array.from({ length: 13 }, (_, revision) => revision))
      expect(lines[7]).toMatchObject({ type: 'ToolCallRequested', state: 'acting', call_id: '3.0', summary: '3.0 refund {"order":"A1"}' })
      expect((await ask('timeline', { run: 'run-odd' }))[1]).toMatchObject({
        type: 'MessageReceived',
        summary: expect.stringMatching(/^not taken in: Expected JSON/) as string,
      })
    })

    test('of a transcript show what was said', async () => {
      expect((await ask('transcript', { run: 'run-lost' })).map(({ role, text }) => [role, text])).toEqual([
        ['user', 'Pay it; “now”, please'],
        ['assistant', 'Done.'],
      ])
      expect(await ask('transcript', { status: 'user', tenant: 'globex' })).toHaveLength(1)
    })

    test('of costs add up by day, agent, model and tenant', async () => {
      const rows = await ask('costs')
      expect(rows).toHaveLength(3)
      expect(rows.map(({ day, cost_micro_usd: cost }) => [day, cost])).toEqual([
        ['2023-11-15', 11],
        ['2023-11-14', 14],
        ['2023-11-14', 7],
      ])
      expect(rows[1]).toMatchObject({ agent: 'order-desk', tenant: 'acme', calls: 2, failed: 0, input_tokens: 200, cost_micro_usd: 14 })
      expect(rows.find(({ agent }) => agent === 'clerk')).toMatchObject({ calls: 2, failed: 1, runs: 1, cost_micro_usd: 11, unpriced: 0 })
      expect(await ask('costs', { tenant: 'globex' })).toMatchObject([{ cost_micro_usd: 7, model: 'scripted/one' }])
      expect(await ask('costs', { until: START })).toEqual([])
    })

    test('of calls show attempts and outcomes', async () => {
      expect((await ask('model-calls', { run: 'run-lost' })).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
        [2, 'succeeded'],
        [1, 'failed'],
      ])
      expect(await ask('tool-calls', { status: 'unresolved' })).toMatchObject([
        { run_id: 'run-lost', tool: 'refund', attempts: 1, settled_at: null, error_message: 'its owner died' },
      ])
      expect(await ask('tool-calls', { status: 'awaitingApproval' })).toMatchObject([{ run_id: 'run-asks', tool: 'refund', attempts: 0 }])
      expect(await ask('tool-calls', { run: 'run-done' })).toMatchObject([{ state: 'succeeded', output: 'ok', input: '{"order":"A1"}' }])
    })

    test('keep one row of a deleted run, and nothing that was recorded of it before, whoever brings it and when', async () => {
      const before = changesOfHistories()
      const [request, done] = deletionOf('run-done', 20)
      const deleted = foldViews(await views().getMany(['run-done']), [request]).changes
      const since = await views().checkpoint()
      await views().apply({ ...deleted, since, checkpoint: { log: 'log-1', position: 9_100 } })
      expect((await views().due(LATER, 100)).map(({ runId }) => runId)).toContain('run-done')
      const finished = foldViews(await views().getMany(['run-done']), [done]).changes
      await views().apply({ ...finished, since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 9_200 } })
      // Another process is slower.
      await views().apply({ ...before, since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 9_200 } })
      expect(await ask('runs', { run: 'run-done' })).toMatchObject([{ status: 'deleted', last_text: null, reason: 'by ann: asked for' }])
      expect(await runsIn('runs', { status: 'deleted' })).toEqual(['run-done'])
      expect((await views().due(LATER, 100)).map(({ runId }) => runId)).not.toContain('run-done')
      expect((await ask('timeline', { run: 'run-done' })).map(({ type }) => type)).toEqual(['RunDeleted'])
      for (const view of ['transcript', 'model-calls', 'tool-calls', 'approvals', 'chart-steps', 'chart-states'] as const)
        expect(await ask(view, { run: 'run-done' })).toEqual([])
      expect(await runsIn('tool-calls')).not.toEqual([])
    })

    test('of approvals show what is open and who decided', async () => {
      expect(await ask('approvals', { status: 'open' })).toMatchObject([{ run_id: 'run-asks', decided_by: null, digest: 'd' }])
      expect(await ask('approvals', { status: 'granted' })).toMatchObject([
        { run_id: 'run-done', decided_by: 'ann', decided_at: START + 6_000 },
      ])
    })

    test('of stuck runs show each with its reason', async () => {
      const why = async (filter: Partial<ViewFilter> = {}): Promise<unknown[]> =>
        (await ask('stuck', filter)).map((row) => [row['run_id'], row['why']])
      expect(await why()).toEqual([
        ['run-lost', 'unresolved'],
        ['run-left', 'overdue'],
        ['run-odd', 'unreadable'],
      ])
      expect(await why({ waitingMs: 20 * HOUR })).toContainEqual(['run-lost', 'unresolved'])
      expect(await why({ status: 'overdue' })).toEqual([['run-left', 'overdue']])
      expect(await why({ tenant: 'acme' })).toEqual([['run-lost', 'unresolved']])
    })

    test('of charts count each step, with what it has cost and whether it was a failure', async () => {
      const steps = await ask('chart-steps', { agent: 'clerk', run: 'run-lost' })
      expect(steps.map(({ chart, from_state: from, event, to_state: to }) => [chart, from, event, to].join(' ')).toSorted()).toEqual([
        'run  RunStarted awaitingMessage',
        'run acting RunEscalated acting',
        'run acting ToolCallRequested acting',
        'run acting ToolCallUnresolved acting',
        'run awaitingMessage MessageReceived thinking.callingModel',
        'run thinking.callingModel ModelCallFailed thinking.waiting',
        'run thinking.callingModel ModelCallRequested thinking.callingModel',
        'run thinking.callingModel ModelCallSucceeded acting',
        'run thinking.waiting ModelCallRequested thinking.callingModel',
        'toolCall  ModelCallSucceeded checking',
        'toolCall checking ToolCallRequested running',
        'toolCall running ToolCallUnresolved unresolved',
        'toolCall unresolved RunEscalated unresolved',
      ])
      expect(steps.find(({ event }) => event === 'ModelCallSucceeded')).toMatchObject({ tokens: 0 })
      expect(steps.find(({ event, chart }) => event === 'ModelCallSucceeded' && chart === 'run')).toMatchObject({
        steps: 1,
        tokens: 120,
        cost_micro_usd: 11,
        failed: 0,
      })
      expect(steps.find(({ event }) => event === 'ModelCallFailed')).toMatchObject({ failed: 1, cost_micro_usd: 0 })
      const [most] = await ask('chart-steps')
      expect(most).toMatchObject({ steps: 3, runs: 2, agent: 'order-desk', event: 'ModelCallRequested' })
      expect(await ask('chart-steps', { tenant: 'globex', agent: 'clerk' })).toEqual([])
      expect(await ask('chart-steps', { agentVersion: '2' })).toEqual([])
      expect(await ask('chart-steps', { since: START + 3 * HOUR, until: START + 3 * HOUR + 1 })).toMatchObject([{ steps: 1 }])
    })

    test('of places say how long charts stand there, what people take counted apart', async () => {
      const states = await ask('chart-states', { run: 'run-done' })
      const of = (chart: string, state: string): ViewRow | undefined =>
        states.find((row) => row['chart'] === chart && row['state'] === state)
      expect(of('run', 'awaitingMessage')).toMatchObject({ visits: 2, p50_ms: 0, waits: 2, wait_p50_ms: 1024, wait_p95_ms: 1024 })
      expect(of('toolCall', 'awaitingApproval')).toMatchObject({ visits: 1, p50_ms: 0, waits: 1, wait_p50_ms: 2048 })
      expect(of('run', 'thinking.callingModel')).toMatchObject({ visits: 2, p50_ms: 2048, p95_ms: 2048, waits: 0, wait_p50_ms: null })
      expect(of('run', 'thinking.callingModel')).toMatchObject({ tokens: 240, cost_micro_usd: 14, failed: 0 })
      expect(await ask('chart-states', { tenant: 'globex', agent: 'clerk' })).toEqual([])
    })

    test('of versions count runs by how they are', async () => {
      expect(await ask('versions', { agent: 'clerk' })).toMatchObject([{ agent_version: '1', runs: 3, active: 3, cost_micro_usd: 11 }])
      expect(await ask('versions', { tenant: 'globex' })).toMatchObject([{ agent: 'order-desk', runs: 1 }])
    })

    test('of usage add up in slots of time, by what is asked for', async () => {
      expect(await ask('model-usage', { everyMs: 24 * HOUR })).toMatchObject([
        { name: 'scripted/one', calls: 3, failed: 0, cost_micro_usd: 21, p50_ms: 5, p95_ms: 5 },
        { name: 'scripted/one', calls: 2, failed: 1, cost_micro_usd: 11 },
      ])
      expect((await ask('model-usage', { by: 'tenant' })).map(({ slot_at: at, name, calls }) => [at, name, calls])).toEqual([
        [START - (START % HOUR), 'acme', 2],
        [START + HOUR - (START % HOUR), 'globex', 1],
        [START + 2 * HOUR - (START % HOUR), 'acme', 2],
      ])
      expect(await ask('model-usage', { by: 'version', agent: 'clerk' })).toMatchObject([{ name: 'clerk@1' }])
      expect(await ask('tool-usage', { by: 'all', everyMs: 24 * HOUR })).toMatchObject([
        { name: '', calls: 2, failed: 0, p50_ms: 40 },
        { name: '', calls: 1, failed: 1, p50_ms: null },
      ])
      expect(await ask('outcomes', { agent: 'order-desk' })).toMatchObject([{ name: 'order-desk', turns: 1, answered: 1, escalated: 0 }])
      expect(await ask('outcomes', { agent: 'clerk' })).toMatchObject([{ turns: 1, answered: 0, escalated: 1, failed: 0 }])
      const refusal = { name: 'AppError', code: 'InvalidInput' }
      await expect(ask('model-usage', { by: "''; drop" })).rejects.toMatchObject(refusal)
      await expect(ask('model-usage', { by: 'toString' })).rejects.toMatchObject(refusal)
      await expect(ask('costs', { by: 'model' })).rejects.toMatchObject(refusal)
      await expect(ask('costs', { everyMs: HOUR })).rejects.toMatchObject(refusal)
      await expect(ask('tool-usage', { everyMs: 0 })).rejects.toMatchObject(refusal)
      await expect(ask('runs', { agentVersion: '1' })).rejects.toMatchObject(refusal)
    })

    test.each(viewNames)('can be asked in SQL by the text of their query: %s', async (name) => {
      const filter = { ...everything, agent: 'clerk', tenant: "acme' or '1'='1", since: START }
      expect(
        (await views().sql({ sql: viewSql(name, filter, LATER), parameters: [], tenant: undefined, timeoutMs: 5_000, limit: 100 })).rows,
      ).toEqual([])
      const whole = await views().sql({
        sql: viewSql(name, everything, LATER),
        parameters: [],
        tenant: undefined,
        timeoutMs: 5_000,
        limit: 100,
      })
      expect(whole.columns.map(({ name: column }) => column)).toEqual(viewQueries[name].columns.map(({ name: column }) => column))
      expect(whole.rows).toHaveLength((await ask(name)).length)
    })

    test('of evals count what is scored and what has passed, and name the first score that a run has lost', async () => {
      await views().apply({ ...evaluated(), since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 9_100 } })
      const rows = await ask('evals')
      expect(rows.map((row) => [row['eval'], row['dataset'], row['arm'], row['runs'], row['cases'], row['scored'], row['passed']])).toEqual(
        [
          ['eval-2', 'letters@1', 'candidate', 1, 1, 1, 0],
          ['eval-1', 'letters@1', 'candidate', 1, 1, 1, 1],
        ],
      )
      expect(await ask('eval-runs', { tag: 'eval=eval-2' })).toMatchObject([
        { case_id: 'a', task: 'a', epoch: '2', passed: 0, lost_by: 'exact', lost_at: 0, note: 'too long', duration_ms: 0 },
      ])
      expect(await ask('scores', { run: 'eval-2' })).toMatchObject([{ name: 'exact', author: 'eval', value: 0.25, passed: 0, about: 0 }])
      expect(await ask('eval-runs', { tenant: 'globex' })).toEqual([])
      expect(await ask('evals', { tenant: 'globex' })).toEqual([])
    })

    test.each(viewNames)('go on page by page where they ended: %s', async (name) => {
      if (OF_EVALS.has(name))
        await views().apply({ ...evaluated(), since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 9_100 } })
      const whole = await ask(name)
      const seen: ViewRow[] = []
      let cursor: string | undefined
      do {
        const page = await views().query(name, { limit: 2, ...(cursor === undefined ? {} : { cursor }) }, LATER)
        seen.push(...page.rows)
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      expect(seen).toEqual(whole)
      expect(whole.length).toBeGreaterThan(1)
      const { columns }: ViewQuery = viewQueries[name]
      for (const row of whole) expect(Object.keys(row)).toEqual(columns.map((column) => column.name))
    })

    test('refuse what they do not know', async () => {
      const refusal = { name: 'AppError', code: 'InvalidInput' }
      await expect(ask('costs', { status: 'open' })).rejects.toMatchObject(refusal)
      await expect(ask('runs', { status: 'open' })).rejects.toMatchObject(refusal)
      await expect(ask('runs', { waitingMs: 1 })).rejects.toMatchObject(refusal)
      await expect(ask('runs', { limit: 0 })).rejects.toMatchObject(refusal)
      await expect(ask('runs', { cursor: 'nonsense' })).rejects.toMatchObject(refusal)
      const { next } = await views().query('timeline', { limit: 1 }, LATER)
      await expect(ask('transcript', { cursor: next! })).rejects.toMatchObject(refusal)
    })

    test('have their sizes, and none when they are cleared', async () => {
      expect(await views().sizes()).toEqual({
        refold_runs: 5,
        refold_timeline: 31,
        refold_messages: 8,
        refold_model_calls: 5,
        refold_tool_calls: 3,
        refold_approvals: 2,
        refold_tags: 2,
        refold_steps: 41,
        refold_scores: 0,
      })
      await views().clear()
      for (const name of viewNames) expect(await ask(name), name).toEqual([])
    })
  })

  test('a record is replaced by one of a higher revision and never by one of a lower', async () => {
    const { rows, records } = changesOfHistories()
    const write = async (state: 'running' | 'failed' | 'abandoned', revision: number): Promise<unknown> => {
      const toolCalls = records.toolCalls.map((record) => ({ ...record, state, revision }))
      await views().apply({
        rows,
        records: { ...records, toolCalls },
        since: await views().checkpoint(),
        checkpoint: { log: 'log-1', position: 9_000 },
      })
      return (await ask('tool-calls', { run: 'run-done' }))[0]?.['state']
    }
    expect(await write('failed', 20)).toBe('failed')
    expect(await write('running', 19)).toBe('failed')
    expect(await write('abandoned', 21)).toBe('abandoned')
  })

  test('a score is kept to the last digit, and the newest of one name and author takes the place of the others', async () => {
    const score = {
      runId: 'run-done',
      name: 'tone',
      by: 'ann',
      value: 0.1 + 0.2,
      passed: 0,
      note: null,
      about: 3,
      at: 5,
      revision: 30,
    } as const
    const write = async (scores: readonly (typeof score | { readonly value: number; readonly revision: number })[]) => {
      const records = { ...noRecords, scores: scores.map((each) => ({ ...score, ...each })) }
      await views().apply({ rows: [], records, since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 9_000 } })
      const sql = 'select name, by, value, passed, about from refold_scores'
      return (await views().sql({ sql, parameters: [], tenant: undefined, timeoutMs: 5_000, limit: 10 })).rows
    }
    expect(await write([score])).toEqual([['tone', 'ann', 0.1 + 0.2, 0, 3]])
    expect(await write([{ value: -1e300, revision: 31 }])).toEqual([['tone', 'ann', -1e300, 0, 3]])
    expect(await write([score])).toEqual([['tone', 'ann', -1e300, 0, 3]])
  })

  test('a text that a database cannot keep is kept as near as it can', async () => {
    const odd: readonly Recorded[] = [recorded(started(), 'awaitingMessage'), recorded(message('a\0b\uD800c'), 'thinking')]
    const { changes } = foldViews([], storedHistory('run-nul', odd))
    await views().apply({ ...changes, since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 20 } })
    expect((await ask('transcript'))[0]).toMatchObject({ text: 'a\uFFFDb\uFFFDc' })
    expect(await views().get('run-nul')).toMatchObject({ lastText: 'a\uFFFDb\uFFFDc' })
    const place = recorded(message('Hi'), 'a\0place')
    const odder = foldViews([], storedHistory('run-place', [odd[0]!, place])).changes
    await views().apply({ ...odder, since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 30 } })
    expect(await views().get('run-place')).toMatchObject({ revision: 1, state: 'a\0place' })
  })

  test('are paused and resumed, and a rebuild changes nothing about that', async () => {
    expect(await views().pausedSince()).toBeUndefined()
    await views().setPaused(5)
    const shadow = await views().beginRebuild()
    await shadow.put(changesOfHistories())
    await shadow.finish({ checkpoint: { log: 'log-1', position: 9_000 } })
    expect(await views().pausedSince()).toBe(5)
    expect(await views().checkpoint()).toEqual({ log: 'log-1', position: 9_000 })
    expect(await runsIn('approvals')).toEqual(['run-asks', 'run-done'])
    await views().setPaused(undefined)
    expect(await views().pausedSince()).toBeUndefined()
  })

  test('a rebuild ends the one that was begun before', async () => {
    const first = await views().beginRebuild()
    const second = await views().beginRebuild()
    await expect(first.put(changesOfHistories())).rejects.toMatchObject({ code: 'NotPossible' })
    await expect(first.finish({ checkpoint: undefined })).rejects.toMatchObject({ code: 'NotPossible' })
    await first.discard()
    await second.put(changesOfHistories())
    await second.finish({ checkpoint: undefined })
    expect(await runsIn('runs')).toHaveLength(5)
  })
}
