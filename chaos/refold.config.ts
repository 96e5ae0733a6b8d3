import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { defineConfig, scriptedModel, type Model } from 'refold'
import { agentsWith } from '../simulation/agents.ts'
import { fileLedger, ledgerHands } from '../simulation/ledger.ts'
import { followPlan } from '../simulation/plan.ts'
import { LEDGER_FILE } from './ledger-file.ts'

// What every process of a chaos run loads, in the folder where the ledger of all of them lies.

const ledger = fileLedger(join(process.cwd(), LEDGER_FILE))
const script = scriptedModel(followPlan)

/** A call takes a while, so that some are under way whenever a process is killed. */
const model: Model = {
  isFree: true,
  async call(request, options) {
    await pause(20 + Math.random() * 60)
    return script.call(request, options)
  },
}

export default defineConfig({
  dir: 'unused',
  agents: agentsWith(ledgerHands(ledger, String(process.pid))),
  models: { alpha: model, beta: model },
})
