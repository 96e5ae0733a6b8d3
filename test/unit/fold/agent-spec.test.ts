import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { z } from 'zod'
import { defineAgentSpec, defineToolSpec } from '../../../src/fold/agent-spec.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'

const look = defineToolSpec({ name: 'look', description: 'Looks', effect: 'read', input: z.object({ at: z.string() }), output: z.string() })
const count = defineProjection<number>({ name: 'count', initial: () => 0, apply: (n) => n + 1 })
const spec = defineAgentSpec({ name: 'guide', version: '2', limits: { tokens: 5 }, clarifications: 7, projections: [count], tools: [look] })
const looking = defineTool({ ...look, execute: ({ at }) => Promise.resolve(at) })
const talk = { spec, instructions: 'Guide.', models: ['x/y'] }

describe('an agent of a spec', () => {
  test('is the same agent as one with all options in one place', () => {
    const apart = defineAgent({ ...talk, tools: [looking] })
    const whole = defineAgent({
      name: 'guide',
      version: '2',
      limits: { tokens: 5 },
      clarifications: 7,
      projections: [count],
      tools: [looking],
      instructions: 'Guide.',
      models: ['x/y'],
    })
    expect([apart.id, apart.settings, apart.definition, apart.program.chartHash, apart.program.projections]).toEqual([
      whole.id,
      whole.settings,
      whole.definition,
      whole.program.chartHash,
      whole.program.projections,
    ])
    expect(apart.program).toBe(spec.program)
  })

  test.each<[string, Record<string, unknown>, RegExp]>([
    ['a tool too few', { tools: [] }, /tools has to be all that its spec names, found none called look/],
    ['another effect', { tools: [defineTool({ ...looking, effect: 'once' })] }, /what its spec says of them, found another look/],
    ['another input', { tools: [defineTool({ ...looking, input: z.object({ at: z.string() }) })] }, /another look/],
    ['another owner', { tools: [defineTool({ ...looking, handsOver: true })] }, /another look/],
    ['limits of its own', { tools: [looking], limits: {} }, /limits has to be absent beside a `spec`/],
    ['a name of its own', { tools: [looking], name: 'other' }, /name has to be absent beside a `spec`/],
    ['no model', { tools: [looking], models: [] }, /at least one/],
  ])('is refused with %s', (_, options, words) => {
    expect(() => defineAgent({ ...talk, ...options })).toThrow(words)
  })

  test('on a chart of its own has no schema of a result', () => {
    const own = defineAgentSpec({ name: 'own', version: '1', chart: createMachine({ id: 'own' }) })
    expect(() => defineAgent({ spec: own, instructions: '', models: ['x/y'], output: z.string() })).toThrow(/output has to be absent/)
    expect(defineAgent({ spec: own })).toMatchObject({ id: 'own@1', conversational: false })
  })

  test('has its chart tried with the input that it names', () => {
    const chart = createMachine({ id: 'own', context: ({ input }) => ({ n: (input as { input: { n: number } }).input.n }) })
    expect(() => defineAgentSpec({ name: 'own', version: '1', chart })).toThrow(/give a probeInput/)
    expect(defineAgentSpec({ name: 'own', version: '1', chart, probeInput: { n: 1 } }).id).toBe('own@1')
  })

  test.each(['', '1@2', 'half\uD800', 'a\0b', 'x'.repeat(1_001)])('is refused with the version "%s"', (version) => {
    expect(() => defineAgentSpec({ name: 'own', version })).toThrow(/version has to be a text without `@`/)
  })

  test('keeps what it was defined with, whatever becomes of the lists', () => {
    const [projections, tools] = [[count], [look]]
    const made = defineAgentSpec({ name: 'guide', version: '1', projections, tools })
    projections.pop()
    tools.pop()
    expect(made.tools).toEqual([look])
    expect(defineAgent({ ...talk, spec: made, tools: [looking] }).program.projections).toEqual([count])
  })
})

describe('a spec', () => {
  test.each<[string, Partial<Parameters<typeof defineAgentSpec>[0]>, RegExp]>([
    ['a name with blanks', { name: 'a b' }, /name has to be/],
    ['a version with @', { version: '1@2' }, /version has to be/],
    ['a limit below nothing', { limits: { tokens: -1 } }, /limits has to be/],
    ['two tools of one name', { tools: [look, look] }, /one tool a name/],
    ['two projections of one name', { projections: [count, count] }, /one projection a name/],
    ['a projection that saves and cannot load', { projections: [{ ...count, save: (n) => n }] }, /both `save` and `load`/],
    ['a projection that loads what nobody saves', { projections: [{ ...count, load: () => 0 }] }, /both `save` and `load`/],
    ['a chart that reads the clock', { chart: createMachine({ id: 'late', context: () => ({ at: Date.now() }) }) }, /Date.now/],
  ])('is refused with %s', (_, options, words) => {
    expect(() => defineAgentSpec({ name: 'guide', version: '1', ...options })).toThrow(words)
  })
})
