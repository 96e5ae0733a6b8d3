import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agentsWith, type Hands } from '../../simulation/agents.ts'
import { followPlan } from '../../simulation/plan.ts'
import { scriptedModel } from '../../src/models/model.scripted.ts'
import { openRefold } from '../../src/open-refold.ts'

const RUNS = 12
const KILLS = 10

const nobody: Hands = {
  execute: () => Promise.reject(new Error('nothing is left to do')),
  lookUp: () => Promise.reject(new Error('nothing is left to look up')),
}

interface Worker {
  readonly said: string[]
  /** Undefined where it was killed. */
  readonly exit: Promise<number | undefined>
  kill(): void
}

const startWorker = (dir: string): Worker => {
  const program = join(import.meta.dirname, 'run-worker.ts')
  const child = spawn(process.execPath, ['--conditions=refold:source', program, dir, String(RUNS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(...chunk.toString().trim().split('\n')))
  return {
    said,
    exit: once(child, 'exit').then(([code]) => (code as number | null) ?? undefined),
    kill: () => child.kill('SIGKILL'),
  }
}

/** Lines of the ledger: key, effect and name of the tool. */
const ledger = (dir: string): string[][] => {
  const file = join(dir, 'ledger.jsonl')
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' '))
    : []
}

describe('runs whose processes are killed, one after the other', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'refold-runs-'))
  })
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true })
  })

  test('come to their end with no acknowledged event lost and no once effect done twice', { timeout: 120_000 }, async () => {
    const started = new Set<string>()
    for (let round = 0; round < KILLS; round++) {
      const before = ledger(dir).length
      const worker = startWorker(dir)
      // The moment is the world's own: after the first, second, third … effect of this life.
      const wanted = before + 1 + round * 2
      const watch = setInterval(() => {
        if (ledger(dir).length >= wanted) worker.kill()
      }, 1)
      const code = await worker.exit
      clearInterval(watch)
      for (const line of worker.said) started.add(line.replace('started ', ''))
      if (code !== undefined) expect(code).toBe(0)
    }
    expect(await startWorker(dir).exit).toBe(0)

    const model = scriptedModel(followPlan)
    const refold = await openRefold({ dir, agents: agentsWith(nobody), models: { alpha: model, beta: model }, recover: false })
    for (let index = 0; index < RUNS; index++) {
      const run = refold.run(`run-${index}`)
      const view = await run.state()
      expect(['message', 'human'], run.id).toContain(view.waitsFor)
      expect((await run.verify()).ok, run.id).toBe(true)
      started.delete(run.id)
    }
    await refold.close()
    expect([...started]).toEqual([])
    const times = Map.groupBy(
      ledger(dir).filter(([, effect]) => effect === 'once'),
      ([key]) => key,
    )
    expect(times.size).toBeGreaterThan(RUNS)
    expect([...times.values()].filter((lines) => lines.length > 1)).toEqual([])
  })
})
