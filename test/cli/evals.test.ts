import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/cli/exit-codes.ts'

const main = resolve(import.meta.dirname, '../../src/main.ts')
const config = fileURLToPath(import.meta.resolve('./greeter.config.ts'))
const CASES = 60
const RUNNING = ['eval', 'greetings.jsonl', '--concurrency', '3']

let folder = ''

const words = (given: readonly string[]): string[] => ['--conditions=refold:source', main, ...given, '--config', config]
const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }

const refold = (...given: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, words(given), { cwd: folder, encoding: 'utf8', env })
  return { status, stdout, stderr, asked: stderr.split('\n').filter((line) => line === 'asked').length }
}

/** Ends it with this signal once its model was asked so often. */
const ended = async (signal: NodeJS.Signals, after: number, ...given: readonly string[]): Promise<{ asked: number; said: string }> => {
  const child = spawn(process.execPath, words(given), { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line)
    if (lines.filter((each) => each === 'asked').length === after) child.kill(signal)
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { asked: lines.filter((line) => line === 'asked').length, said: lines.join('\n') }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'refold-evals-'))
  const cases = Array.from({ length: CASES }, (_, index) => ({
    id: `case-${index}`,
    of: 'run',
    source: { runId: `gone-${index}`, revision: 1, agent: 'greeter@1' },
    task: `task-${index % 20}`,
    input: { messages: [{ role: 'user', parts: [{ type: 'text', text: `Hello ${index}` }] }] },
    state: { place: 'awaitingMessage', turn: 1 },
    output: { answer: 'Good day.', output: null, toolCalls: [] },
    labels: { end: 'completed' },
  }))
  writeFileSync(join(folder, 'greetings.jsonl'), cases.map((each) => `${JSON.stringify(each)}\n`).join(''))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Document {
  readonly id: string
  readonly complete: boolean
  readonly runs: number
  readonly accuracy: { readonly passed: { readonly value: number } }
}

describe('an eval', () => {
  test('goes on where a killed process has left it, and where Ctrl-C has: no score is doubled, and with another dataset it is refused', async () => {
    const killed = await ended('SIGKILL', 9, ...RUNNING)
    const stopped = await ended('SIGINT', 9, ...RUNNING)
    const said = /Stopped: (\d+) of 60 runs are done\. The same command goes on \(--id (greetings-greeter-[0-9a-f]{8})\)/.exec(stopped.said)
    const [, done = '', id = ''] = said ?? []
    expect(Number(done), stopped.said).toBeLessThan(CASES)
    expect(refold('evals', '--fresh').stdout).toContain(` ${done}/60 `)
    const cut = refold('eval', 'show', id)
    expect(cut.stdout).toContain(`Not complete: ${done} of 60 runs are scored. The same command goes on.`)
    expect(JSON.parse(refold('eval', 'show', id, '--json').stdout)).toMatchObject({ complete: false, planned: CASES, runs: Number(done) })
    const { status, stdout, asked } = refold(...RUNNING, '--json', '--gate', 'accuracy >= 0.99')
    expect(status).toBe(exitCodes.ok)
    const document = JSON.parse(stdout) as Document
    expect(document).toMatchObject({ complete: true, runs: CASES, accuracy: { passed: { value: 1 } } })
    // Whoever dies may have asked for what its successor asks again: those that were under way.
    const all = killed.asked + stopped.asked + asked
    expect(all).toBeGreaterThanOrEqual(CASES)
    expect(all).toBeLessThanOrEqual(CASES + 2 * 3)

    const counted = "select count(*) as scores, count(distinct run_id) as runs from refold_timeline where type = 'RunScored'"
    expect(refold('query', '--sql', counted, '--json', '--fresh').stdout).toMatch(/60[^\d]+60/)
    const again = refold(...RUNNING)
    expect(again.asked).toBe(0)
    expect(again.stderr).toContain('All 60 runs were there: nothing was run.')
    expect(JSON.parse(refold('evals', '--json', '--fresh').stdout)).toMatchObject([
      { id: document.id, agent: 'greeter@1', arm: 'candidate', runs: CASES, scored: CASES, passed: CASES },
    ])
    expect(JSON.parse(refold('eval', 'show', document.id, '--json').stdout)).toMatchObject({ id: document.id, runs: CASES, complete: true })

    const other = refold(...RUNNING, '--limit', '3', '--id', document.id)
    expect(other.status).toBe(exitCodes.usage)
    expect(other.stderr).toContain('cases was 60 and is 3')
    const file = join(folder, 'greetings.jsonl')
    writeFileSync(join(folder, 'others.jsonl'), readFileSync(file, 'utf8').replaceAll('case-', 'other-'))
    const changed = refold('eval', 'others.jsonl', '--id', document.id)
    expect(changed.status).toBe(exitCodes.usage)
    expect(changed.stderr).toMatch(/dataset was greetings@\w+ and is others@\w+/)
  })

  test('is not kept from its id by a run that somebody has given its tag, nor counts that as its own', () => {
    const tags = ['eval=named', 'dataset=greetings@1', 'arm=candidate', 'case=case-0'].flatMap((tag) => ['--tag', tag])
    expect(refold('run', 'greeter', '--message', 'Hello', '--run-id', 'someone', ...tags).status).toBe(exitCodes.ok)
    const { status, stdout, stderr } = refold(...RUNNING, '--limit', '2', '--id', 'named', '--json')
    expect([status, stderr]).toEqual([exitCodes.ok, expect.stringContaining('eval named of greetings@')])
    expect(JSON.parse(stdout)).toMatchObject({ complete: true, runs: 2 })
    const shown = JSON.parse(refold('eval', 'show', 'named', '--json', '--fresh').stdout) as { results: { runId: string }[] }
    expect(shown).toMatchObject({ complete: true, runs: 2 })
    expect(shown.results.map(({ runId }) => runId)).not.toContain('someone')
  })

  test('that misses its gate ends with a code of its own, and says why', () => {
    const missed = refold(...RUNNING, '--limit', '2', '--scorer', 'contains', '--gate', 'accuracy>=0.8')
    expect(missed.status).toBe(exitCodes.gate)
    expect(missed.stdout).toMatch(/accuracy\s?>=\s?0\.8\s+NO/)
    expect(refold('eval', 'greetings.jsonl', '--recorded').stderr).toContain('Expected the run gone-0 of case case-0 in this log')
  })
})
