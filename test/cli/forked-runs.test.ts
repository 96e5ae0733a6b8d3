import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunView } from '../../src/fold/run-view.ts'
import type { RunDiff } from '../../src/projections/run-diff.ts'
import { newPlace, type Place } from './run-refold.ts'

// The real program, as a process.

describe('refold fork and refold diff', { timeout: 60_000 }, () => {
  let place: Place
  beforeAll(async () => {
    place = newPlace()
    await place.refold("run clerk --run-id origin -m 'pay 20'")
    await place.refold('approve origin 3.0')
  }, 60_000)
  afterAll(() => {
    place.remove()
  })

  test('an unchanged fork is answered by the record, and there is no difference', async () => {
    const forked = await place.json<RunView>('fork origin --at 1 --run-id same --model-calls 0 --by ada')
    expect(forked).toMatchObject({ waitsFor: 'message', fork: { runId: 'origin', revision: 1, counts: { live: 0, real: 0, asked: 0 } } })
    const found = await place.json<RunDiff>('diff origin same')
    expect(found.pairs).toEqual([])
    expect((await place.refold('diff origin same')).stdout).toContain('and no difference')
    expect((await place.refold('show same')).stdout).toMatch(/fork of origin at 1: \d+ recorded · 0 real/)
    expect((await place.refold('list')).stdout).toContain('same (fork)')
    expect((await place.refold('replay same')).exitCode).toBe(0)
    expect((await place.refold('doctor')).exitCode).toBe(0)
  })

  test('another result leads elsewhere, and the difference says where they part', async () => {
    await place.refold(`fork origin --at 6 --run-id cheaper --tool-result '3.0={"paid":1}'`)
    const { stdout } = await place.refold('diff origin cheaper')
    expect(stdout).toMatch(/they part at \d+ of A and \d+ of B/)
    expect(stdout).toContain('{"paid":1}')
    expect(stdout).toContain('The first prompts that differ')
    const { exitCode } = await place.refold('diff origin@3 nobody')
    expect(exitCode).not.toBe(0)
  })
})
