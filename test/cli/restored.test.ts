import { afterAll, beforeAll, expect, test } from 'vitest'
import { newPlace, type Place } from './run-refold.ts'

let place: Place
beforeAll(() => {
  place = newPlace()
})
afterAll(() => {
  place.remove()
})

interface Report {
  readonly findings: readonly { readonly check: string; readonly severity: string; readonly message: string }[]
}

test(
  'a person says that the log is an older copy: open runs know it when they go on, and the doctor tells of it',
  { timeout: 60_000 },
  async () => {
    const empty = await place.refold('restored --yes')
    expect(empty).toMatchObject({ exitCode: 4 })
    expect(empty.stderr).toMatch(/holds nothing/)
    await place.refold('run clerk --run-id case-1 -m Hello')
    const unsure = await place.refold('restored')
    expect(unsure).toMatchObject({ exitCode: 2 })
    expect(unsure.stderr).toMatch(/--yes/)
    expect(await place.json('restored --yes --by ann')).toMatchObject({ by: 'ann', lostRuns: [] })
    expect(await place.refold('send case-1 -m Again')).toMatchObject({ exitCode: 0 })
    expect(JSON.stringify(await place.json('show case-1'))).toMatch(/RunRestored/)
    const { findings } = await place.json<Report>('doctor')
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'restored', severity: 'warning', message: expect.stringMatching(/as ann has recorded/) as string }),
    )
  },
)
