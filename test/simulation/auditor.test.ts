import { describe, expect, test } from 'vitest'
import { agentsWith } from '../../simulation/agents.ts'
import { createAuditor } from '../../simulation/auditor.ts'
import { followPlan } from '../../simulation/plan.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import type { StoredEvent } from '../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { manualClock, openWorld, settle } from '../support/world.ts'

const agents = agentsWith({
  execute: (_, input) => Promise.resolve({ n: (input as { n: number }).n, done: 'done' }),
  lookUp: () => Promise.resolve({ found: 'unknown' }),
})

/** One turn with a read, a payment and an answer, as the log has it. */
const history = async (): Promise<StoredEvent[]> => {
  const clock = manualClock()
  const log = memoryEventLog({ clock })
  const model = scriptedModel(followPlan)
  const world = openWorld({ agents, models: { alpha: model, beta: model }, log, clock })
  await settle(world, await world.refold.start('desk', { runId: 'run-1', message: 'plan: read 1 + pay 2; say done' }))
  const events: StoredEvent[] = []
  for await (const event of log.readAll()) events.push(event)
  return events
}

const audit = (events: readonly StoredEvent[]): readonly string[] => {
  const auditor = createAuditor({
    agents: Map.groupBy(agents, ({ id }) => id),
    payloads: new Map(),
    mayTakeOver: () => false,
    onEvent: () => undefined,
  })
  for (const event of events) auditor.stored(event)
  return auditor.problems
}

const changed = (events: readonly StoredEvent[], type: string, change: (event: StoredEvent) => StoredEvent): StoredEvent[] => {
  const at = events.findIndex((event) => event.type === type)
  return events.map((event, index) => (index === at ? change(event) : event))
}

describe('the auditor of the simulation', () => {
  test('finds nothing in a history as it was', async () => {
    expect(audit(await history())).toEqual([])
  })

  test('finds an event whose data was changed', async () => {
    const tampered = changed(await history(), 'ToolCallSucceeded', (event) => ({ ...event, data: event.data.replace('done', 'gone') }))
    expect(audit(tampered)[0]).toMatch(/differs at revision \d+ \(ToolCallSucceeded\): hash/)
  })

  test('finds another place than the charts lead to', async () => {
    const tampered = changed(await history(), 'ModelCallSucceeded', (event) => ({
      ...event,
      meta: event.meta.replace('acting', 'thinking'),
    }))
    expect(audit(tampered)[0]).toMatch(/differs at revision 3/)
  })

  test('finds an event that is missing', async () => {
    const events = (await history()).filter(({ type }) => type !== 'ToolCallRequested')
    expect(audit(events)[0]).toMatch(/differs at revision/)
  })

  test('finds an event that was stored twice', async () => {
    const events = await history()
    const again = events.flatMap((event) => (event.type === 'ToolCallSucceeded' ? [event, event] : [event]))
    expect(audit(again)[0]).toMatch(/differs at revision/)
  })

  test('finds an event that is not of its published shape', async () => {
    const tampered = changed(await history(), 'TurnCompleted', (event) => ({ ...event, data: '{"turn":1,"outcome":"fine"}' }))
    expect(audit(tampered)[0]).toMatch(/TurnCompleted: outcome/)
  })
})
