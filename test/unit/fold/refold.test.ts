import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { agentsWith, type Hands } from '../../../simulation/agents.ts'
import { followPlan } from '../../../simulation/plan.ts'
import { stateText } from '../../../simulation/state-text.ts'
import { decodeEvent, encodeData, encodeMeta, shapeProblems, streamOf } from '../../../src/events/codec.ts'
import type { RunEvent } from '../../../src/events/envelope.ts'
import { runEventTypes } from '../../../src/events/run-events.ts'
import { step } from '../../../src/fold/fold.ts'
import { fingerprint, asideOf } from '../../../src/fold/prompt.ts'
import type { RunState } from '../../../src/fold/run-state.ts'
import { restoreState, saveState } from '../../../src/fold/snapshot.ts'
import { canonicalJson, jsonText } from '../../../src/json.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { failure } from '../../../src/models/scripted/script.ts'
import type { Agent } from '../../../src/runtime/agent.ts'
import { modelRequest } from '../../../src/runtime/answers/model-request.ts'
import { ToolFailure } from '../../../src/tools/tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

interface Lived {
  readonly agent: Agent
  readonly events: readonly RunEvent[]
  /** What the models were asked, in order, as text. */
  readonly requests: readonly string[]
}

/** Tools that fail now and then, the same way each time. */
const hands: Hands = {
  execute: (tool, input, { attempt }) => {
    const { n } = input as { n: number }
    if (n % 5 === 4 && attempt === 1 && tool.effect !== 'once') return Promise.reject(new ToolFailure('not now', { retryable: true }))
    return n % 7 === 6 ? Promise.reject(new Error('no')) : Promise.resolve({ n, done: `did ${n}` })
  },
  lookUp: () => Promise.resolve({ found: 'unknown' }),
}

const liveThrough = async (name: string, plan: string): Promise<Lived> => {
  const requests: string[] = []
  const script = scriptedModel((request, callNumber) => {
    requests.push(JSON.stringify(request))
    return callNumber % 4 === 3 ? failure('server') : followPlan(request)
  })
  const agents = agentsWith(hands)
  const world = openWorld({ agents, models: { alpha: script, beta: script } })
  const run = await world.refold.start(name, name === 'trip' ? { input: { n: 2 } } : { message: plan })
  for (let steps = 0; steps < 12; steps++) {
    const view = await settle(world, run)
    const [approval] = view.approvals
    if (approval !== undefined) await run.approve(approval.callId, { by: 'dana' })
    else if (view.state === 'escalated' && name === 'clerk') await run.complete({ by: 'dana', output: { total: 1 } })
    else if (view.state === 'escalated') await run.answer({ by: 'dana', text: 'I see to it.' })
    else if (view.waitsFor === 'message' && steps < 2) await run.send({ message: 'plan: read 1; say bye' })
    else break
  }
  return { agent: agents.find((agent) => agent.name === name)!, events: await eventsOf(world, run.id), requests }
}

const call = fc.tuple(fc.constantFrom('read', 'note', 'pay', 'ship', 'mumble'), fc.nat(13)).map(([name, n]) => `${name} ${n}`)
const anyRun = fc.record({
  name: fc.constantFrom('guarded', 'clerk', 'frugal', 'trip'),
  plan: fc
    .array(fc.array(call, { minLength: 1, maxLength: 3 }), { maxLength: 4 })
    .map((answers) => `plan: ${[...answers.map((calls) => calls.join(' + ')), 'say done'].join('; ')}`),
})

const foldAll = ({ agent }: Lived, events: readonly RunEvent[], from?: RunState): RunState =>
  events.reduce<RunState | undefined>((state, event) => ({ ...step(agent.program, state, event).state, hash: event.meta.hash }), from)!

/** Members that a snapshot gives back in another order are the same. */
const anyOrder = (text: string): string => canonicalJson(JSON.parse(text))

describe('a run', () => {
  test('is the same folded at once, in two parts, or on from a snapshot', async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, fc.double({ min: 0, max: 1, noNaN: true }), async ({ name, plan }, share) => {
        const lived = await liveThrough(name, plan)
        const cut = 1 + Math.floor(share * (lived.events.length - 2))
        const whole = stateText(foldAll(lived, lived.events))
        const half = foldAll(lived, lived.events.slice(0, cut))
        expect(stateText(foldAll(lived, lived.events.slice(cut), half))).toBe(whole)
        if (half.status !== 'active') return
        const restored = restoreState(lived.agent.program, [saveState(lived.agent.program, half, 0)!])!
        expect(anyOrder(stateText(restored))).toBe(anyOrder(stateText(half)))
        expect(anyOrder(stateText(foldAll(lived, lived.events.slice(cut), restored)))).toBe(anyOrder(whole))
        // The first half was not touched by what went on from it.
        expect(stateText(foldAll(lived, lived.events.slice(0, cut)))).toBe(stateText(half))
      }),
      { numRuns: 40 },
    )
  })

  test('asks the same of its models from its log as it did when it lived, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, async ({ name, plan }) => {
        const lived = await liveThrough(name, plan)
        const { agent } = lived
        const rebuilt: string[] = []
        let state: RunState | undefined
        for (const event of lived.events) {
          const before = state
          state = step(agent.program, state, event).state
          if (event.type !== 'ModelCallRequested') continue
          const owed = state.owed.get(event.data.callId)!
          expect(fingerprint({ ...event.data, asked: asideOf(owed.params) ?? before!.transcript })).toBe(event.data.fingerprint)
          rebuilt.push(JSON.stringify(modelRequest(agent, before!, owed, event.data.model)))
        }
        expect(rebuilt).toEqual(lived.requests)
      }),
      { numRuns: 40 },
    )
  })

  test('writes events that come back as they were and have the published shape', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(anyRun, async ({ name, plan }) => {
        const { events } = await liveThrough(name, plan)
        for (const event of events) {
          seen.add(event.type)
          expect(shapeProblems(event)).toEqual([])
          const { hash: _, ...meta } = event.meta
          const { data } = encodeData(event)
          const texts = { id: event.id, stream: streamOf(event.runId), revision: event.revision, type: event.type, data }
          expect(decodeEvent({ ...texts, meta: encodeMeta('before', event.type, data, meta).meta }, new Map())).toEqual({
            ...event,
            meta: { ...event.meta, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
          })
        }
      }),
      { numRuns: 40 },
    )
    // Which of them come up differs from time to time.
    expect(seen.size).toBeGreaterThan(runEventTypes.length * 0.4)
  })
})

describe('the text of a payload', () => {
  test('is read back as the value it was, with its keys in their own order', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown
        expect(JSON.parse(jsonText(plain))).toEqual(plain)
        expect(jsonText(plain)).toBe(JSON.stringify(plain))
        expect(canonicalJson(JSON.parse(canonicalJson(plain)))).toBe(canonicalJson(plain))
      }),
    )
  })
})
