import { Command, InvalidArgumentError } from 'commander'
import { simulateRestore } from './restored-copy.ts'
import { simulateSeed } from './simulate.ts'
import { sumOf } from './tally.ts'

const wholeNumber = (text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError(`expected a whole number, found ${text}`)
  return number
}

const { seeds, from, json, restores } = new Command('simulate')
  .description('Plays seeds of a cluster on the real runtime, in which whatever can go wrong does, and checks what Refold promises.')
  .option('--seeds <number>', 'how many seeds to play', wholeNumber, 100)
  .option('--from <seed>', 'the first of them', wholeNumber, 1)
  .option('--restores', 'in each an older copy takes the place of the log, and other processes go on with it', false)
  .option('--json', 'print one line of figures to stdout', false)
  .parse()
  .opts<{ seeds: number; from: number; json: boolean; restores: boolean }>()

const play = restores ? simulateRestore : simulateSeed

const began = performance.now()
const totals = { failed: 0, effects: 0, events: 0 }
let counts = sumOf([])
for (let seed = from; seed < from + seeds; seed++) {
  const report = await play(seed)
  counts = sumOf([counts, report.counts])
  totals.effects += report.effects
  totals.events += report.events
  if (report.problems.length > 0) {
    totals.failed += 1
    const { story } = await play(seed, { story: true })
    process.stderr.write(
      `\n${story.join('\n')}\n\nseed ${seed} FAILED:\n${report.problems.map((problem) => `  ${problem}`).join('\n')}\n\n`,
    )
  } else if ((seed - from + 1) % 100 === 0) {
    process.stderr.write(
      `${seed - from + 1} of ${seeds} seeds, ${totals.failed} failed, ${counts.crashes} crashes, ${totals.effects} effects, ${totals.events} events\n`,
    )
  }
}
const seconds = (performance.now() - began) / 1000
const figures = {
  seeds,
  failed: totals.failed,
  effects: totals.effects,
  seedsPerSecond: Number((seeds / seconds).toFixed(1)),
  counts,
}
if (json) process.stdout.write(`${JSON.stringify(figures)}\n`)
else
  process.stderr.write(
    `${seeds} seeds from ${from}: ${totals.failed} failed, ${counts.crashes} crashes, ${totals.effects} effects, ${figures.seedsPerSecond} seeds/s\n`,
  )
process.exitCode = totals.failed > 0 ? 1 : 0
