import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readCommandLine } from '../../../bench/peers/command-line.ts'

// `npm run bench:peers` with next to nothing to do and without a network, so that it can be run when it is wanted.

const root = resolve(import.meta.dirname, '../../..')
const place = mkdtempSync(join(tmpdir(), 'refold-peers-'))
afterAll(() => {
  rmSync(place, { recursive: true, force: true })
})

const empty = join(place, 'empty')
mkdirSync(empty)
/** Nothing comes from a registry, and nothing was kept of what came before. */
const env = { ...process.env, npm_config_offline: 'true', npm_config_cache: empty }

interface Report {
  readonly peers: Readonly<
    Record<string, { readonly figures: Readonly<Record<string, readonly number[]>>; readonly failures: readonly string[] }>
  >
  readonly notRun: Readonly<Record<string, string>>
}

const asked = (words: readonly string[]): { readonly stdout: string; readonly stderr: string } =>
  spawnSync(process.execPath, ['--conditions=refold:source', 'bench/peers/main.ts', ...words], { cwd: root, env, encoding: 'utf8' })

describe('the comparison with other products', { timeout: 240_000 }, () => {
  test('measures Refold out of its package beside a floor, and says why a product was not run', () => {
    const peers = ['refold', 'sqlite-group', 'mastra'].flatMap((name) => ['--peer', name])
    const amounts = ['--turns', '2', '--runs', '3', '--killed', '4', '--rounds', '1', '--in', place]
    const { stdout, stderr } = asked([...peers, ...amounts, '--json'])
    expect(stdout, stderr).not.toBe('')
    const { peers: measured, notRun } = JSON.parse(stdout) as Report
    expect(Object.entries(measured).map(([name, { failures }]) => [name, failures])).toEqual([
      ['refold', []],
      ['sqlite-group', []],
    ])
    const rows = ['alone 2', 'alone 2 cpu', 'look', 'together 3', 'together 3 cpu', 'together 3 mb', 'killed', 'twice']
    for (const { figures } of Object.values(measured)) {
      expect(Object.keys(figures)).toEqual(expect.arrayContaining(rows))
      expect(Object.entries(figures).filter(([key, [figure = 0]]) => key !== 'twice' && figure <= 0)).toEqual([])
    }
    expect(notRun).toEqual({ Mastra: expect.stringContaining('npm ci') as string })
  })

  test.each([
    [['--peer', 'nobody'], 'expected --peer with one of refold, sqlite, sqlite-group, restate, dbos, langgraph, mastra, found nobody'],
    [['--rounds', '0'], 'expected --rounds with a whole number from 1 on, found 0'],
    [['--runs', '10', '--runs', 'ten'], 'expected --runs with a whole number from 1 on, found ten'],
  ])('refuses %j', (words, complaint) => {
    expect(() => readCommandLine(words)).toThrow(complaint)
  })
})
