import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { agentsWith, type Hands } from '../../simulation/agents.ts'
import { followPlan } from '../../simulation/plan.ts'
import { isAppError } from '../../src/errors.ts'
import type { Command, SettledOutcome } from '../../src/fold/decide.ts'
import { scriptedModel } from '../../src/models/model.scripted.ts'
import type { Model } from '../../src/models/model.ts'
import { openRefold, type OpenRefold } from '../../src/open-refold.ts'
import type { RunView } from '../../src/runtime/run-view.ts'

// A process that the test kills: it starts runs, performs their effects and plays the people, until it is gone.
// node run-worker.ts <folder> <name of this life> <runs to start>

/** One line of its output. Written at once, so that what is said was so. */
export type WorkerLine =
  | { readonly kind: 'ready' | 'finished' }
  /** A wish was granted. */
  | { readonly kind: 'granted'; readonly runId: string; readonly commandId: string }
  | { readonly kind: 'seen'; readonly runId: string; readonly revision: number; readonly state: string }

/** One line of the ledger in which the tools have their effects. */
export interface LedgerLine {
  readonly key: string
  readonly tool: string
  readonly effect: string
  readonly n: number
  readonly owner: string
}

const [folder = '.', life = 'life', runsToStart = '0'] = process.argv.slice(2)
const ledgerPath = join(folder, 'ledger.ndjson')

const say = (line: WorkerLine): void => {
  writeSync(1, `${JSON.stringify(line)}\n`)
}

const ledger = (): LedgerLine[] =>
  existsSync(ledgerPath)
    ? readFileSync(ledgerPath, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LedgerLine)
    : []

const record = (line: LedgerLine): void => {
  const file = openSync(ledgerPath, 'a')
  writeSync(file, `${JSON.stringify(line)}\n`)
  fsyncSync(file)
  closeSync(file)
}

const hands: Hands = {
  async execute({ name, effect }, input, { idempotencyKey }) {
    const { n } = input as { n: number }
    await pause(Math.random() * 25)
    record({ key: idempotencyKey, tool: name, effect, n, owner: life })
    await pause(Math.random() * 25)
    return { n, done: `did ${n}` }
  },
  async lookUp(_, key) {
    await pause(Math.random() * 10)
    const entry = ledger().find((line) => line.key === key)
    return entry === undefined ? { found: 'nothing' } : { found: 'succeeded', output: { n: entry.n, done: `did ${entry.n}` } }
  },
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

/** People do whatever a run waits for. Each wish has an id of its own, so that two of them are one. */
const attend = async (refold: OpenRefold, runId: string): Promise<void> => {
  const view = await refold.run(runId).state()
  say({ kind: 'seen', runId, revision: view.revision, state: view.state })
  for (const [what, command] of reactions(view)) {
    const commandId = `${runId}-${what}`
    await refold.runtime.command(runId, command, { commandId })
    say({ kind: 'granted', runId, commandId })
  }
}

const by = 'dana'

const reactions = (view: RunView): [what: string, command: Command][] => {
  const approvals = view.approvals.map(({ callId }): [string, Command] => [`approve-${callId}`, { type: 'approve', callId, by }])
  const unresolved = view.toolCalls.filter(({ state }) => state === 'unresolved.awaitingHuman')
  const settlements = unresolved.map(({ callId }): [string, Command] => [
    `settle-${callId}`,
    { type: 'settleToolCall', callId, by, outcome: truthAbout(`${view.runId}/${callId}`) },
  ])
  if (view.state === 'escalated' && view.agent === 'clerk@1') return [['complete', { type: 'complete', by, output: { total: 1 } }]]
  if (view.state === 'escalated') return [[`answer-${view.turn}`, { type: 'answer', by, text: 'I see to it.' }]]
  if (view.waitsFor === 'message') return [['complete', { type: 'complete', by }]]
  return [...approvals, ...settlements]
}

const truthAbout = (key: string): SettledOutcome =>
  ledger().some((line) => line.key === key)
    ? { succeeded: true, output: { n: 0, done: 'by the books' } }
    : { succeeded: false, message: 'it is not in the books' }

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
  agents: agentsWith(hands),
  models: { alpha: model, beta: model },
  sweepIntervalMs: 200,
  logger: pino({ level: 'fatal' }, pino.destination(2)),
})
say({ kind: 'ready' })
await Promise.all([startRuns(refold), playPeople(refold)])
await playPeople(refold)
say({ kind: 'finished' })
await refold.close({ graceMs: 1_000 })
