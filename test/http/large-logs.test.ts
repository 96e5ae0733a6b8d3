import { textContent } from '../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { streamOf } from '../../src/events/codec.ts'
import type { RecordedRunEvent } from '../../src/events/envelope.ts'
import { seal } from '../../src/fold/seal.ts'
import type { RunFact } from '../../src/events/run-events.ts'
import { eventsOf } from '../support/world.ts'
import { connect, framesUntil } from './event-source.ts'
import { deskAgent, openService, type Service } from './service.ts'

const MIB = 1024 * 1024

interface Page {
  readonly events: readonly RecordedRunEvent[]
  readonly next: number | null
}

/** Records a fact as an older version would have, which looked at nothing. */
const recordAsBefore = async ({ world }: Service, runId: string, fact: RunFact): Promise<void> => {
  const before = await world.refold.runtime.current(runId)
  const origin = { runId, id: crypto.randomUUID(), at: world.clock.now(), agent: deskAgent.id, correlationId: runId }
  const { texts } = seal(deskAgent.program, before, fact, origin)
  await world.log.append(streamOf(runId), before.revision, [texts])
}

describe('a page of events', { timeout: 60_000 }, () => {
  test('ends at some MiB, however many events are asked for, and the next one goes on behind it', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    // Each of them lies in the blob store, and comes back in its place.
    for (let sent = 0; sent < 6; sent++) await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'x'.repeat(MIB - 10) } })
    await service.settle(runId)
    const revisions: number[] = []
    let pages = 0
    for (let from: number | null = 0; from !== null; pages++) {
      const text = await (await fetch(`${service.url}/v1/runs/${runId}/events?limit=1000&from=${from}`)).text()
      expect(text.length).toBeLessThan(6 * MIB)
      const body = JSON.parse(text) as Page
      revisions.push(...body.events.map(({ revision }) => revision))
      from = body.next
    }
    expect(revisions).toEqual((await eventsOf(service.world, runId)).map(({ revision }) => revision))
    expect(pages).toBeGreaterThan(1)
    const said = await (await fetch(`${service.url}/v1/runs/${runId}/transcript`)).text()
    expect(said.length).toBeLessThan(6 * MIB)
    const all = (await service.world.refold.run(runId).state()).transcript
    const shown = JSON.parse(said) as { readonly messages: readonly unknown[]; readonly omitted: number }
    expect(shown.omitted).toBeGreaterThan(0)
    expect(shown.messages).toEqual(JSON.parse(JSON.stringify(all.slice(shown.omitted))))
  })
})

describe('a run in which an older version has recorded JSON of thousands of levels', () => {
  const levels = 20_000
  const deep = JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as []

  test('can be read, followed, listed and verified, and so can the others', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    await recordAsBefore(service, runId, { type: 'MessageReceived', data: { parts: textContent('Deep'), data: deep } })
    const other = await service.run('Hello')
    const { revision } = await service.world.refold.run(runId).state()
    const text = await (await fetch(`${service.url}/v1/runs/${runId}/events?from=${revision}`)).text()
    expect(text).toContain('['.repeat(levels))
    const stream = await connect(`${service.url}/v1/runs/${runId}/events?from=${revision}`)
    const [frame] = (await framesUntil(stream, ({ event }) => event === 'event')).slice(-1)
    expect(frame?.data).toContain(']'.repeat(levels))
    expect((await service.ask(`GET /v1/runs/${runId}`)).status).toBe(200)
    expect((await service.ask(`GET /v1/runs/${runId}/verification`)).body).toMatchObject({ ok: true })
    const { body } = await service.ask<{ runs: { runId: string; problem?: string }[] }>('GET /v1/runs')
    expect(body.runs.map((row) => [row.runId, row.problem])).toEqual(
      expect.arrayContaining([
        [runId, undefined],
        [other, undefined],
      ]),
    )
  })

  test('can be looked at where it is its result', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    await recordAsBefore(service, runId, { type: 'RunCompleted', data: { by: 'ann', output: deep } })
    const response = await fetch(`${service.url}/v1/runs/${runId}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.text()).toContain(`"output":${'['.repeat(levels)}`)
  })
})
