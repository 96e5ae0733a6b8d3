import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeEvent, runIdOf, type StoredTexts } from '../../../src/events/codec.ts'
import { step } from '../../../src/fold/fold.ts'
import type { Program, RunState } from '../../../src/fold/run-state.ts'
import { takeInEvent, type RunRow, type StoredRunEvent } from '../../../src/projections/run-index.ts'
import { newestRecords } from '../../../src/views/newest-records.ts'
import { simulateSeed } from '../../../simulation/simulate.ts'
import { standardProgram } from '../../replay/standard-program.ts'
import { expectAgreement, expectConversation } from '../../support/view-agreement.ts'

/** One agent of the simulation has a chart of its own, which is not folded here. */
const OWN_CHART = '"agent":"trip"'

const histories = join(import.meta.dirname, '../../replay/histories')
const files = readdirSync(histories, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ndjson'))

const storedIn = (file: string): StoredRunEvent[] =>
  readFileSync(join(histories, file), 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as StoredTexts]))
    .map((texts) => ({ ...texts, position: texts.revision + 1, storedAt: 0 }))

/** After every event, not only at the end. */
const agreesThroughout = (program: Program, events: readonly StoredRunEvent[]): void => {
  let state: RunState | undefined
  let row: RunRow | undefined
  const newest = newestRecords()
  for (const stored of events) {
    state = step(program, state, decodeEvent(stored, new Map())).state
    const taken = takeInEvent(row, stored)
    row = taken.row
    newest.add(taken.records)
    expectAgreement(state, row, newest.all())
    expectConversation(state, newest.all())
  }
}

describe('the views of a run', () => {
  test.for(files)('say what the fold of its charts says, at every event of every release: %s', (file) => {
    agreesThroughout(standardProgram, storedIn(file))
  })

  test('say what the fold of its charts says, at every event of a failing cluster', async () => {
    let runs = 0
    for (let seed = 1; seed <= 30; seed++) {
      const { history } = await simulateSeed(seed)
      for (const [stream, events] of Map.groupBy(history, (event) => event.stream)) {
        if (events[0]?.data.includes(OWN_CHART) !== false || events.some(({ meta }) => meta.includes('"blobs":'))) continue
        expect(runIdOf(stream)).not.toBe('')
        agreesThroughout(standardProgram, events)
        runs += 1
      }
    }
    expect(runs).toBeGreaterThan(20)
  }, 60_000)
})
