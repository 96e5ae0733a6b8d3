import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { agentsWith, type Hands } from '../../simulation/agents.ts'
import { followPlan } from '../../simulation/plan.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import type { Run } from '../../src/runtime/run-handle.ts'
import type { RunView } from '../../src/fold/run-view.ts'
import { scenarios, type Scenario } from '../support/scenarios.ts'
import { eventsOf, manualClock, openWorld, type ManualClock, type World } from '../support/world.ts'

/** What has happened outside, by key: it outlives every process. */
type Ledger = Map<string, { readonly effect: string; readonly n: number; times: number }>

const handsWith = (ledger: Ledger): Hands => ({
  execute: (tool, input, { idempotencyKey }) => {
    const { n } = input as { n: number }
    const entry = ledger.get(idempotencyKey) ?? { effect: tool.effect, n, times: 0 }
    entry.times += 1
    ledger.set(idempotencyKey, entry)
    return Promise.resolve({ n, done: `did ${n}` })
  },
  lookUp: (_, key) => {
    const entry = ledger.get(key)
    return Promise.resolve(
      entry === undefined ? { found: 'nothing' } : { found: 'succeeded', output: { n: entry.n, done: `did ${entry.n}` } },
    )
  },
})

interface Death {
  readonly append: number
  readonly moment: 'before' | 'after'
}

interface Mortal {
  readonly log: EventLog
  readonly isDead: () => boolean
  readonly appends: () => number
}

const never = <T>(): Promise<T> => new Promise(() => undefined)

/** A process ends at one of its appends: right before it is stored, or right after, so that nobody hears of it. */
const mortal = (log: EventLog, death: Death | undefined): Mortal => {
  let appends = 0
  let dead = false
  return {
    isDead: () => dead,
    appends: () => appends,
    log: {
      ...log,
      async append(stream, expected, events) {
        if (dead) return never()
        appends += 1
        if (appends !== death?.append) return log.append(stream, expected, events)
        dead = true
        if (death.moment === 'after') await log.append(stream, expected, events)
        return never()
      },
    },
  }
}

interface Outside {
  readonly log: EventLog
  readonly clock: ManualClock
  readonly ledger: Ledger
}

const openOn = ({ clock, ledger }: Outside, log: EventLog, owner: string): World =>
  openWorld({
    agents: agentsWith(handsWith(ledger)),
    models: { alpha: scriptedModel(followPlan), beta: scriptedModel(followPlan) },
    log,
    clock,
    owner,
    ownerIsGone: (other) => other !== owner,
  })

const RUN = 'run'

/** Runs a scenario to its end, or to the death of the process. People repeat their commands with the same id until they are granted. */
const live = async (world: World, scenario: Scenario, isDead: () => boolean): Promise<RunView | undefined> => {
  const { agent, message, input } = scenario
  const unless = async <T>(work: Promise<T>): Promise<T | undefined> => {
    let result: T | undefined
    let failed: unknown
    work.then(
      (value) => (result = value),
      (error: unknown) => (failed = error),
    )
    for (let turns = 0; turns < 2_000 && result === undefined && !isDead(); turns++) {
      if (failed !== undefined) throw failed as Error
      await nextTurn()
      world.clock.next()
    }
    return isDead() ? undefined : result
  }
  const begun = await unless(
    world.refold.start(agent, { runId: RUN, ...(message === undefined ? {} : { message }), ...(input === undefined ? {} : { input }) }),
  )
  if (begun === undefined) return undefined
  await unless(world.refold.runtime.wake(RUN))
  for (let steps = 0; steps < 20; steps++) {
    const view = await unless(begun.untilSettled())
    if (view === undefined || isDead()) return undefined
    const command = reaction(begun, view, scenario)
    if (command === undefined) return view
    await unless(command.catch(() => undefined).then(() => true))
  }
  throw new Error('the people never came to an end')
}

const by = 'dana'

const MINE = 'I see to it.'

/** Of a conversation that is at rest: the next of taking it over, its user's next message, and giving it back, that has not happened. */
const conversation = (run: Run, { takenOver, transcript }: RunView): Promise<void> | undefined => {
  const isAnswered = transcript.some(({ parts }) => parts.some((part) => part.type === 'text' && part.text === MINE))
  if (takenOver === null) return isAnswered ? undefined : run.takeOver({ by })
  return isAnswered ? run.giveBack({ by }) : run.send({ message: 'plan: note 2; say more', commandId: 'more' })
}

const reaction = (run: Run, view: RunView, { grantedInput, takenOver }: Scenario): Promise<void> | undefined => {
  if (takenOver === true && view.waitsFor === 'message') return conversation(run, view)
  const [approval] = view.approvals
  if (approval !== undefined)
    return run.approve(approval.callId, {
      by,
      input: grantedInput?.((approval.subject as { readonly input: { readonly n: number } }).input),
    })
  const unresolved = view.toolCalls.find(({ state }) => state === 'unresolved.awaitingHuman')
  if (unresolved !== undefined) {
    const { n } = unresolved.input as { n: number }
    return run.settleToolCall(unresolved.callId, { by, outcome: { succeeded: true, output: { n, done: `did ${n}` } } })
  }
  return view.state === 'escalated' ? run.answer({ by, text: MINE }) : undefined
}

/** What a user would notice. */
const seen = ({ status, state, answer, output, transcript, turn }: RunView): unknown => ({
  status,
  state,
  answer,
  output,
  transcript,
  turn,
})

/** An effect may be repeated only under its own key, and one of a `once` tool never. */
const doneTwice = (ledger: Ledger): unknown[] => [...ledger].filter(([, { effect, times }]) => effect === 'once' && times > 1)

const outside = (): Outside => {
  const clock = manualClock()
  return { clock, log: memoryEventLog({ clock }), ledger: new Map() }
}

const undisturbed = async (scenario: Scenario): Promise<{ view: RunView; appends: number; effects: number }> => {
  const there = outside()
  const process = mortal(there.log, undefined)
  const view = await live(openOn(there, process.log, 'here/1/a'), scenario, process.isDead)
  return { view: view!, appends: process.appends(), effects: there.ledger.size }
}

const disturbed = async (scenario: Scenario, death: Death): Promise<{ view: RunView; there: Outside; world: World }> => {
  const there = outside()
  const process = mortal(there.log, death)
  const before = await live(openOn(there, process.log, 'here/1/a'), scenario, process.isDead)
  expect(before, 'the process was to die').toBeUndefined()
  const world = openOn(there, there.log, 'here/2/bb')
  return { view: (await live(world, scenario, () => false))!, there, world }
}

const withPerson: Readonly<Record<string, Scenario>> = {
  'a conversation that a person takes over and gives back': { agent: 'desk', message: 'plan: note 1; say done', takenOver: true },
}

describe.each(Object.entries({ ...scenarios, ...withPerson }))('a process that ends while it runs %s', (_, scenario) => {
  test('at any of its appends leaves a run that another process brings to the same end', async () => {
    const expected = await undisturbed(scenario)
    expect(expected.appends).toBeGreaterThan(2)
    for (let append = 1; append <= expected.appends; append++) {
      for (const moment of ['before', 'after'] as const) {
        const place = `${moment} append ${append} of ${expected.appends}`
        const { view, there, world } = await disturbed(scenario, { append, moment })
        expect(seen(view), place).toEqual(seen(expected.view))
        // A call that was claimed and never begun is settled by people where no look-up can, so there may be one effect less.
        expect(there.ledger.size, place).toBeLessThanOrEqual(expected.effects)
        expect(doneTwice(there.ledger), place).toEqual([])
        expect((await world.refold.run(RUN).verify()).ok, place).toBe(true)
        const revisions = (await eventsOf(world, RUN)).map(({ revision }) => revision)
        expect(revisions, place).toEqual(revisions.map((_revision, index) => index))
      }
    }
  })
})
