import { describe, expect, test } from 'vitest'
import { noSources } from '../../src/events/fork.ts'
import type { RunRow } from '../../src/projections/run-index.ts'
import type { RunSearch } from '../../src/views/run-search.ts'
import type { ViewStore } from '../../src/views/view-store.ts'
import { changesOfHistories } from './view-store-queries.ts'

type NewRow = (runId: string, position: number, change?: Partial<RunRow>) => RunRow
type Fill = (...rows: RunRow[]) => Promise<void>

const NOW = 1_000_000_000_000

/** What people look for, which every view store has to find alike. */
export const searches = (views: () => ViewStore, fill: Fill, newRow: NewRow): void => {
  const found = async (search: Partial<RunSearch>): Promise<readonly string[]> =>
    (await views().find({ limit: 100, ...search }, NOW)).runs.map(({ row }) => row.runId)

  describe('a search', () => {
    test('finds what every word fits, in whatever case, to the letter', async () => {
      await fill(
        newRow('order-1', 10, { firstText: 'My KETTLE is 100%_broken', lastText: 'Grüße 😀' }),
        newRow('order-2', 20, { firstText: 'ÄRGER', reason: 'The bank said “no”', tags: { customer: 'ann' } }),
        newRow('other', 30, { tags: { customer: 'Ann', place: 'a:b' }, agent: 'clerk', agentVersion: '7' }),
      )
      const cases: readonly [words: string, runs: readonly string[]][] = [
        ['', ['other', 'order-2', 'order-1']],
        // Their agent is `order-desk`.
        ['order', ['order-2', 'order-1']],
        ['order-desk@1', ['order-2', 'order-1']],
        ['order-2', ['order-2']],
        ['kettle', ['order-1']],
        ['kettle 100%_', ['order-1']],
        ['100%', ['order-1']],
        ['100_', []],
        ['%', ['order-1']],
        // Said last in all of them.
        ['GRÜßE 😀', ['other', 'order-2', 'order-1']],
        ['GRÜSSE', []],
        ['ärger', ['order-2']],
        ['“no”', ['order-2']],
        ['"bank said"', ['order-2']],
        ['"said bank"', []],
        ['customer:ann', ['order-2']],
        ['place:a:b', ['other']],
        ['agent:clerk', ['other']],
        ['agent:clerk version:7', ['other']],
        ['agent:clerk version:8', []],
        ['id:order-', ['order-2', 'order-1']],
        ['id:rder', []],
        ['https://example.com', []],
        ["'; drop table refold_runs; --", []],
        ['?', []],
        ['$1', []],
      ]
      for (const [words, runs] of cases) expect(await found({ words }), words).toEqual(runs)
    })

    test('finds runs by where they have been and by the steps that they have taken', async () => {
      await views().apply({ ...changesOfHistories(), since: await views().checkpoint(), checkpoint: { log: 'log-1', position: 9_000 } })
      const cases: readonly [words: string, runs: readonly string[]][] = [
        ['visited:thinking.waiting', ['run-lost']],
        ['visited:thinking', ['run-left', 'run-lost', 'run-asks', 'run-done']],
        ['visited:think', []],
        ['took:thinking.callingModel>ModelCallFailed>thinking.waiting', ['run-lost']],
        ['took:>ModelCallSucceeded>checking', ['run-lost', 'run-asks', 'run-done']],
        ['took:thinking.callingModel>ModelCallFailed', []],
      ]
      for (const [words, runs] of cases) expect(await found({ words }), words).toEqual(runs)
    })

    test('fits amounts, places, times and what a run waits for', async () => {
      await fill(
        newRow('a', 10, { costMicroUsd: 100_000, tokens: 5, state: 'thinking.callingModel', updatedAt: 100, owed: { '1.0': 0 } }),
        newRow('b', 20, { costMicroUsd: 100_001, tokens: 6, state: 'thinking', updatedAt: 200, timers: { x: 5 } }),
        newRow('c', 30, { costMicroUsd: 2_000_000, tokens: 7, state: 'thinkingHard(a.x|b.y)', updatedAt: 300, paused: true }),
        newRow('d', 40, { status: 'failed', state: 'thinkingHard', updatedAt: 400, tenant: 'acme' }),
        newRow('e', 50, {
          state: 'acting',
          waitsFor: 'approval',
          paused: true,
          waitsSince: 5,
          owed: { '1.0': 0 },
          children: { '1.0': { whom: null } },
        }),
        newRow('f', 60, { state: 'acting', owed: { '1.0': 0 }, children: { '1.0': { whom: null } } }),
        newRow('g', 70, { state: 'acting', owed: { '1.0': 0, '1.1': 9 }, children: { '1.0': { whom: null } } }),
        newRow('h', 80, {
          state: 'acting',
          waitsFor: 'message',
          waitsSince: 7,
          timers: { x: 5 },
          fork: { runId: 'a', revision: 3, counts: noSources, real: [] },
          takenOver: { by: 'ann', at: 7 },
        }),
      )
      const cases: readonly [search: Partial<RunSearch>, runs: readonly string[]][] = [
        [{ words: 'cost>0.1' }, ['c', 'b']],
        [{ words: 'cost>=0.1 cost<2' }, ['b', 'a']],
        [{ minCostMicroUsd: 100_001 }, ['c', 'b']],
        [{ words: 'tokens=6' }, ['b']],
        [{ words: 'cost>much' }, []],
        [{ state: 'thinking' }, ['b', 'a']],
        [{ state: 'thinking.callingModel' }, ['a']],
        [{ state: 'think' }, []],
        [{ state: 'thinkingHard' }, ['d', 'c']],
        [{ words: 'state:thinkingHard status:active' }, ['c']],
        [{ since: 200, until: 400 }, ['c', 'b']],
        [{ standing: 'timer' }, ['b']],
        [{ standing: 'paused' }, ['c']],
        [{ standing: 'approval' }, ['e']],
        [{ standing: 'child' }, ['f']],
        [{ standing: 'work' }, ['g', 'a']],
        [{ words: 'waits:message' }, ['h']],
        [{ words: 'fork:a' }, ['h']],
        [{ words: 'fork:h' }, []],
        [{ words: 'taken:ann' }, ['h']],
        [{ words: 'taken:bob' }, []],
        [{ standing: 'over' }, ['d']],
        [{ tenant: 'acme' }, ['d']],
        [{ words: 'tenant:globex' }, []],
      ]
      for (const [search, runs] of cases) expect(await found(search), JSON.stringify(search)).toEqual(runs)
    })

    test('finds runs by a tool that they have asked for, and says what of them is stuck', async () => {
      await views().apply({ ...changesOfHistories(), since: undefined, checkpoint: { log: 'log-1', position: 9_999 } })
      expect(await found({ words: 'tool:look_up' })).toEqual(await found({ tool: 'look_up' }))
      const { rows } = await views().query('tool-calls', { limit: 100 }, NOW * 2)
      for (const tool of new Set(rows.map((row) => String(row['tool'])))) {
        const users = rows.filter((row) => row['tool'] === tool).map((row) => row['run_id'])
        expect([...(await found({ tool }))].sort(), tool).toEqual([...new Set(users)].sort())
      }
      const later = NOW * 2
      const stuck = await views().query('stuck', { limit: 100 }, later)
      expect(stuck.rows.length).toBeGreaterThan(1)
      const all = await views().find({ limit: 100 }, later)
      const reasons = (runs: typeof all.runs) =>
        Object.fromEntries(runs.flatMap((run) => (run.stuck === null ? [] : [[run.row.runId, run.stuck]])))
      expect(reasons(all.runs)).toEqual(Object.fromEntries(stuck.rows.map((row) => [row['run_id'], row['why']])))
      expect(reasons((await views().find({ stuck: 'any', limit: 100 }, later)).runs)).toEqual(reasons(all.runs))
      for (const why of ['overdue', 'unresolved', 'escalated', 'unreadable'] as const) {
        const only = await views().find({ stuck: why, limit: 100 }, later)
        expect(only.runs.map((run) => run.stuck)).toEqual(stuck.rows.filter((row) => row['why'] === why).map(() => why))
        expect((await views().count({}, later)).stuck[why]).toBe(only.runs.length)
      }
    })

    test.each(['newest', 'started', 'cost', 'tokens', 'waiting'] as const)(
      'goes on page by page, also among equals, in the order %s',
      async (order) => {
        await fill(
          ...Array.from({ length: 23 }, (_, number) =>
            newRow(`run-${(number * 7) % 23}`, 10 + number, {
              startedAt: number % 3,
              costMicroUsd: number % 4,
              tokens: number % 2,
              waitsSince: number % 5 === 0 ? null : number % 5,
            }),
          ),
        )
        const whole = await found({ order })
        // Five of them wait for nobody.
        expect(new Set(whole).size).toBe(order === 'waiting' ? 18 : 23)
        const paged: string[] = []
        let cursor: string | null = null
        do {
          const page: { runs: readonly { row: RunRow }[]; next: string | null } = await views().find(
            { order, limit: 4, ...(cursor === null ? {} : { cursor }) },
            NOW,
          )
          paged.push(...page.runs.map(({ row }) => row.runId))
          cursor = page.next
        } while (cursor !== null)
        expect(paged).toEqual(whole)
      },
    )

    test.each([
      '',
      'x',
      'WzFd',
      Buffer.from('["newest",1.5,"a"]').toString('base64url'),
      Buffer.from('["newest",1,"a\\u0000"]').toString('base64url'),
    ])('refuses a cursor that is none: %s', async (cursor) => {
      await expect(views().find({ limit: 2, cursor }, NOW)).rejects.toMatchObject({ code: 'InvalidInput' })
    })

    test('refuses what no store can compare', async () => {
      for (const odd of [
        { words: '\u0000' },
        { agent: '\ud800' },
        { tool: '' },
        { limit: 0 },
        { tag: 'customer' },
        { words: 'x'.repeat(1_001) },
      ])
        await expect(views().find({ limit: 2, ...odd }, NOW)).rejects.toMatchObject({ code: 'InvalidInput' })
    })
  })

  describe('the counts of runs', () => {
    test('are by status and by what they wait for, of those that fit', async () => {
      await fill(
        newRow('a', 10, { owed: { '1.0': 0 } }),
        newRow('b', 20, { status: 'failed' }),
        newRow('c', 30, { waitsFor: 'approval', waitsSince: 5, tenant: 'acme' }),
        newRow('d', 40, { waitsFor: 'human', waitsSince: 5, tenant: 'acme' }),
      )
      expect(await views().count({}, NOW)).toMatchObject({
        all: 4,
        status: { active: 3, completed: 0, failed: 1, cancelled: 0, deleted: 0 },
        standing: { work: 1, approval: 1, human: 1, over: 1, message: 0 },
        stuck: { escalated: 1, overdue: 0 },
      })
      expect(await views().count({ tenant: 'acme', words: 'id:c' }, NOW)).toMatchObject({
        all: 1,
        status: { active: 1 },
        standing: { approval: 1 },
      })
    })
  })

  describe('changed runs', () => {
    test('are those behind a position, the oldest first', async () => {
      await fill(newRow('a', 10, { tenant: 'acme' }), newRow('b', 20), newRow('c', 30, { tenant: 'acme' }))
      const changed = async (after: number, limit = 9, tenant?: string) =>
        (await views().changed({ after, limit, tenant }, NOW)).map(({ row }) => row.runId)
      expect(await changed(0)).toEqual(['a', 'b', 'c'])
      expect(await changed(10, 1)).toEqual(['b'])
      expect(await changed(0, 9, 'acme')).toEqual(['a', 'c'])
      expect(await changed(30)).toEqual([])
      await fill(newRow('a', 40, { revision: 1, tenant: 'acme' }))
      expect(await changed(20)).toEqual(['c', 'a'])
    })
  })
}
