import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { defineConfig, scriptedModel, type Model } from 'refold'
import { agentsWith, type Hands } from '../simulation/agents.ts'
import { fileLedger, ledgerHands } from '../simulation/ledger.ts'
import { followPlan } from '../simulation/plan.ts'

// What every process of a chaos run loads, in the folder where the ledger of all of them lies.

/** In the working folder of all processes. */
export const LEDGER_FILE = 'ledger.ndjson'

const ledger = fileLedger(join(process.cwd(), LEDGER_FILE))
const script = scriptedModel(followPlan)

const hands = ledgerHands(ledger, String(process.pid))

// Calls take a while, so that whoever is killed has always done something of which nobody was told yet.
const LONGEST_ANSWER_MS = 1_500
const LONGEST_THOUGHT_MS = 300

const slowHands: Hands = {
  ...hands,
  async execute(tool, input, context) {
    const output = await hands.execute(tool, input, context)
    await pause(Math.random() * LONGEST_ANSWER_MS)
    return output
  },
}

const model: Model = {
  isFree: true,
  async call(request, options) {
    await pause(Math.random() * LONGEST_THOUGHT_MS)
    return script.call(request, options)
  },
}

export default defineConfig({
  dir: 'unused',
  agents: agentsWith(slowHands),
  models: { alpha: model, beta: model },
})
