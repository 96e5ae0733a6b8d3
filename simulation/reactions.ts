import type { Command, SettledOutcome } from '../src/fold/decide.ts'
import type { RunView } from '../src/fold/run-view.ts'
import type { Ledger } from './ledger.ts'

/** What people ask for who do whatever a run waits for, each with a name that is the same whenever they ask for the same. */
export const reactions = (view: RunView, ledger: Ledger): readonly (readonly [name: string, command: Command])[] => {
  if (view.state === 'escalated' && view.agent === 'clerk@1') return [['complete', { type: 'complete', by, output: { total: 1 } }]]
  if (view.state === 'escalated') return [[`answer-${view.turn}`, { type: 'answer', by, text: 'I see to it.' }]]
  if (view.state === 'reconsidering') return [[`give-back-${view.revision}`, { type: 'giveBack', by }]]
  if (view.waitsFor === 'message') return [['complete', { type: 'complete', by }]]
  const approvals = view.approvals.map(({ callId }) => [`approve-${callId}`, { type: 'approve', callId, by }] as const)
  const unresolved = view.toolCalls.filter(({ state }) => state === 'unresolved.awaitingHuman')
  const settlements = unresolved.map(
    ({ callId }) =>
      [`settle-${callId}`, { type: 'settleToolCall', callId, by, outcome: truthAbout(ledger, `${view.runId}/${callId}`) }] as const,
  )
  return [...approvals, ...settlements]
}

const by = 'dana'

const truthAbout = (ledger: Ledger, key: string): SettledOutcome =>
  ledger.lines().some((line) => line.key === key)
    ? { succeeded: true, output: { n: 0, done: 'by the books' } }
    : { succeeded: false, message: 'it is not in the books' }
