import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { defineConfig, scriptedModel } from 'refold'
import { agentsWith } from '../../simulation/agents.ts'
import { fileLedger, ledgerHands } from '../../simulation/ledger.ts'
import { followPlan } from '../../simulation/plan.ts'

// Tools whose effects are written to `ledger.ndjson` in the working folder, and which give no answer while a file `hold` lies there.

const folder = process.cwd()
const hands = ledgerHands(fileLedger(join(folder, 'ledger.ndjson')), String(process.pid))
const model = scriptedModel(followPlan)

export default defineConfig({
  dir: 'unused',
  // Both calls of one answer are under way at once.
  agents: agentsWith({
    ...hands,
    async execute(tool, input, context) {
      const output = await hands.execute(tool, input, context)
      while (existsSync(join(folder, 'hold'))) await pause(20)
      return output
    },
  }).map((agent) => ({ ...agent, toolCalls: 'parallel' })),
  models: { alpha: model, beta: model },
})
