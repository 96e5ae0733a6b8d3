import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeEvent, type StoredTexts } from '../../src/events/codec.ts'
import { runPlace, stateText } from '../../src/fold/standing.ts'
import { refoldStep } from '../../src/fold/replay.ts'
import type { RunState } from '../../src/fold/run-state.ts'
import { wallTimeMs, type Budget } from '../../src/projections/budget.ts'
import type { OpenWork } from '../../src/projections/open-work.ts'
import { outlineRow } from '../../src/projections/outline-row.ts'
import { runAfter, type RunAt } from '../../page/run/run-fold.ts'
import { standardProgram } from '../replay/standard-program.ts'

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

const asPage = (state: RunAt, at: number) => ({
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
  ...spent(state.budget, at),
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
      if (server.status === 'active') expect(asPage(page, event.meta.at), `revision ${event.revision}`).toEqual(asServer(server))
    }
    expect(server?.revision).toBeGreaterThan(3)
  })
})
