// Kills parts of a whole installation under load, again and again, and looks whether anything was lost or done twice.
import { Command, InvalidArgumentError, Option } from 'commander'
import { seededChance } from '../src/evals/statistics/chance.ts'
import { openControl } from './control.ts'
import { logHistories } from './histories.ts'
import { happeningsTable, roundLine, totalsOf } from './report.ts'
import { playRound, type RoundReport } from './round.ts'
import { openStage } from './stage.ts'

interface ChaosOptions {
  readonly rounds: number
  readonly runs: number
  readonly seed: number
  readonly brokers: '0' | '1' | '3'
  readonly eventstore?: string
  readonly control?: string
  readonly verbose: boolean
  readonly json: boolean
}

const wholeNumber = (text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError(`expected 1, 2, 3 …, found ${text}`)
  return number
}

const program = new Command('chaos')
  .description(
    'Starts Kafka, Postgres, a stand-in for EventStoreDB, two workers, a relay and a projector on this machine, lets runs come in, ' +
      'kills parts with -9 in turn and at random, and ends with 1 where anything was lost, stuck, done twice or shown wrong. ' +
      'With --eventstore and --control on an EventStoreDB of your own, with the Kafka that REFOLD_KAFKA names, if it does.',
  )
  .option('--rounds <number>', 'how often', wholeNumber, 20)
  .option('--runs <number>', 'started in each round', wholeNumber, 200)
  .option('--seed <number>', 'of what fails when', wholeNumber, 1)
  .addOption(
    new Option('--brokers <number>', 'of the Kafka that is started; 0: an installation without Kafka')
      .choices(['0', '1', '3'])
      .default('1'),
  )
  .option('--eventstore <connection string>', 'a server or cluster of your own, which gets runs that stay there')
  .option('--control <command>', 'leads to its nodes, with the words leader, pid N, kill N, start N and stop N')
  .option('--verbose', 'show what the processes log', false)
  .option('--json', 'end with one line of figures on stdout', false)
  .addHelpText('after', '\nExample: npm run chaos -- --rounds 2 --eventstore "esdb://127.0.0.1:2113?tls=false" --control ./ctl')
  .parse()
const { rounds, runs, seed, brokers, eventstore, control, verbose, json } = program.opts<ChaosOptions>()
if ((eventstore === undefined) !== (control === undefined)) program.error('error: expected --eventstore and --control, or none of them')

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

say('Starting the servers and the processes …')
const stage = await openStage({
  brokers: Number(brokers) as 0 | 1 | 3,
  ...(eventstore === undefined || control === undefined ? {} : { own: { eventStore: eventstore, control: await openControl(control) } }),
  say,
  hear: (line) => {
    if (verbose) say(line)
  },
})
const reports: RoundReport[] = []
try {
  const histories = logHistories(stage.refold.log)
  const chance = seededChance(seed)
  for (let round = 1; round <= rounds; round++) {
    const report = await playRound(stage, histories, { round, runs, chance })
    reports.push(report)
    for (const line of roundLine(report)) say(line)
  }
  for (const line of happeningsTable(reports, histories)) say(line)
} finally {
  await stage.close()
}
const totals = totalsOf(reports)
const { rounds: _, ...failures } = totals
if (json) process.stdout.write(`${JSON.stringify(totals)}\n`)
else
  say(
    Object.entries(totals)
      .map(([name, number]) => `${name} ${number}`)
      .join(', '),
  )
process.exitCode = Object.values(failures).some((number) => number > 0) ? 1 : 0
