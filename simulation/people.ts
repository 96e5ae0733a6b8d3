import type { RunEvent } from '../src/events/envelope.ts'
import type { DataOf } from '../src/events/run-events.ts'
import { TAKEN_OVER } from '../src/events/taken-over.ts'
import type { Command } from '../src/fold/decide.ts'
import { isUnresolved } from '../src/fold/doubts.ts'
import type { Doubt, RunState } from '../src/fold/run-state.ts'
import { waitsFor, waitsIn } from '../src/fold/standing.ts'
import { keyOfCall } from '../src/runtime/answers/answer-tool-call.ts'
import { movable, NEXT_VERSION } from './agents.ts'
import type { AuditedRun } from './auditor.ts'
import type { Chance } from '../src/evals/statistics/chance.ts'
import type { OutsideWorld } from './outside-world.ts'
import { drawPlan } from './scenario.ts'
import type { Deed } from './tally.ts'
import type { VirtualTime } from './virtual-time.ts'
import type { Callers } from './callers.ts'

/** Users, approvers and operators: they see what a run waits for and, after a while, do something about it. */
export interface People {
  onEvent(run: AuditedRun, event: RunEvent): void
  /** Somebody who needs no reason. */
  interfere(run: AuditedRun): void
  /** From here on nobody is careless: whatever waits is seen to. */
  becomeDiligent(runs: Iterable<AuditedRun>): void
}

export interface PeopleParts {
  readonly time: VirtualTime
  readonly chance: Chance
  readonly world: OutsideWorld
  readonly callers: Callers
  readonly count: (deed: Deed) => void
}

const moveTo = (to: string): Command => ({ type: 'move', by: 'operator', to })
const moves: [Command, ...Command[]] = [moveTo(NEXT_VERSION), moveTo(NEXT_VERSION), moveTo('1')]

const DEEDS: Partial<Record<RunEvent['type'], Deed>> = {
  RunFailed: 'failuresOfCode',
  RunReopened: 'reopenings',
  RunMoved: 'moves',
  RunScored: 'scores',
  RunTakenOver: 'takenOver',
  RunReleased: 'releases',
}

const MOST_MESSAGES = 2
const MOST_RETURNS = 2

interface Patience {
  attending: boolean
  messages: number
  returns: number
}

/** An agent that ends with a result ends with that of a person as well. */
const completed = ({ agent }: AuditedRun, by: string): Command => ({
  type: 'complete',
  by,
  ...(agent.output === undefined ? {} : { output: { total: 2 } }),
})

export const createPeople = ({ time, chance, world, callers, count }: PeopleParts): People => {
  const patience = new Map<string, Patience>()
  let diligent = false

  const patienceFor = (runId: string): Patience => {
    const known = patience.get(runId) ?? { attending: false, messages: 0, returns: 0 }
    patience.set(runId, known)
    return known
  }

  const attend = (run: AuditedRun): void => {
    // Nobody knows of a conversation that another run has begun.
    if (run.states[0]?.started.parent !== undefined && waitsFor(run.states.at(-1) ?? run.states[0]) === 'message') return
    // Whoever is needed is needed in another run, and asked there, unless nobody can go on with this one.
    const newest = run.states.at(-1)
    if (newest !== undefined && waitsIn(newest) !== undefined && !run.isOfOtherCode) return
    const known = patienceFor(run.runId)
    if (known.attending) return
    known.attending = true
    time.schedule(chance.between(100, 4_000), () => {
      known.attending = false
      const state = run.states.at(-1)
      const command =
        state === undefined ? undefined : (repair(state, run) ?? correction(state) ?? reaction(state, run, known) ?? verdict(state))
      if (command !== undefined) callers.send({ runId: run.runId, command })
      upgrade(run)
    })
  }

  /** Somebody has a newer version, and tries it. */
  const upgrade = ({ runId, agent: { name } }: AuditedRun): void => {
    if (!diligent && movable.has(name) && chance.hits(0.08)) callers.send({ runId, command: chance.pick(moves) })
  }

  /** Of a run that code has failed, or that was recorded by code which is not that of its version. */
  const repair = (state: RunState, run: AuditedRun): Command | undefined => {
    if (state.status === 'failed' && state.beforeFailure !== undefined) return { type: 'reopen', by: 'operator' }
    if (!diligent || !run.isOfOtherCode || state.status !== 'active') return undefined
    // Whoever performs something for it may be gone, and its lease has to pass.
    time.schedule(chance.between(2_000, 4_000), () => {
      attend(run)
    })
    return { type: 'move', by: 'operator', to: NEXT_VERSION }
  }

  const reaction = (state: RunState, run: AuditedRun, known: Patience): Command | undefined => {
    switch (waitsFor(state)) {
      case 'message':
        return talk(run, known)
      case 'approval':
        return decideApproval(state, run.runId)
      case 'human':
        return help(state, run, known)
      case 'resume':
        return { type: 'resume', by: 'operator' }
      case undefined:
        return undefined
    }
  }

  const talk = (run: AuditedRun, known: Patience): Command | undefined => {
    if (run.states.at(-1)?.takenOver !== undefined && chance.hits(0.4)) return { type: 'giveBack', by: 'expert', ...noted() }
    known.messages += 1
    if (known.messages <= MOST_MESSAGES && chance.hits(0.6)) return { type: 'sendMessage', text: drawPlan(chance, run.agent.name) }
    return chance.hits(0.5) ? completed(run, 'user') : undefined
  }

  const noted = (): { readonly note?: string } => (chance.hits(0.5) ? { note: 'go on' } : {})

  /** Mostly as it is possible, which is by who has it. */
  const takeOver = (state: RunState | undefined): Command => {
    const holder = chance.hits(0.2) ? undefined : state?.takenOver?.by
    return { type: 'takeOver', by: chance.pick(['expert', 'operator']), ...noted(), ...(holder === undefined ? {} : { from: holder }) }
  }

  const decideApproval = (state: RunState, runId: string): Command | undefined => {
    const [asked] = state.approvals.values()
    if (asked === undefined || (!diligent && chance.hits(0.2))) return undefined
    if (!diligent && chance.hits(0.2)) {
      approveAtTheLastMoment(runId, asked)
      return undefined
    }
    if (chance.hits(0.25)) return { type: 'deny', callId: asked.callId, by: 'approver', reason: 'no' }
    const changed = asked.subject.tool !== undefined && chance.hits(0.3) ? { input: { n: chance.below(14), note: 'changed' } } : {}
    return { type: 'approve', callId: asked.callId, by: 'approver', ...(chance.hits(0.5) ? { digest: asked.digest } : {}), ...changed }
  }

  const approveAtTheLastMoment = (runId: string, { callId, expiresAt }: DataOf<'ApprovalRequested'>): void => {
    const command: Command = { type: 'approve', callId, by: 'approver' }
    time.schedule(expiresAt - time.now() + chance.between(-20, 20), () => callers.send({ runId, command }))
  }

  const help = (state: RunState, run: AuditedRun, known: Patience): Command => {
    if (chance.hits(0.2) && known.messages++ < MOST_MESSAGES) return { type: 'sendMessage', text: drawPlan(chance, run.agent.name) }
    const unresolved = [...state.owed.values()].find(({ intent }) => intent === 'lookUp')
    if (unresolved !== undefined) return settle(state, unresolved.key)
    if (known.returns < MOST_RETURNS && chance.hits(0.5)) {
      known.returns += 1
      return { type: 'giveBack', by: 'expert', ...(chance.hits(0.5) ? { note: 'go on', limits: { tokens: 100_000 } } : {}) }
    }
    return chance.pick<Command>([
      { type: 'answer', by: 'expert', text: 'so it is' },
      { type: 'fail', by: 'expert', reason: 'no way' },
      completed(run, 'expert'),
    ])
  }

  /** Of a call that its run did not wait for, or of which somebody has said what is not so. */
  const correction = (state: RunState): Command | undefined => {
    const isWrong = (doubt: Doubt): boolean => doubt.said === 'didNot' && world.happened(doubt.idempotencyKey)
    const wrong = [...state.doubts.values()].find((doubt) => !state.calls.has(doubt.callId) && (isUnresolved(doubt) || isWrong(doubt)))
    return wrong === undefined || (!diligent && chance.hits(0.5)) ? undefined : settle(state, wrong.callId)
  }

  const settle = (state: RunState, callId: string): Command => {
    const key = state.doubts.get(callId)?.idempotencyKey ?? keyOfCall(state, callId)
    const happened = world.happened(key)
    return {
      type: 'settleToolCall',
      callId,
      by: 'expert',
      outcome: happened
        ? { succeeded: true, output: { n: 0, done: 'by the books' } }
        : { succeeded: false, message: 'it is not in the books' },
    }
  }

  /** What somebody makes of a run that is over, or goes on by itself. */
  const verdict = ({ revision }: RunState): Command | undefined => (chance.hits(0.2) ? score(revision) : undefined)

  const score = (revision: number): Command => ({ type: 'score', name: 'thumbs', by: 'user', value: chance.below(2), revision })

  /** Somebody changes their mind while another run works for this one. */
  const changeMind = ({ runId }: AuditedRun, event: RunEvent): void => {
    if (event.type !== 'ChildRunRequested' || diligent || !chance.hits(0.3)) return
    const command: Command = { type: 'cancel', by: 'user', reason: 'no longer needed' }
    time.schedule(chance.between(0, 3_000), () => callers.send({ runId, command }))
  }

  return {
    onEvent(run, event) {
      const before = run.states.at(-2)
      const hadChild = [...(before?.owed.values() ?? [])].some(({ intent }) => intent === 'startChildRun')
      if (event.type === 'RunCancelled' && hadChild) count('cancelledParents')
      changeMind(run, event)
      const deed = DEEDS[event.type]
      if (deed !== undefined && !(event.type === 'RunFailed' && event.data.by !== 'refold')) count(deed)
      if (event.type === 'ToolCallRejected' && event.data.reason === 'repeated') count('repeatedActs')
      if (event.type === 'ModelCallFailed' && event.data.class === TAKEN_OVER) count('takenOverAtWork')
      if (event.type === 'ApprovalGranted' && event.data.input !== undefined) count('changedArguments')
      attend(run)
    },
    interfere(run) {
      const state = run.states.at(-1)
      const callId = [...(state?.calls.keys() ?? []), ...(state?.approvals.keys() ?? [])].at(-1) ?? '0.0'
      callers.send({
        runId: run.runId,
        command: chance.pick<Command>([
          { type: 'sendMessage', text: drawPlan(chance, run.agent.name) },
          { type: 'pause', by: 'operator' },
          { type: 'pause', by: 'operator', reason: 'to be safe' },
          { type: 'cancel', by: 'operator', reason: 'enough' },
          { type: 'giveBack', by: 'operator' },
          { type: 'giveBack', by: 'expert', note: 'go on' },
          takeOver(state),
          takeOver(state),
          { type: 'approve', callId, by: 'operator' },
          { type: 'deny', callId, by: 'operator', reason: 'never' },
          ...(state === undefined ? [] : [settle(state, callId)]),
          { type: 'complete', by: 'operator', output: { total: 3 } },
          score(chance.below(20)),
          ...(movable.has(run.agent.name) ? moves : []),
        ]),
      })
    },
    becomeDiligent(runs) {
      diligent = true
      for (const run of runs) attend(run)
    },
  }
}
