import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunView } from '../../src/fold/run-view.ts'
import type { RunDiff } from '../../src/projections/run-diff.ts'
import type { RebuiltPrompt } from '../../src/runtime/reading/rebuilt-prompt.ts'
import type { WrittenPrompt } from '../../src/runtime/reading/written-prompt.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { newPlace, type Place } from './run-refold.ts'

// The real program, as a process.

describe('refold fork, refold diff and refold prompt', { timeout: 60_000 }, () => {
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

  describe('prompt', () => {
    test('says what the model was asked, and that it is what was recorded', async () => {
      const { stdout } = await place.refold('prompt origin --at 3')
      expect(stdout).toMatch(/^origin {2}call \S+, attempt 1, asked at 2\n\S+ · answer · rebuilt, fingerprint agrees\n/)
      expect(stdout).toContain('user #1\n    pay 20')
      const newest = await place.json<RebuiltPrompt>('prompt origin')
      expect(newest).toMatchObject({ runId: 'origin', fingerprint: { agrees: true }, missing: [] })
      expect(newest.messages.at(-1)).toMatchObject({ message: { role: 'tool', name: 'pay' } })
      const asked = await place.json<RebuiltPrompt>(`prompt origin --call ${newest.callId} --attempt 1`)
      expect(asked).toEqual(newest)
      expect((await place.json<RebuiltPrompt>(`prompt origin --at ${newest.revision - 1}`)).callId).toBe(newest.before?.callId)
    })

    test('writes it as the request of a vendor, as curl, and its answer as a line of a script', async () => {
      const written = await place.json<WrittenPrompt>('prompt origin --at 2 --format request --as anthropic')
      expect(written).toMatchObject({ as: 'anthropic', url: 'https://api.anthropic.com/v1/messages', key: { header: 'authorization' } })
      expect(JSON.parse((await place.refold('prompt origin --at 2 --format request --as anthropic')).stdout)).toEqual(written.body)
      expect((await place.refold('prompt origin --at 2 --format curl --as anthropic')).stdout).toBe(`${written.curl}\n`)
      expect((await place.refold('prompt origin --at 2 --format script')).stdout).toBe(`${written.scriptLine}\n`)
    })

    test.each([
      '--at 0',
      '--at 99',
      '--call 9.9',
      '--call 9.9 --at 2',
      '--attempt 1',
      '--format curl --json',
      '--as openai',
      '--format request --as nobody',
    ])('refuses %s', async (options) => {
      expect((await place.refold(`prompt origin ${options}`)).exitCode).toBe(exitCodes.usage)
    })
  })
})
