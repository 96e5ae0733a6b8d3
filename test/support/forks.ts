import { agentsWith } from '../../simulation/agents.ts'
import { followPlan } from '../../simulation/plan.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import type { RunView } from '../../src/fold/run-view.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import type { Run } from '../../src/runtime/run-handle.ts'
import type { Scenario } from './scenarios.ts'
import { eventsOf, manualClock, openWorld, settle, type ManualClock, type World } from './world.ts'

// Runs to be forked, and all that is outside of them, counted.

export interface Outside {
  readonly log: EventLog
  readonly clock: ManualClock
  /** Keys of the calls that tools were given, by tool. */
  readonly executed: { readonly tool: string; readonly key: string }[]
  looks: number
  prompts: number
}

export const outside = (): Outside => {
  const clock = manualClock()
  return { clock, log: memoryEventLog({ clock }), executed: [], looks: 0, prompts: 0 }
}

export const openOn = (there: Outside, owner = 'here/1/a', log = there.log): World =>
  openWorld({
    agents: agentsWith({
      execute: (tool, input, { idempotencyKey }) => {
        there.executed.push({ tool: tool.name, key: idempotencyKey })
        return Promise.resolve({ n: (input as { n: number }).n, done: `did ${(input as { n: number }).n}` })
      },
      lookUp: () => {
        there.looks += 1
        return Promise.resolve({ found: 'nothing' })
      },
    }),
    models: Object.fromEntries(
      ['alpha', 'beta'].map((name) => [
        name,
        scriptedModel((request) => {
          there.prompts += 1
          return followPlan(request)
        }),
      ]),
    ),
    log,
    clock: there.clock,
    owner,
    ownerIsGone: (other) => other !== owner,
  })

export const by = 'dana'

export const throughPeople = async (world: World, run: Run, { grantedInput }: Pick<Scenario, 'grantedInput'> = {}): Promise<RunView> => {
  for (let steps = 0; steps < 20; steps++) {
    const view = await settle(world, run)
    const [approval] = view.approvals
    if (approval === undefined) return view
    const input = grantedInput?.((approval.subject as { readonly input: { readonly n: number } }).input)
    await run.approve(approval.callId, { by, input })
  }
  throw new Error('the people never came to an end')
}

export const played = async (
  there: Outside,
  { agent, message, input, ...people }: Scenario,
): Promise<{ world: World; origin: Run; events: RunEvent[] }> => {
  const world = openOn(there)
  const origin = await world.refold.start(agent, { runId: 'origin', ...(message && { message }), ...(input !== undefined && { input }) })
  await throughPeople(world, origin, people)
  return { world, origin, events: await eventsOf(world, 'origin') }
}

/** All but those before the message that a person has sent, and the end. */
export const forkable = (events: readonly RunEvent[]): number[] => {
  const said = events.findIndex(({ type }) => type === 'MessageReceived')
  return events.flatMap(({ type, revision }) =>
    revision < said || ['RunCompleted', 'RunFailed', 'RunCancelled'].includes(type) ? [] : [revision],
  )
}
