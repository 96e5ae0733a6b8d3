import { fc } from '../../support/fast-check.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryBlobStore } from '../../../src/blobs/blob-store.memory.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { agentRegistry } from '../../../src/runtime/code/agents.ts'
import { viewOf } from '../../../src/fold/run-view.ts'
import { restoreState, savedUpTo, saveState } from '../../../src/fold/snapshot.ts'
import { foldRun } from '../../../src/runtime/reading/fold-run.ts'
import { stateAt } from '../../../src/runtime/reading/state-at.ts'
import { memorySnapshotStore } from '../../../src/snapshots/snapshot-store.memory.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { ToolFailure } from '../../../src/tools/tool.ts'
import { openWorld, settle, type World } from '../../support/world.ts'

const echo = defineTool({
  name: 'echo',
  description: 'Says it again',
  input: z.object({ n: z.number() }),
  output: z.number(),
  effect: 'read',
  execute: ({ n }, { attempt }) =>
    n % 7 === 0 && attempt === 1 ? Promise.reject(new ToolFailure('again', { retryable: true })) : Promise.resolve(n),
})

const ITERATIONS = 400

/** So often each tool was called. */
const used = defineProjection<ReadonlyMap<string, number>>({
  name: 'used',
  initial: () => new Map(),
  apply: (calls, { type, data }) => (type === 'ToolCallRequested' ? new Map(calls).set(data.tool, (calls.get(data.tool) ?? 0) + 1) : calls),
  save: (calls) => [...calls],
  load: (saved) => new Map(saved as [string, number][]),
})
const last3 = defineProjection<readonly string[]>({
  name: 'last3',
  initial: () => [],
  apply: (types, { type }) => [...types.slice(-2), type],
})
const options = {
  name: 'long',
  version: '1',
  instructions: '',
  models: ['scripted/one'],
  tools: [echo],
  projections: [used, last3],
  limits: { iterationsPerTurn: null, toolCallsPerTurn: null, tokens: null, wallTimeMs: null },
}
const long = defineAgent(options)

const model = scriptedModel((request) => {
  const n = request.messages.length
  return n > ITERATIONS * 2 ? answer('Enough.') : toolCalls([{ name: 'echo', arguments: { n } }])
})

describe('the state at a revision', () => {
  let world: World
  let last: number
  beforeAll(async () => {
    world = openWorld({ agents: [long], models: { scripted: model } })
    last = (await settle(world, await world.refold.start('long', { runId: 'long', message: 'Count' }))).revision
  })
  const parts = (snapshots = memorySnapshotStore()) => ({
    log: world.log,
    blobs: memoryBlobStore(),
    agents: agentRegistry([long]),
    snapshots,
  })

  test('is the same from the nearest snapshot as from the beginning, wherever one looks first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: last }), fc.integer({ min: 0, max: last }), async (first, second) => {
        const cached = parts()
        await stateAt(cached, 'long', first)
        const fromSnapshot = await stateAt(cached, 'long', second)
        const fromStart = await stateAt(parts(), 'long', second)
        expect(viewOf(long.program, fromSnapshot.state)).toEqual(viewOf(long.program, fromStart.state))
        expect(fromSnapshot.state.projections).toStrictEqual(fromStart.state.projections)
        expect(fromSnapshot.state.hash).toBe(fromStart.state.hash)
        expect(fromSnapshot.state.transcript.hash).toBe(fromStart.state.transcript.hash)
      }),
      { numRuns: 10 },
    )
  })

  test('is folded from the beginning, once, where a projection was changed', async () => {
    const snapshots = memorySnapshotStore()
    await stateAt(parts(snapshots), 'long', last)
    const changed = defineAgent({ ...options, projections: [used, { ...last3, version: 2 }] })
    const before = (await snapshots.upTo('long', last)).at(-1)!.text
    expect((await stateAt({ ...parts(snapshots), agents: agentRegistry([changed]) }, 'long', last)).state.projections[1]).toHaveLength(3)
    const after = (await snapshots.upTo('long', last)).at(-1)!.text
    expect(after).toContain('"version":2')
    expect(before).not.toContain('"version":2')
  })

  test('leaves snapshots behind, and believes none that the log does not bear out', async () => {
    const snapshots = memorySnapshotStore()
    await stateAt(parts(snapshots), 'long', last)
    const left = await snapshots.upTo('long', last)
    expect(left.length).toBeGreaterThan(2)
    const forged = left.at(-1)!
    await snapshots.put('long', { ...forged, text: forged.text.replace(/"hash":"[0-9a-f]{64}"/, `"hash":"${'0'.repeat(64)}"`) })
    const [believed, folded] = [await stateAt(parts(snapshots), 'long', last), await stateAt(parts(), 'long', last)]
    expect(believed.state.hash).toBe(folded.state.hash)
    expect((await snapshots.upTo('long', forged.revision)).at(-1)?.text).not.toContain('0'.repeat(64))
  })

  test('is found near what was kept of the run while it went on, as it is from the beginning', async () => {
    const plain = defineAgent({ ...options, name: 'plain', projections: [] })
    const snapshots = memorySnapshotStore()
    const kept = openWorld({ agents: [plain], models: { scripted: model }, snapshots, keepsStates: true })
    const run = await kept.refold.start('plain', { runId: 'kept', message: 'Count' })
    const end = (await settle(kept, run)).revision
    const cached = { log: kept.log, blobs: kept.blobs, agents: agentRegistry([plain]), snapshots }
    const left = await snapshots.upTo('kept', end)
    expect(left.length).toBeGreaterThan(end / 110)
    for (const revision of [49, left[3]!.revision, left[9]!.revision + 1, end]) {
      const near = await stateAt(cached, 'kept', revision)
      const fromStart = await stateAt({ ...cached, snapshots: memorySnapshotStore() }, 'kept', revision)
      expect(viewOf(plain.program, near.state)).toEqual(viewOf(plain.program, fromStart.state))
    }
  })

  test('holds of an answer what its guardrail has left of it, however near to it a state was saved', async () => {
    const hide = defineAgent({
      name: 'discreet',
      version: '1',
      instructions: '',
      models: ['scripted/one'],
      guardrails: { output: [{ name: 'hide', check: () => ({ verdict: 'redact', text: 'hidden', reason: 'a secret' }) }] },
    })
    const world = openWorld({ agents: [hide], models: { scripted: scriptedModel(Array.from({ length: 3 }, () => answer('secret'))) } })
    const run = await world.refold.start('discreet', { runId: 'discreet', message: 'Tell' })
    await settle(world, run)
    await run.send({ message: 'Again' })
    await settle(world, run)
    const states = await Array.fromAsync(foldRun({ log: world.log, blobs: world.blobs, agents: agentRegistry([hide]) }, 'discreet'))
    const answered = states.findIndex(({ state }) =>
      JSON.stringify(state.transcript.items.slice(0, state.transcript.length)).includes('secret'),
    )
    const [first, last] = [states[answered]!.state, states.at(-1)!.state]
    const restored = restoreState(hide.program, [saveState(hide.program, first, 0)!, saveState(hide.program, last, savedUpTo(first))!])
    expect(viewOf(hide.program, restored!).transcript).toEqual(viewOf(hide.program, last).transcript)
    expect(JSON.stringify(viewOf(hide.program, restored!))).not.toContain('secret')
  })
})
