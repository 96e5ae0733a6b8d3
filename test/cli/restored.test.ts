import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
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
  readonly findings: readonly {
    readonly check: string
    readonly severity: string
    readonly message: string
    readonly places: readonly string[]
  }[]
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
    const { stderr } = await place.refold('restored --yes --by ann')
    expect(stderr).toMatch(/ 1 open run will look/)
    expect(stderr).not.toContain('more was known')
    expect(await place.refold('send case-1 -m Again')).toMatchObject({ exitCode: 0 })
    expect(JSON.stringify(await place.json('show case-1'))).toMatch(/RunRestored/)
    const { findings } = await place.json<Report>('doctor')
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'restored', severity: 'warning', message: expect.stringMatching(/as ann has recorded/) as string }),
    )
  },
)

test(
  'the doctor says what a restored copy looks like, and names afterwards both runs that are gone and runs whose end is',
  { timeout: 60_000 },
  async () => {
    const restored = newPlace()
    await restored.refold('run clerk --run-id cut -m Hello')
    await restored.refold('list')
    const copy = restored.copy()
    for (const [runId, command] of [
      ['cut', 'send cut -m More'],
      ['gone', 'run clerk --run-id gone -m Hello'],
    ] as const)
      expect(await restored.refold(command), runId).toMatchObject({ exitCode: 0 })
    await restored.refold('list')
    for (const ending of ['', '-wal', '-shm']) rmSync(join(restored.folder, `data/log.db${ending}`), { force: true })
    cpSync(join(copy.folder, 'data/log.db'), join(restored.folder, 'data/log.db'))
    const before = await restored.refold('doctor')
    expect(before).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('refold restored --yes') as string })
    const { stderr } = await restored.refold('restored --yes --by ann')
    expect(stderr).toMatch(/ 1 open run will look.*; of 2 runs more was known/)
    const { findings } = await restored.json<Report>('doctor')
    const named = findings.filter(({ check }) => check === 'restored').flatMap(({ places }) => places.map((place) => place.split('@')[0]))
    expect([...new Set(named)].sort()).toEqual(['cut', 'gone'])
    copy.remove()
    restored.remove()
  },
)
