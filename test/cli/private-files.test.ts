import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { configs } from './run-refold.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')
let folder = ''

/** With a umask that takes nothing away. */
const refold = (words: readonly string[], input = ''): { status: number | null; stdout: string } =>
  spawnSync(
    'sh',
    ['-c', 'umask 000; exec "$0" "$@"', process.execPath, '--conditions=refold:source', main, ...words, '--config', configs.clerk],
    {
      cwd: folder,
      input,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
    },
  )

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'refold-private-'))
  expect(refold(['run', 'clerk'], 'long '.repeat(40_000)).status).toBe(0)
  expect(refold(['export', '--all', '-o', 'events.ndjson']).status).toBe(0)
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const modes = (): Record<string, string> =>
  Object.fromEntries(
    [
      'data',
      'events.ndjson',
      ...readdirSync(join(folder, 'data'), { recursive: true, encoding: 'utf8' }).map((name) => `data/${name}`),
    ].map((name) => {
      const stats = statSync(join(folder, name))
      return [name, `${stats.isDirectory() ? 'folder' : 'file'} ${(stats.mode & 0o777).toString(8)}`]
    }),
  )

test('what runs have recorded can be read by whoever has started them alone, whatever the umask', () => {
  const found = modes()
  expect(Object.keys(found)).toEqual(expect.arrayContaining(['data', 'data/log.db', 'data/views.db', 'data/snapshots.db', 'data/blobs']))
  expect(Object.keys(found).filter((name) => /blobs\/..\/[0-9a-f]{64}$/.test(name)).length).toBeGreaterThan(0)
  expect([...new Set(Object.values(found))].sort()).toEqual(['file 600', 'folder 700'])
})

test('the doctor tells of what others can read, and changes nothing', () => {
  expect(JSON.parse(refold(['doctor', '--json']).stdout)).toMatchObject({ findings: [] })
  chmodSync(join(folder, 'data/log.db'), 0o644)
  expect(JSON.parse(refold(['doctor', '--json']).stdout)).toMatchObject({ findings: [] })
  chmodSync(join(folder, 'data'), 0o755)
  const { status, stdout } = refold(['doctor', '--json'])
  const { findings } = JSON.parse(stdout) as { findings: readonly { check: string; severity: string; places: readonly string[] }[] }
  expect(findings.map(({ check, severity, places }) => [check, severity, places.includes('log.db')])).toEqual([
    ['permissions', 'warning', true],
  ])
  expect(status).toBe(exitCodes.ok)
  expect(modes()['data']).toBe('folder 755')
})
