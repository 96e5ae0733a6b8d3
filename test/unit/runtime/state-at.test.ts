import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryBlobStore } from '../../../src/blobs/blob-store.memory.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { agentRegistry } from '../../../src/runtime/code/agents.ts'
import { viewOf } from '../../../src/runtime/reading/run-view.ts'
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
const long = defineAgent({
  name: 'long',
  version: '1',
  instructions: '',
  models: ['scripted/one'],
  tools: [echo],
  limits: { iterationsPerTurn: null, toolCallsPerTurn: null, tokens: null, wallTimeMs: null },
})

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
        expect(viewOf(fromSnapshot)).toEqual(viewOf(fromStart))
        expect(fromSnapshot.state.hash).toBe(fromStart.state.hash)
        expect(fromSnapshot.state.transcript.hash).toBe(fromStart.state.transcript.hash)
      }),
      { numRuns: 10 },
    )
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
})
