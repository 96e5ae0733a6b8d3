import { describe, expect, test } from 'vitest'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { diffRuns } from '../../../src/projections/run-diff.ts'
import { PAYLOAD_GRACE_MS } from '../../../src/runtime/erase.ts'
import type { ForkOptions } from '../../../src/runtime/forks/fork-options.ts'
import { by, forkable, openOn, outside, played, throughPeople } from '../../support/forks.ts'
import { scenarios } from '../../support/scenarios.ts'
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

describe('a fork', () => {
  const MESSAGE = 'plan: read 1 + note 2; pay 3; say done'
  const lively = (events: readonly RunEvent[]): string[] =>
    events.flatMap(({ data }) => ('source' in data && data.source !== undefined ? [data.source] : []))

  test.each<[string, Partial<ForkOptions>, string]>([
    ['instructions', { instructions: 'Do what the plan says, in verse.' }, 'desk@1'],
    ['a model', { model: 'beta/three' }, 'desk@1'],
    ['a version', { agentVersion: '2' }, 'desk@2'],
  ])('that changes %s asks models anew and takes the results of equal calls from the record', async (_, change, agent) => {
    const there = outside()
    const { world, origin, events } = await played(there, { agent: 'desk', message: MESSAGE })
    const [prompts, executed] = [there.prompts, there.executed.length]
    const fork = await origin.fork({ ...change, at: 1, by, runId: 'fork' })
    const view = await throughPeople(world, fork)
    const own = await eventsOf(world, 'fork')
    expect(view).toMatchObject({ agent, answer: 'I say: done', fork: { counts: { live: 3, recorded: 3, real: 0 } } })
    expect(there.prompts - prompts).toBe(3)
    expect(there.executed).toHaveLength(executed)
    if (change.model !== undefined)
      expect(own.find(({ type }) => type === 'ModelCallRequested')?.data).toMatchObject({ model: change.model })
    expect((await fork.verify()).ok).toBe(true)
    const { partsAt, prompts: asked, common } = diffRuns(events, own)
    // Of another version it says so from its first event on.
    const isOther = change.agentVersion !== undefined
    expect({ partsAt, common }).toEqual(isOther ? { partsAt: { a: 0, b: 0 }, common: 0 } : { partsAt: { a: 2, b: 3 }, common: 2 })
    expect(asked === null).toBe(false)
  })

  test('of a fork goes on from what both have come to, under the instructions of the first', async () => {
    const there = outside()
    const { world, origin } = await played(there, { agent: 'desk', message: 'plan: read 1; note 2; pay 3; say done' })
    const first = await origin.fork({ at: 1, by, runId: 'first', instructions: 'Do it in verse.' })
    await throughPeople(world, first)
    const events = await eventsOf(world, 'first')
    const [prompts, executed] = [there.prompts, there.executed.length]
    const from = events.findLastIndex(({ type }) => type === 'ToolCallSucceeded')
    for (const at of forkable(events).filter((revision) => revision > 2)) {
      const second = await first.fork({ at, by, runId: `second-${at}`, modelCalls: 0 })
      const view = await throughPeople(world, second)
      expect(view, `at ${at}`).toMatchObject({
        answer: 'I say: done',
        fork: { runId: 'first', revision: at, counts: { live: 0, real: 0 } },
      })
      expect(diffRuns(events, await eventsOf(world, second.id)).partsAt, `at ${at}`).toEqual({ a: null, b: null })
      expect((await second.verify()).ok, `at ${at}`).toBe(true)
    }
    expect(there.prompts).toBe(prompts)
    const other = await first.fork({ at: from, by, runId: 'other', message: 'plan: say otherwise' })
    expect(await throughPeople(world, other)).toMatchObject({ fork: { runId: 'first' } })
    const asked = (await eventsOf(world, 'other')).findLast(({ type }) => type === 'ModelCallRequested')
    const inFirst = events.find(({ type }) => type === 'ModelCallRequested')
    expect((asked?.data as { promptHash: string }).promptHash).toBe((inFirst?.data as { promptHash: string }).promptHash)
    expect(there.executed).toHaveLength(executed)
  })

  test('executes tools that only read where it is told so, and no other', async () => {
    const there = outside()
    const { world, origin } = await played(there, WRITES)
    const executed = there.executed.length
    const options = { at: 1, by, message: 'plan: read 7 + note 8; say done', samples: true }
    await throughPeople(world, await origin.fork({ ...options, runId: 'sealed' }))
    expect(there.executed).toHaveLength(executed)
    const reading = await origin.fork({ ...options, runId: 'reading', reads: true })
    await throughPeople(world, reading)
    expect(there.executed.slice(executed).map(({ tool }) => tool)).toEqual(['read'])
    expect(lively(await eventsOf(world, 'reading')).toSorted()).toEqual(['live', 'live', 'real', 'simulated'])
    expect((await reading.state()).fork?.counts).toMatchObject({ real: 1, simulated: 1 })
  })

  test('has all that was said in its origin, also where that is deleted while it is copied', async () => {
    const there = outside()
    let atCopy: (() => Promise<unknown>) | undefined
    const append: EventLog['append'] = async (stream, ...given) => {
      const act = stream.endsWith('fork') ? atCopy : undefined
      atCopy = stream.endsWith('fork') ? undefined : atCopy
      await act?.()
      return there.log.append(stream, ...given)
    }
    const world = openOn(there, 'here/1/a', { ...there.log, append })
    const long = 'x'.repeat(200_000)
    const origin = await world.refold.start('desk', { runId: 'origin', message: `plan: note 1; say ${long}` })
    await throughPeople(world, origin)
    await origin.complete({ by })
    there.clock.advance(PAYLOAD_GRACE_MS + 1)
    const erased: unknown[] = []
    atCopy = async () => erased.push(await world.refold.delete('origin', { by }))
    const fork = await origin.fork({ at: 1, by, runId: 'fork', samples: true })
    const view = await throughPeople(world, fork)
    expect(erased).toMatchObject([{ runs: ['origin'] }])
    expect(view.answer).toBe(`I say: ${long}`)
    expect(view.fork?.counts).toMatchObject({ recorded: 0, live: 2, real: 0 })
    there.clock.advance(PAYLOAD_GRACE_MS + 1)
    await world.refold.delete('origin', { by })
    expect((await fork.verify()).ok).toBe(true)
    await expect(origin.fork({ at: 1, by, runId: 'late' })).rejects.toMatchObject({ code: 'RunDeleted' })
  })
})
