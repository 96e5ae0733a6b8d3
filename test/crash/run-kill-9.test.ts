import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agentsWith } from '../../simulation/agents.ts'
import { fileLedger, hadTwice, type LedgerLine } from '../../simulation/ledger.ts'
import { followPlan } from '../../simulation/plan.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { openRefold, type OpenRefold } from '../../src/open-refold.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import { readRun } from '../../src/runtime/reading/run-reader.ts'
import type { WorkerLine } from './run-worker.ts'

const ROUNDS = 6
const RUNS_A_LIFE = 6
/** A process is killed so long after it has opened the log, ms. */
const SHORTEST_LIFE_MS = 50
const LONGEST_LIFE_MS = 700

interface WorkerProcess {
  readonly child: ChildProcess
  readonly gone: Promise<unknown>
  readonly ready: Promise<unknown>
}

/** Everything that was said by any of them. */
const startWorker = (folder: string, life: string, runs: number, lines: WorkerLine[]): WorkerProcess => {
  const program = join(import.meta.dirname, 'run-worker.ts')
  const child = spawn(process.execPath, ['--conditions=refold:source', program, folder, life, String(runs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { promise: ready, resolve: isReady } = Promise.withResolvers<unknown>()
  createInterface({ input: child.stdout }).on('line', (text) => {
    // The last line of a killed process may be cut.
    if (!text.endsWith('}')) return
    const line = JSON.parse(text) as WorkerLine
    lines.push(line)
    if (line.kind === 'ready') isReady(line)
  })
  return { child, gone: once(child, 'close'), ready }
}

const livesAndDies = async (worker: WorkerProcess): Promise<void> => {
  await Promise.race([worker.ready, worker.gone])
  await pause(SHORTEST_LIFE_MS + Math.random() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS))
  worker.child.kill('SIGKILL')
  await worker.gone
}

const openToRead = (folder: string): Promise<OpenRefold> => {
  const model = scriptedModel(followPlan)
  return openRefold({
    dir: folder,
    agents: agentsWith({ execute: () => Promise.reject(new Error('no hands')), lookUp: () => Promise.reject(new Error('no hands')) }),
    models: { alpha: model, beta: model },
    recover: false,
    logger: pino({ level: 'silent' }),
  })
}

const eventsOf = async (refold: OpenRefold, runId: string): Promise<RunEvent[]> => {
  const events: RunEvent[] = []
  for await (const { event } of readRun(refold, runId)) events.push(event)
  return events
}

/** What processes were told has to be there, every run verifies and has ended, and no `once` effect was had twice. */
const checkAll = async (folder: string, lines: readonly WorkerLine[]): Promise<{ runs: number; unresolved: number }> => {
  const refold = await openToRead(folder)
  try {
    await refold.projector.catchUp()
    const rows = await refold.views.list({ limit: 10_000 })
    const histories = new Map<string, RunEvent[]>()
    for (const { runId, status } of rows) {
      expect(`${runId} ${status}`).toMatch(/ (completed|failed)$/)
      expect(await refold.run(runId).verify()).toMatchObject({ ok: true })
      histories.set(runId, await eventsOf(refold, runId))
    }
    checkTold(histories, lines)
    checkLedger(fileLedger(join(folder, 'ledger.ndjson')).lines(), histories)
    const unresolved = [...histories.values()].flat().filter(({ type }) => type === 'ToolCallUnresolved').length
    return { runs: rows.length, unresolved }
  } finally {
    await refold.close()
  }
}

const checkTold = (histories: ReadonlyMap<string, readonly RunEvent[]>, lines: readonly WorkerLine[]): void => {
  for (const line of lines) {
    if (line.kind === 'granted') {
      const granted = (histories.get(line.runId) ?? []).filter(({ meta }) => meta.commandId === line.commandId).map(({ type }) => type)
      expect(new Set(granted).size, `${line.commandId} was granted`).toBeGreaterThan(0)
      expect(granted, `${line.commandId} was granted once`).toHaveLength(new Set(granted).size)
    } else if (line.kind === 'seen') {
      const { state } = { state: histories.get(line.runId)?.[line.revision]?.meta.to.split('; ')[0] }
      expect(`${line.runId}@${line.revision} ${state ?? 'is gone'}`).toBe(`${line.runId}@${line.revision} ${line.state}`)
    }
  }
}

const checkLedger = (ledger: readonly LedgerLine[], histories: ReadonlyMap<string, readonly RunEvent[]>): void => {
  expect(hadTwice(ledger), 'effects of once tools that were had twice').toEqual([])
  const keys = new Set<string>()
  for (const event of [...histories.values()].flat()) if (event.type === 'ToolCallRequested') keys.add(event.data.idempotencyKey)
  expect(
    ledger.map(({ key }) => key).filter((key) => !keys.has(key)),
    'effects without a claim',
  ).toEqual([])
}

describe('runs whose processes are killed', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'refold-kill-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  test('are brought to their ends by the next ones, and by others at the same time', { timeout: 60_000 }, async () => {
    const lines: WorkerLine[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const pair = round % 2 === 1
      const names = pair ? [`l${round}a`, `l${round}b`] : [`l${round}`]
      await Promise.all(names.map((life) => livesAndDies(startWorker(folder, life, RUNS_A_LIFE, lines))))
    }
    // Two at once, on the same runs: what one of them has claimed the other leaves alone.
    await Promise.all(['last-a', 'last-b'].map((life) => startWorker(folder, life, 2, lines).gone))
    expect(lines.filter(({ kind }) => kind === 'finished')).toHaveLength(2)
    const { runs } = await checkAll(folder, lines)
    expect(runs).toBeGreaterThan(ROUNDS)
  })
})
