import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import type { Finding } from '../../src/cli/doctor/findings.ts'
import { newPlace, type Place } from './run-refold.ts'

interface Diagnosis {
  readonly findings: readonly Finding[]
}

const place = newPlace()
const places: Place[] = [place]
const copied = (): Place => {
  const copy = place.copy()
  places.push(copy)
  return copy
}

describe('a log that has lost something', { timeout: 60_000 }, () => {
  const without = (where: string, change = `DELETE FROM events WHERE ${where}`): Place => {
    const here = copied()
    const db = new DatabaseSync(join(here.folder, 'data/log.db'))
    db.exec(change)
    db.close()
    return here
  }
  const hello = `stream_key = (SELECT stream_key FROM events WHERE stream LIKE '%-hello')`
  const found = (diagnosis: string): unknown[] =>
    (JSON.parse(diagnosis) as Diagnosis).findings.map(({ check, message, places }) => ({ check, message, places }))

  beforeAll(async () => {
    for (const [runId, message] of [
      ['hello', 'hello there'],
      ['parcel', 'look 17'],
    ]) {
      const { exitCode, stderr } = await place.refold(`run clerk --run-id ${runId} -m '${message}'`)
      expect(exitCode, stderr).toBe(0)
    }
    // Brings the views up to the log.
    await place.refold('list')
    await place.refold('export --all -o whole.ndjson')
  }, 60_000)
  afterAll(() => {
    for (const each of places) each.remove()
  })

  test('of which nothing is lost has nothing to find', async () => {
    const { stdout, exitCode } = await copied().refold('doctor --export whole.ndjson --json')
    expect(exitCode).toBe(exitCodes.ok)
    expect((JSON.parse(stdout) as Diagnosis).findings.filter(({ severity }) => severity === 'problem')).toEqual([])
  })

  test('at the end of a run is found by its view, and by an earlier export', async () => {
    const last = `revision = (SELECT MAX(revision) FROM events WHERE ${hello})`
    const here = without(`${hello} AND ${last}`)
    const { stdout, exitCode } = await here.refold('doctor --export whole.ndjson --json')
    expect(exitCode).toBe(exitCodes.wrong)
    const head = expect.stringMatching(/^hello@\d+$/) as string
    expect(found(stdout)).toEqual([
      { check: 'head', message: 'Events are missing at the end of runs (by the views)', places: [head] },
      { check: 'head', message: 'Events are missing at the end of runs (by whole.ndjson)', places: [head] },
    ])
  })

  test('a run that was taken out whole is found by its view', async () => {
    const { stdout, exitCode } = await without(hello).refold('doctor --json')
    expect(exitCode).toBe(exitCodes.wrong)
    expect(found(stdout)).toMatchObject([{ check: 'head', message: 'Whole runs are missing from the log (by the views)' }])
  })

  test('at its very end, where the views follow it, is found by the export', async () => {
    const here = without(`position > (SELECT MAX(position) FROM events WHERE type = 'TurnCompleted') - 1`)
    await here.refold('list')
    const { stdout, exitCode } = await here.refold('doctor --export whole.ndjson --json')
    expect(exitCode).toBe(exitCodes.wrong)
    expect(stdout).toContain('(by whole.ndjson)')
  })

  test('an export that was cut or changed is refused', async () => {
    const here = copied()
    const path = join(here.folder, 'whole.ndjson')
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'LogHead', events: lines.length - 1 })
    for (const [changed, what] of [
      [lines.slice(0, -1), 'no last line of the type LogHead'],
      [lines.toSpliced(3, 1), 'events that its last line does not cover'],
      [[...lines, lines[0]], 'lines behind its last one'],
      [['nothing'], 'JSON'],
    ] as const) {
      writeFileSync(path, changed.join('\n'))
      const { stderr, exitCode } = await here.refold('doctor --export whole.ndjson')
      expect(exitCode).toBe(exitCodes.usage)
      expect(stderr).toContain(what)
    }
  })
})
