import { describe, expect, test } from 'vitest'
import { simulateSeed } from '../../simulation/simulate.ts'
import { sumOf } from '../../simulation/tally.ts'

const FIRST_SEED = 1
const SEEDS_A_TEST = 100
const blocks = Array.from({ length: 10 }, (_, index) => FIRST_SEED + index * SEEDS_A_TEST)

/** The first seed of a block that breaks a promise, with its story. */
const firstFailure = async (from: number): Promise<string | undefined> => {
  for (let seed = from; seed < from + SEEDS_A_TEST; seed++) {
    const { problems } = await simulateSeed(seed)
    if (problems.length === 0) continue
    const { story } = await simulateSeed(seed, { story: true })
    return [...story, `seed ${seed}:`, ...problems].join('\n')
  }
  return undefined
}

describe('three processes on one log, of which anything may fail', () => {
  test.for(blocks)('keep every promise in the hundred seeds from %i on', { timeout: 60_000 }, async (from) => {
    expect(await firstFailure(from)).toBeUndefined()
  })

  test('play one seed to the same history twice, byte for byte', async () => {
    for (const seed of [7, 16, 825]) {
      const [first, second] = [await simulateSeed(seed), await simulateSeed(seed, { story: true })]
      expect(second.history).toEqual(first.history)
      expect(second.story.length).toBeGreaterThan(first.history.length)
    }
  })

  test('do meet what they are there for', { timeout: 60_000 }, async () => {
    const reports = []
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 100; seed++) reports.push(await simulateSeed(seed, { story: true }))
    const told = reports.flatMap(({ story }) => story)
    const met = (what: RegExp): number => told.filter((line) => what.test(line)).length
    const counts = sumOf(reports.map((report) => report.counts))
    const found = {
      crashes: counts.crashes > 50,
      closings: counts.closings > 3,
      lostAcknowledgements: counts.lostAcknowledgements > 20,
      lateAcknowledgements: counts.lateAcknowledgements > 20,
      brokenReads: counts.brokenReads > 2,
      lostAppends: counts.lostAppends + counts.lateAppends > 30,
      repeatedAppends: met(/appendRetried/) > 50,
      droppedResults: met(/resultDropped/) > 5,
      unresolvedCalls: met(/ToolCallUnresolved/) > 10,
      lookUpsThatFoundNothing: met(/the look-up of \w+ is nothing/) > 1,
      takenOverModelCalls: met(/ModelCallRequested callId=\S+ attempt=2/) > 5,
      expiredApprovals: met(/ToolCallDenied .*nobody answered in time/) > 1,
      deniedQuestions: met(/ApprovalDenied .*nobody answered in time/) > 0,
      childRuns: met(/\.child-1@0 RunStarted/) > 3,
      limits: met(/LimitExceeded/) > 5,
      pauses: met(/RunPaused/) > 5,
      otherCode: Math.min(counts.changedCode, counts.oldCode, counts.brokenProjections, counts.brokenCharts) > 3,
      noticedChanges: counts.noticedChanges > 3,
      moves: counts.moves > 2,
      refusedMoves: counts.refusedMoves > 3,
      repeatedActs: counts.repeatedActs > 1,
      changedArguments: counts.changedArguments > 2,
      takenOver: counts.takenOver > 2,
      takenOverAtWork: counts.takenOverAtWork > 2,
      releases: counts.releases > 0,
    }
    expect(Object.entries(found).filter(([, isMet]) => !isMet)).toEqual([])
  })
})
