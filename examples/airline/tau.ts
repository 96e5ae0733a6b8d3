// Lives 100 recorded conversations of a real model through again, and compares everything that can be compared.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Command } from 'commander'
import { AppError, openRefold, recordedModel } from 'refold'
import { airlineAgent } from './agent.ts'
import { loadAirline } from './dataset.ts'
import { loadRecordedRuns } from './recorded-runs.ts'
import { byConversation, recordingsOf } from './recordings.ts'
import { replayRun, type ReplayedRun } from './replay-run.ts'
import { meanReward, passHatK } from './reward.ts'

interface Options {
  readonly data: string
  readonly trajectories?: string
  readonly out?: string
  readonly json?: boolean
}

const progress = (done: number, all: number): void => {
  if (!process.stderr.isTTY) return
  const width = 40
  const full = Math.round((done / all) * width)
  process.stderr.write(`\r${'█'.repeat(full)}${'░'.repeat(width - full)} ${done}/${all}${done === all ? '\n' : ''}`)
}

const replayAll = async (options: Options, dir: string): Promise<readonly ReplayedRun[]> => {
  const airline = await loadAirline(options.data)
  const recorded = await loadRecordedRuns(
    options.trajectories === undefined ? options.data : dirname(options.trajectories),
    options.trajectories === undefined ? undefined : basename(options.trajectories),
  )
  const { agent, database } = airlineAgent(airline, ['recorded/gpt-4o'])
  const model = recordedModel({ api: 'openai-chat', recordings: recorded.flatMap(recordingsOf), match: byConversation })
  const refold = await openRefold({ dir, agents: [agent], models: { recorded: model } })
  const replayed: ReplayedRun[] = []
  try {
    // One after the other: two conversations that begin alike get their own answers in the order of the file.
    for (const run of recorded) {
      replayed.push(await replayRun(refold, { database, fresh: airline.data }, run))
      progress(replayed.length, recorded.length)
    }
  } finally {
    await refold.close()
  }
  return replayed
}

const summary = (replayed: readonly ReplayedRun[]) => {
  const withHash = replayed.filter(({ hashEqual }) => hashEqual !== undefined)
  const trials = Math.min(
    ...Map.groupBy(replayed, ({ taskId }) => taskId)
      .values()
      .map(({ length }) => length),
  )
  const sum = (pick: (run: ReplayedRun) => number): number => replayed.reduce((total, run) => total + pick(run), 0)
  return {
    runs: replayed.length,
    toolCalls: sum(({ toolCalls }) => toolCalls),
    identicalOutputs: sum(({ identicalOutputs }) => identicalOutputs),
    hashes: { checked: withHash.length, equal: withHash.filter(({ hashEqual }) => hashEqual).length },
    rewards: { checked: replayed.length, equal: replayed.filter(({ rewardEqual }) => rewardEqual).length },
    meanReward: meanReward(replayed),
    passHatK: Array.from({ length: trials }, (_, index) => passHatK(replayed, index + 1)),
    replays: { checked: replayed.length, equal: replayed.filter(({ replayEqual }) => replayEqual).length },
    events: sum(({ events }) => events),
  }
}

const table = (replayed: readonly ReplayedRun[], found: ReturnType<typeof summary>): string => {
  const rows: [string, string][] = [
    ['runs', String(found.runs)],
    ['tool outputs identical', `${found.identicalOutputs} of ${found.toolCalls}`],
    ['ground truth hashes equal', `${found.hashes.equal} of ${found.hashes.checked}`],
    ['rewards equal', `${found.rewards.equal} of ${found.rewards.checked}`],
    ['mean reward', found.meanReward.toFixed(2)],
    ...found.passHatK.map((value, index): [string, string] => [`pass^${index + 1}`, value.toFixed(2)]),
    ['replays equal', `${found.replays.equal} of ${found.replays.checked}`],
    ['events', String(found.events)],
  ]
  const differing = replayed.filter(
    (run) => run.identicalOutputs < run.toolCalls || !run.rewardEqual || !run.replayEqual || run.hashEqual === false,
  )
  return [
    ...rows.map(([name, value]) => `${name.padEnd(28)}${value}`),
    ...differing.map(
      (run) => `differs: ${run.runId}: ${run.report ?? `${run.identicalOutputs} of ${run.toolCalls} outputs, reward ${run.reward}`}`,
    ),
  ].join('\n')
}

const isPerfect = (found: ReturnType<typeof summary>): boolean =>
  found.identicalOutputs === found.toolCalls &&
  [found.hashes, found.rewards, found.replays].every(({ checked, equal }) => checked === equal)

const main = async (options: Options): Promise<void> => {
  const dir = options.out ?? mkdtempSync(join(tmpdir(), 'refold-tau-'))
  try {
    const replayed = await replayAll(options, dir)
    const found = summary(replayed)
    if (options.json === true) for (const run of replayed) console.log(JSON.stringify(run))
    else console.log(table(replayed, found))
    if (options.json === true) console.log(JSON.stringify(found))
    if (!isPerfect(found)) process.exitCode = 1
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    console.error(`${error.code}: ${error.message}`)
    process.exitCode = 2
  } finally {
    if (options.out === undefined) rmSync(dir, { recursive: true, force: true })
  }
}

await new Command('tau')
  .description('Replays recorded conversations of tau-bench’s airline through Refold: the model recorded, the tools for real.')
  .requiredOption('--data <dir>', 'folder with flights.json, reservations.json, users.json, policy.md, tools.json and trajectories.jsonl')
  .option('--trajectories <file>', 'recorded conversations, if not those of the folder')
  .option('--out <dir>', 'keep the runs here, for refold show, at and replay')
  .option('--json', 'one object a run, and a last one with the totals')
  .action(main)
  .parseAsync()
