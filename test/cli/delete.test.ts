import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import type { ListedRun } from '../../src/http/listed-run.ts'
import { newPlace, type Place } from './run-refold.ts'

const SECRET = 'card 4111 1111'
let place: Place

beforeAll(async () => {
  place = newPlace()
  await place.refold(`run clerk --run-id short -m '${SECRET}'`)
  await place.refold('run clerk --run-id long', { stdin: `${SECRET} `.repeat(20_000) })
  await place.refold('complete short')
})
afterAll(() => {
  place.remove()
})

const files = (): string[] =>
  readdirSync(join(place.folder, 'data'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(place.folder, 'data', name))
    .filter((path) => statSync(path).isFile())
const holding = (): string[] => files().filter((path) => readFileSync(path, 'latin1').includes(SECRET))

test('a run is deleted only where it is meant, and only once it has ended', { timeout: 60_000 }, async () => {
  expect((await place.refold('delete short')).exitCode).toBe(exitCodes.usage)
  expect((await place.refold('delete short --dry-run')).stderr).toMatch(/^1 run, 6 events and 0 payloads would go\n/)
  expect(await place.refold('delete long --yes')).toMatchObject({
    exitCode: exitCodes.notPossible,
    stderr: expect.stringContaining('--cancel') as string,
  })
  expect((await place.refold('delete long --dry-run')).exitCode).toBe(exitCodes.notPossible)
  expect(await place.refold('delete long --cancel --dry-run')).toMatchObject({
    exitCode: exitCodes.ok,
    stderr: expect.stringMatching(/^1 run, \d+ events and \d payloads? would go\n/) as string,
  })
  expect((await place.refold('delete never --yes')).exitCode).toBe(exitCodes.notFound)
  expect((await place.json<ListedRun[]>('list')).map(({ status }) => status).sort()).toEqual(['active', 'completed'])
})

test('what it held is in no file any more, and the doctor and replays are content', { timeout: 60_000 }, async () => {
  expect(holding().length).toBeGreaterThan(0)
  for (const path of files().filter((name) => name.includes('/blobs/'))) utimesSync(path, new Date(0), new Date(0))
  expect((await place.refold("delete short --yes --reason 'asked for'")).stderr).toMatch(/^1 run, 6 events and 0 payloads are gone\n/)
  expect((await place.refold('delete long --yes --cancel')).stderr).toMatch(/payloads are gone\n/)
  expect(holding()).toEqual([])
  expect(await place.json<ListedRun[]>('list --status deleted')).toEqual([
    expect.objectContaining({ runId: 'long', lastText: null }),
    expect.objectContaining({ runId: 'short', reason: expect.stringMatching(/asked for$/) as string }),
  ])
  expect((await place.refold('query costs')).stderr).toContain('Without 2 runs that were deleted')
  expect(await place.json('doctor')).toMatchObject({ ok: true, findings: [] })
  expect((await place.refold('replay --all')).exitCode).toBe(exitCodes.ok)
  expect((await place.refold('show short')).stdout).toContain('DeletionRequested')
  expect((await place.refold('at short 1')).stderr).toContain('RunDeleted')
  expect((await place.refold('run clerk --run-id short -m again')).stderr).toContain('RunDeleted')
})
