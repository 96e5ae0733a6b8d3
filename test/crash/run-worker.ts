// A process that lives to be killed: it takes up what is open, starts what is not yet started, and ends once nothing is left to do.
import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as passes } from 'node:timers/promises'
import { agentsWith, type Hands } from '../../simulation/agents.ts'
import { followPlan } from '../../simulation/plan.ts'
import { openRefold } from '../../src/open-refold.ts'
import { scriptedModel } from '../../src/models/model.scripted.ts'

const [dir, count] = process.argv.slice(2)
if (dir === undefined || count === undefined) throw new Error('expected a folder and a number of runs')
const file = join(dir, 'ledger.jsonl')

/** An effect takes a while before and after it happens, so that a process may end on either side of it. */
const EFFECT_MS = 4

const done = (key: string): boolean =>
  existsSync(file) &&
  readFileSync(file, 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${key} `))

const hands: Hands = {
  async execute(tool, input, { idempotencyKey }) {
    const { n } = input as { n: number }
    await passes(EFFECT_MS)
    const handle = openSync(file, 'a')
    appendFileSync(handle, `${idempotencyKey} ${tool.effect} ${tool.name}\n`)
    fsyncSync(handle)
    closeSync(handle)
    await passes(EFFECT_MS)
    return { n, done: `did ${n}` }
  },
  lookUp: async (_, key) => (done(key) ? { found: 'succeeded', output: { n: 0, done: 'looked up' } } : { found: 'nothing' }),
}

const model = scriptedModel(followPlan)
const refold = await openRefold({ dir, agents: agentsWith(hands), models: { alpha: model, beta: model } })
const runs = Array.from({ length: Number(count) }, async (_, index) => {
  const message = `plan: read ${index} + note ${index}; pay 1; note 2 + pay 3; ship 4; say done`
  const run = await refold.start('desk', { runId: `run-${index}`, message })
  process.stdout.write(`started ${run.id}\n`)
  await run.untilSettled()
})
await Promise.all(runs)
await refold.close()
