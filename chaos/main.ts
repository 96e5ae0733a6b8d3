// Kills parts of a whole installation under load, again and again, and looks whether anything was lost or done twice.
import { Command, InvalidArgumentError, Option } from 'commander'
import { seededChance } from '../simulation/chance.ts'
import { logHistories } from './histories.ts'
import { happeningsTable, roundLine, totalsOf } from './report.ts'
import { playRound, type RoundReport } from './round.ts'
import { openStage } from './stage.ts'

interface ChaosOptions {
  readonly rounds: number
  readonly runs: number
  readonly seed: number
  readonly brokers: '1' | '3'
  readonly verbose: boolean
  readonly json: boolean
}

const wholeNumber = (text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError(`expected 1, 2, 3 …, found ${text}`)
  return number
}

const { rounds, runs, seed, brokers, verbose, json } = new Command('chaos')
  .description(
    'Starts Kafka, Postgres, a stand-in for EventStoreDB, two workers, a relay and a projector on this machine, lets runs come in, ' +
      'kills parts with -9 in turn and at random, and ends with 1 where anything was lost, stuck, done twice or shown wrong.',
  )
  .option('--rounds <number>', 'how often', wholeNumber, 20)
  .option('--runs <number>', 'started in each round', wholeNumber, 200)
  .option('--seed <number>', 'of what fails when', wholeNumber, 1)
  .addOption(new Option('--brokers <number>', 'of Kafka').choices(['1', '3']).default('1'))
  .option('--verbose', 'show what the processes log', false)
  .option('--json', 'end with one line of figures on stdout', false)
  .parse()
  .opts<ChaosOptions>()

const say = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

say('Starting the servers and the processes …')
const stage = await openStage({
  brokers: brokers === '3' ? 3 : 1,
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
