import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { agentsWith } from '../../simulation/agents.ts'
import { fileLedger, ledgerHands } from '../../simulation/ledger.ts'
import { followPlan } from '../../simulation/plan.ts'
import { reactions } from '../../simulation/reactions.ts'
import { isAppError } from '../../src/errors.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import type { Model } from '../../src/models/model.ts'
import { openRefold, type OpenRefold } from '../../src/open-refold.ts'

// A process that the test kills: it starts runs, performs their effects and plays the people, until it is gone.
// node run-worker.ts <folder> <name of this life> <runs to start>

/** One line of its output. Written at once, so that what is said was so. */
export type WorkerLine =
  | { readonly kind: 'ready' | 'finished' }
  /** A command was granted. */
  | { readonly kind: 'granted'; readonly runId: string; readonly commandId: string }
  | { readonly kind: 'seen'; readonly runId: string; readonly revision: number; readonly state: string }

const [folder = '.', life = 'life', runsToStart = '0'] = process.argv.slice(2)
const ledger = fileLedger(join(folder, 'ledger.ndjson'))

const say = (line: WorkerLine): void => {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

const slow = (model: Model): Model => ({
  isFree: true,
  async call(request, options) {
    await pause(Math.random() * 15)
    return model.call(request, options)
  },
})

const plans: readonly [agent: string, message: string][] = [
  ['desk', 'plan: read 1 + note 2 + pay 3; ship 4 + sign 5; say done'],
  ['desk', 'plan: pay 1; pay 2 + ship 3; pay 4; say done'],
  ['guarded', 'plan: pay 7 + note 1; ship 2; say my card'],
  ['clerk', 'plan: note 1 + ship 2; wrong; say late'],
  ['frugal', 'plan: pay 1 + pay 2; pay 3; say done'],
]

const startRuns = async (refold: OpenRefold): Promise<void> => {
  for (let number = 0; number < Number(runsToStart); number++) {
    const [agent, message] = plans[number % plans.length] ?? ['desk', 'plan: say done']
    const [runId, commandId] = [`${life}-${number}`, `${life}-${number}-start`]
    const isTrip = number % 6 === 5
    await (isTrip ? refold.start('trip', { runId, commandId, input: { n: number } }) : refold.start(agent, { runId, commandId, message }))
    say({ kind: 'granted', runId, commandId })
    await pause(40)
  }
}

/** People do whatever a run waits for. Each command has an id of its own, so that two of them are one. */
const attend = async (refold: OpenRefold, runId: string): Promise<void> => {
  const view = await refold.run(runId).state()
  say({ kind: 'seen', runId, revision: view.revision, state: view.state })
  for (const [what, command] of reactions(view, ledger)) {
    const commandId = `${runId}-${what}`
    await refold.runtime.command(runId, command, { commandId })
    say({ kind: 'granted', runId, commandId })
  }
}

const playPeople = async (refold: OpenRefold): Promise<void> => {
  for (;;) {
    await refold.projector.catchUp()
    const active = await refold.views.list({ status: 'active', limit: 1_000 })
    if (active.length === 0) return
    for (const { runId } of active) {
      await attend(refold, runId).catch((error: unknown) => {
        // The other process was faster.
        if (!isAppError(error, 'NotPossible')) throw error
      })
    }
    await pause(20)
  }
}

const model = slow(scriptedModel(followPlan))
const refold = await openRefold({
  dir: folder,
  agents: agentsWith(ledgerHands(ledger, life)),
  models: { alpha: model, beta: model },
  sweepIntervalMs: 200,
  logger: pino({ level: 'fatal' }, pino.destination(2)),
})
say({ kind: 'ready' })
await Promise.all([startRuns(refold), playPeople(refold)])
await playPeople(refold)
say({ kind: 'finished' })
await refold.close({ graceMs: 1_000 })
