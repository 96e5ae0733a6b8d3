import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { describeBroken } from '../../../src/fold/fold-projections.ts'
import { step } from '../../../src/fold/fold.ts'
import type { RunState } from '../../../src/fold/run-state.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { messageReceived } from '../../support/facts.ts'
import { fact, given, started } from '../../../src/testing/given.ts'

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

  test('that fails is not folded on, nor any other, and what they were before is kept', () => {
    const failing = (at: string) =>
      defineProjection<number>({
        name: 'failing',
        initial: () => 0,
        apply: (count, { type }) => {
          if (type === at) throw new Error('no such thing')
          return count + 1
        },
      })
    const count = defineProjection<number>({ name: 'count', initial: () => 0, apply: (n) => n + 1 })
    const lived = (at: string) => {
      const of = defineAgent({
        name: 'writer',
        version: '1',
        instructions: 'Write.',
        models: ['scripted/one'],
        projections: [count, failing(at)],
      })
      return given(of, started(of), messageReceived('hello'), fact('RunPaused', { by: 'ann' })).state
    }
    expect(lived('none')).toMatchObject({ projections: [3, 3] })
    expect(lived('none')).not.toHaveProperty('broken')
    const broken = { projection: 'failing', revision: 1, type: 'MessageReceived', problem: 'no such thing' }
    expect(lived('MessageReceived')).toMatchObject({ projections: [1, 1], broken })
    expect(lived('RunStarted')).toMatchObject({ projections: [], broken: { revision: 0, type: 'RunStarted' } })
    expect(describeBroken(broken)).toBe('the projection failing failed at revision 1 (MessageReceived): no such thing')
  })

  test('is none where its agent has none', () => {
    const of = defineAgent({ name: 'writer', version: '1', instructions: 'Write.', models: ['scripted/one'] })
    expect(given(of, started(of), messageReceived('hello')).state.projections).toEqual([])
  })
})
