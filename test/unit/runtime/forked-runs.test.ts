import { describe, expect, test } from 'vitest'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import type { RunEvent } from '../../../src/events/envelope.ts'
import type { ForkOptions } from '../../../src/runtime/forks/fork-options.ts'
import { by, forkable, openOn, outside, played, scenarios, throughPeople } from '../../support/forks.ts'
import { eventsOf, settle, type ManualClock } from '../../support/world.ts'

/** What happened, without the names and times that every run has for itself. */
const happened = (events: readonly RunEvent[]): string[] =>
  events.flatMap(({ type, data, meta }) => {
    if (type === 'TimerScheduled' || type === 'RunForked' || type === 'ChildRunReported') return []
    const place = meta.to.split('; ')[0]
    const { output, input, parts, message } = data as Record<string, unknown>
    return [`${type} ${place} ${JSON.stringify({ output, input, parts, message })}`]
  })

describe.each(Object.entries(scenarios))('an unchanged fork of a run with %s', (_, scenario) => {
  test('comes to the same end from each revision, without a model call, a tool call, a look-up or another run', async () => {
    const there = outside()
    const { world, origin, events } = await played(there, scenario)
    const before = { executed: there.executed.length, looks: there.looks, prompts: there.prompts }
    const runs = new Set<string>()
    for (const at of forkable(events)) {
      const fork = await origin.fork({ at, by, runId: `fork-${at}`, modelCalls: 0 })
      const view = await settle(world, fork)
      const own = await eventsOf(world, fork.id)
      const wanted = happened(events)
      const found = happened(own)
      const claims = (all: string[]): string[] => all.filter((line) => !line.includes('Requested '))
      expect(claims(found), `at ${at}`).toEqual(claims(wanted))
      expect(view.state, `at ${at}`).toBe((await origin.state()).state)
      expect((await fork.verify()).ok, `at ${at}`).toBe(true)
      runs.add(fork.id)
    }
    expect({ executed: there.executed.length, looks: there.looks, prompts: there.prompts }).toEqual(before)
    expect(await eventsOf(world, 'origin')).toEqual(events)
  })
})

/** At one of its appends a process ends: before it is stored, or right after. */
const mortal = (log: EventLog, death: { readonly append: number; readonly isStored: boolean }) => {
  let appends = 0
  const state = { isDead: false, appends: () => appends }
  const never = <T>(): Promise<T> => new Promise(() => undefined)
  const append: EventLog['append'] = async (...given) => {
    if (state.isDead) return never()
    appends += 1
    if (appends !== death.append) return log.append(...given)
    state.isDead = true
    if (death.isStored) await log.append(...given)
    return never()
  }
  return Object.assign(state, { log: { ...log, append } })
}

const untilDeath = async (clock: ManualClock, work: Promise<unknown>, isDead: () => boolean): Promise<void> => {
  let isOver = false
  void work.then(
    () => (isOver = true),
    () => (isOver = true),
  )
  for (let turns = 0; turns < 2_000 && !isOver && !isDead(); turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.next()
  }
}

const WRITES = { agent: 'desk', message: 'plan: note 1; pay 3 + note 2; pay 4; say done' }

describe('a fork of a run whose tools write', () => {
  const firstAnswer = (events: readonly RunEvent[]): number => events.find(({ type }) => type === 'ModelCallSucceeded')?.revision ?? 0
  const options: Omit<ForkOptions, 'at'> = { by, runId: 'fork', message: 'plan: pay 9; note 5; say otherwise', samples: true }

  test('executes none of them, though other words lead to other calls', async () => {
    const there = outside()
    const { world, origin } = await played(there, WRITES)
    const executed = there.executed.length
    const fork = await origin.fork({ ...options, at: 1 })
    const view = await throughPeople(world, fork)
    expect(view.answer).toBe('I say: otherwise')
    expect(there.executed).toHaveLength(executed)
    const results = (await eventsOf(world, 'fork')).filter(({ type, revision }) => type === 'ToolCallSucceeded' && revision > 1)
    expect(results.map(({ data }) => (data as { source?: string }).source)).toEqual(['simulated', 'simulated'])
    expect((await fork.verify()).ok).toBe(true)
  })

  test('executes none of them either where a process ends at any of its appends and another goes on with it', async () => {
    for (let append = 1, hasMore = true; hasMore; append++) {
      for (const isStored of [false, true]) {
        const there = outside()
        const { origin, events } = await played(there, WRITES)
        const executed = there.executed.length
        const at = append % 2 === 0 ? 1 : firstAnswer(events)
        const asked = { ...options, at, message: 'plan: pay 9; note 5; say otherwise' }
        const process = mortal(there.log, { append, isStored })
        const dying = openOn(there, 'here/2/bb', process.log)
        const begun = dying.refold
          .run(origin.id)
          .fork(asked)
          .then((fork) => throughPeople(dying, fork))
        await untilDeath(there.clock, begun, () => process.isDead)
        hasMore = process.isDead
        const next = openOn(there, 'here/3/ccc')
        const fork = await next.refold.run(origin.id).fork(asked)
        await next.refold.runtime.wake('fork')
        const view = await throughPeople(next, fork)
        expect(view.answer, `append ${append}`).toBe('I say: otherwise')
        expect(there.executed, `append ${append}`).toHaveLength(executed)
        expect((await fork.verify()).ok, `append ${append}`).toBe(true)
      }
    }
  })

  test('asks a person what a call would have brought, unless it is told', async () => {
    const there = outside()
    const { world, origin } = await played(there, WRITES)
    const executed = there.executed.length
    const fork = await origin.fork({
      at: 1,
      by,
      message: 'plan: pay 9; note 5; say otherwise',
      simulate: { note: { n: 5, done: 'simulated' } },
    })
    const asked = await throughPeople(world, fork)
    expect(asked.waitsFor).toBe('human')
    const [call] = asked.unresolved
    await fork.settleToolCall(call?.callId ?? '', { by, outcome: { succeeded: true, output: { n: 9, done: 'as if' } } })
    const view = await throughPeople(world, fork)
    expect(view.fork?.counts).toEqual({ recorded: 0, simulated: 1, asked: 1, live: 3, real: 0 })
    expect(there.executed).toHaveLength(executed)
  })

  test('executes for real what it is told to, under keys of its own', async () => {
    const there = outside()
    const { world, origin } = await played(there, WRITES)
    const keys = new Set(there.executed.map(({ key }) => key))
    const before = there.executed.length
    const fork = await origin.fork({
      at: 1,
      by,
      message: 'plan: note 1; pay 3; say done',
      real: ['note'],
      simulate: { pay: { n: 3, done: 'as if' } },
    })
    await throughPeople(world, fork)
    const own = there.executed.slice(before)
    // What the origin has recorded for the same arguments is served.
    expect(own).toEqual([])
    const other = await origin.fork({ at: 1, by, message: 'plan: note 8; say done', real: ['note'] })
    await throughPeople(world, other)
    expect(there.executed.slice(before).map(({ tool }) => tool)).toEqual(['note'])
    for (const { key } of there.executed.slice(before)) expect(keys.has(key)).toBe(false)
  })
})
