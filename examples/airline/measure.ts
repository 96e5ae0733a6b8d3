// The recorded conversations as an eval: runs in a log, a dataset of them, and three evals of it by the command line.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { openRefold } from 'refold'
import { loadRecordedRuns } from './recorded-runs.ts'
import { converse } from './replay-run.ts'

interface Options {
  readonly data: string
  readonly out?: string
}

const ROOT = resolve(import.meta.dirname, '../..')
const CONFIG = join(import.meta.dirname, 'refold.config.ts')

/** Each conversation lived through again, as production would have recorded it. */
const record = async (folder: string): Promise<void> => {
  const { default: config } = await import('./refold.config.ts')
  const recorded = await loadRecordedRuns(folder)
  const refold = await openRefold({ ...config, recover: false })
  const [agent] = config.agents
  if (agent === undefined) throw new Error('expected an agent, found none')
  try {
    // One after the other: two conversations that begin alike get their own answers in the order of the file.
    for (const run of recorded) {
      const tags = { task: String(run.taskId), trial: String(run.trial) }
      await converse(await refold.start(agent, { runId: `task-${run.taskId}-trial-${run.trial}`, tags }), run)
    }
  } finally {
    await refold.close()
  }
}

/** What somebody would type. */
const refold = (cwd: string, ...args: readonly string[]): void => {
  console.log(`\n$ refold ${args.join(' ')}\n`)
  const { status } = spawnSync(process.execPath, ['--conditions=refold:source', join(ROOT, 'src/main.ts'), '--config', CONFIG, ...args], {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  console.log(`exit code ${status}`)
}

const main = async ({ data, out }: Options): Promise<void> => {
  const dir = out === undefined ? mkdtempSync(join(tmpdir(), 'refold-tau-')) : resolve(out)
  process.env['REFOLD_TAU'] = resolve(data)
  process.env['REFOLD_TAU_RUNS'] = join(dir, 'runs')
  try {
    await record(data)
    refold(dir, 'dataset', 'create', 'tau', '--fresh')
    const recorded = ['--model', 'recorded']
    refold(dir, 'eval', 'tau.jsonl', '--agent', 'airline@1', ...recorded)
    refold(dir, 'eval', 'tau.jsonl', '--agent', 'airline@2', '--baseline', 'airline@1', '--gate', 'not-worse', ...recorded)
    refold(dir, 'eval', 'tau.jsonl', '--agent', 'airline@3', '--baseline', 'airline@1', '--gate', 'not-worse', ...recorded)
    refold(dir, 'eval', 'trend', 'tau')
  } finally {
    if (out === undefined) rmSync(dir, { recursive: true, force: true })
  }
}

await new Command('measure:tau')
  .description('The recorded conversations of tau-bench’s airline as a dataset, and three versions of the agent compared on it.')
  .requiredOption('--data <dir>', 'as of npm run tau')
  .option('--out <dir>', 'keep dataset and runs here')
  .action(main)
  .parseAsync()
