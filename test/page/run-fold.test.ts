import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { noSources } from '../../src/events/fork.ts'
import { decodeEvent, type StoredTexts } from '../../src/events/codec.ts'
import { runPlace, stateText } from '../../src/fold/standing.ts'
import { step } from '../../src/fold/fold.ts'
import { refoldStep } from '../../src/fold/replay.ts'
import type { RunState } from '../../src/fold/run-state.ts'
import { viewOf } from '../../src/fold/run-view.ts'
import { wallTimeMs, type Budget } from '../../src/projections/budget.ts'
import type { OpenWork } from '../../src/projections/open-work.ts'
import { outlineRow } from '../../src/projections/outline-row.ts'
import { edgesOfStep } from '../../page/charts/ways.ts'
import { activeStates } from '../../page/run/place.ts'
import { firstDifference } from '../../page/run/server-check.ts'
import { NEWEST_CALLS, runAfter, type RunAt } from '../../page/run/run-fold.ts'
import { chartGraph } from '../../src/statechart/graph.ts'
import { edgeLabel } from '../../src/statechart/labels.ts'
import { takenEdges } from '../../src/statechart/taken-edges.ts'
import { simulateSeed } from '../../simulation/simulate.ts'
import { standardProgram } from '../replay/standard-program.ts'
import { by, forkable, outside, played, throughPeople } from '../support/forks.ts'
import { scenarios } from '../support/scenarios.ts'
import { eventsOf } from '../support/world.ts'

const folder = join(import.meta.dirname, '../replay/histories')
const histories = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ndjson'))

const eventsIn = (file: string): readonly StoredTexts[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as StoredTexts]))

/** What a page says of a run, from either of the two folds. */
const spent = (budget: Budget, at: number) => {
  const { turn, iterations, toolCalls, tokens, costMicroUsd, childRuns, limits } = budget
  return { turn, iterations, toolCalls, tokens, costMicroUsd, childRuns, limits, wallTimeMs: wallTimeMs(budget, at) }
}

/** Who holds it, while somebody does. */
const workOf = (work: ReadonlyMap<string, OpenWork>) =>
  Object.fromEntries(
    [...work].map(([key, { status, intent, owner, leaseUntil }]) => [
      key,
      status === 'claimed' ? { status, intent, owner, leaseUntil } : { status, intent },
    ]),
  )

const asServer = (state: RunState) => ({
  place: runPlace(state),
  calls: Object.fromEntries([...state.calls].map(([callId, call]) => [callId, { tool: call.tool, place: stateText(call.snapshot) }])),
  work: workOf(state.owed),
  // One that its chart has armed is a timer once that is recorded.
  timers: [...state.timers.values()].flatMap(({ timerId, dueAt }) => (dueAt === undefined ? [] : [timerId])).sort(),
  approvals: [...state.approvals.keys()].sort(),
  isPaused: state.paused,
  ...spent(state.budget, state.at),
})

const asPage = (state: RunAt) => ({
  place: state.place,
  calls: Object.fromEntries(
    [...state.callPlaces].flatMap(([callId, place]) =>
      place === 'over' ? [] : [[callId, { tool: state.calls.get(callId)?.tool, place }]],
    ),
  ),
  work: workOf(state.work),
  timers: Object.keys(state.timers).sort(),
  approvals: Object.entries(state.asked)
    .flatMap(([callId, whom]) => (whom === 'approval' ? [callId] : []))
    .sort(),
  isPaused: state.isPaused,
  ...spent(state.budget, state.at),
})

/** Which tool a chart of its own calls, an outline says once the call is claimed. */
const namedBy = <Shown extends { readonly calls: Readonly<Record<string, object>> }>({ calls }: RunAt, shown: Shown) => ({
  ...shown,
  calls: Object.fromEntries(
    Object.entries(shown.calls).map(([callId, call]) => [callId, calls.get(callId)?.tool === null ? { ...call, tool: null } : call]),
  ),
})

/** What the page says of the calls at hand, found by going through all of them. */
const callsAtHand = (before: RunAt | undefined, { callPlaces, calls }: RunAt) => ({
  newest: [...calls.keys()].slice(-NEWEST_CALLS),
  moved: [...callPlaces].filter(([callId, place]) => before?.callPlaces.get(callId) !== place).map(([callId]) => callId),
})

describe('the page', () => {
  test.for(histories)('folds outlines to what the server folds events to, at every revision: %s', (file) => {
    let server: RunState | undefined
    let page: RunAt | undefined
    for (const texts of eventsIn(file)) {
      const event = decodeEvent(texts, new Map())
      const step = refoldStep(standardProgram, server, { event, texts })
      if (!step.ok) throw new Error('Expected a history that this version explains')
      server = step.state
      page = runAfter(
        page,
        outlineRow(event, () => undefined),
        event.runId,
      )
      if (server.status === 'active') expect(asPage(page), `revision ${event.revision}`).toEqual(asServer(server))
      expect(firstDifference(page, viewOf(standardProgram, server)), `revision ${event.revision} ${event.type}`).toBeUndefined()
    }
    expect(server?.revision).toBeGreaterThan(3)
  })
  test.each(Object.entries(scenarios))('folds forks, too: of a run with %s', async (_, scenario) => {
    const { world, origin, events } = await played(outside(), scenario)
    const { program } = world.refold.agents.newest(scenario.agent)
    for (const at of forkable(events)) {
      const fork = await origin.fork({ at, by, runId: `fork-${at}`, modelCalls: 0 })
      await throughPeople(world, fork)
      let server: RunState | undefined
      let page: RunAt | undefined
      for (const event of await eventsOf(world, fork.id)) {
        server = step(program, server, event).state
        page = runAfter(
          page,
          outlineRow(event, () => undefined),
          fork.id,
        )
        const where = `fork at ${at}, revision ${event.revision}, ${event.type}`
        if (server.status === 'active') expect(namedBy(page, asPage(page)), where).toEqual(namedBy(page, asServer(server)))
        expect(firstDifference(page, viewOf(program, server)), where).toBeUndefined()
        expect(page.fork, where).toEqual({ runId: 'origin', revision: at, counts: server.fork?.own?.counts ?? noSources, real: [] })
      }
      expect([...(page?.calls.values() ?? [])].filter(({ state, source }) => state === 'succeeded' && source === null)).toEqual([])
    }
  })

  const SEEDS = 30
  test(`does so in ${SEEDS} seeds of a cluster in which anything fails`, { timeout: 120_000 }, async () => {
    let compared = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { runs } = await simulateSeed(seed)
      for (const { runId, events, states } of runs) {
        let page: RunAt | undefined
        for (const event of events) {
          const before = page
          page = runAfter(
            page,
            outlineRow(event, () => undefined),
            runId,
          )
          const atHand = { newest: page.newestCalls, moved: page.movedCalls }
          if (!isDeepStrictEqual(atHand, callsAtHand(before, page)))
            expect(atHand, `${runId} ${event.revision}`).toEqual(callsAtHand(before, page))
          const server = states[event.revision]
          const where = `seed ${seed}, ${runId}, revision ${event.revision}, ${event.type}`
          if (server !== undefined && event.revision % 5 === 0)
            expect(firstDifference(page, viewOf(standardProgram, server)), where).toBeUndefined()
          if (server?.status !== 'active') continue
          const [seen, meant] = [namedBy(page, asPage(page)), namedBy(page, asServer(server))]
          if (!isDeepStrictEqual(seen, meant)) expect(seen, where).toEqual(meant)
          compared += 1
        }
      }
    }
    expect(compared).toBeGreaterThan(1_000)
  })
})

/** With the steps of the chart of the run, as it has told them itself. */
const toldSteps = () => {
  const { run } = standardProgram
  const edgesOf = takenEdges(run)
  let taken: readonly string[] = []
  const told: typeof run = {
    ...run,
    step: (snapshot, event) => {
      taken = edgesOf(snapshot, event)
      return run.step(snapshot, event)
    },
  }
  return {
    program: { ...standardProgram, run: told },
    taken: () => {
      const seen = taken
      taken = []
      return seen
    },
  }
}

describe('the numbers of a chart', () => {
  const { nodes, edges, ...rest } = chartGraph(standardProgram.run.machine)
  const graph = { ...rest, nodes, edges: edges.map((edge) => ({ ...edge, label: edgeLabel(edge) })) }

  test('say of an edge that it was taken only where the chart has taken it, and of none that it was not where it was', () => {
    const told = toldSteps()
    const seen = new Set<string>()
    for (const file of histories) {
      let state: RunState | undefined
      for (const texts of eventsIn(file)) {
        const before = state === undefined ? '' : runPlace(state)
        const event = decodeEvent(texts, new Map())
        state = step(told.program, state, event).state
        const taken = new Set(told.taken())
        const [from, to] = [activeStates(graph, before), activeStates(graph, runPlace(state))]
        const { sure, maybe } = edgesOfStep(graph, event.type, { before: from, after: to })
        const where = `${file} ${event.revision} ${event.type} ${before} > ${runPlace(state)}`
        if (event.type !== 'TimerFired')
          expect(
            [...taken].filter((id) => !sure.has(id) && !maybe.has(id)),
            where,
          ).toEqual([])
        if (taken.size > 0)
          expect(
            [...sure].filter((id) => !taken.has(id)),
            where,
          ).toEqual([])
        for (const id of taken) seen.add(id)
      }
    }
    expect(seen.size).toBeGreaterThan(15)
  }, 60_000)
})
