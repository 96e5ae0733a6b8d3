import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { step } from '../../../src/fold/fold.ts'
import type { RunState } from '../../../src/fold/run-state.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { fact, given, started } from '../../support/given.ts'

const diary = defineProjection<readonly string[]>({
  name: 'diary',
  initial: () => [],
  apply: (entries, event) => [...entries, JSON.stringify(event)],
})

const agent = defineAgent({ name: 'writer', version: '1', instructions: 'Write.', models: ['scripted/one'], projections: [diary] })

describe('a projection of the agent', () => {
  test('sees the same events live and on replay, to the last byte', () => {
    const live = given(agent, started(agent), fact('MessageReceived', { parts: textContent('hello'), data: { z: 1, a: { y: 2, b: 3 } } }))
    const recorded = live.events.map((event) => ({ ...event, position: 17 }))
    const replayed = recorded.reduce<RunState | undefined>((state, event) => step(agent.program, state, event).state, undefined)
    expect(replayed?.projections).toEqual(live.state.projections)
  })
})
