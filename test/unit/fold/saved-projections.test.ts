import { textContent, textsOf } from '../../../src/events/content.ts'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { step } from '../../../src/fold/fold.ts'
import type { Program, RunState } from '../../../src/fold/run-state.ts'
import { restoreState, saveState } from '../../../src/fold/snapshot.ts'
import type { Json } from '../../../src/json.ts'
import { defineProjection, type Projection } from '../../../src/projections/projection.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { fact, given, started } from '../../../src/testing/given.ts'

interface Letters {
  readonly count: number
  readonly last: { readonly text: string; readonly at: number } | null
}

/** Plain JSON: saved as it is. */
const letters = defineProjection<Letters>({
  name: 'letters',
  initial: () => ({ count: 0, last: null }),
  apply: ({ count, last }, event) =>
    event.type === 'MessageReceived' ? { count: count + 1, last: { text: textsOf(event.data.parts), at: event.meta.at } } : { count, last },
})

/** A Map of Sets: it says itself how it is saved. */
const words = defineProjection<ReadonlyMap<string, ReadonlySet<number>>>({
  name: 'words',
  initial: () => new Map(),
  apply: (index, event) =>
    event.type === 'MessageReceived'
      ? new Map(index).set(textsOf(event.data.parts), new Set([...(index.get(textsOf(event.data.parts)) ?? []), event.revision]))
      : index,
  save: (index) => [...index].map(([word, places]) => [word, [...places]]),
  load: (saved) => new Map((saved as [string, number[]][]).map(([word, places]) => [word, new Set(places)])),
})

const programWith = (...projections: readonly Projection[]): Program => ({
  ...defineAgent({ name: 'reader', version: '1', instructions: 'Read.', models: ['scripted/one'] }).program,
  projections,
})
const reader = defineAgent({ name: 'reader', version: '1', instructions: 'Read.', models: ['scripted/one'], projections: [letters, words] })

const history = (texts: readonly string[]) =>
  given(reader, started(reader), ...texts.map((text, index) => fact('MessageReceived', { parts: textContent(text) }, index))).events

const foldAll = (program: Program, events: ReturnType<typeof history>, from?: RunState): RunState =>
  events.reduce<RunState | undefined>((state, event) => step(program, state, event).state, from)!

const saved = (program: Program, texts: readonly string[] = ['one', 'two']): string | undefined =>
  saveState(program, foldAll(program, history(texts)), 0)

/** What becomes of a projection's state once it was saved. */
const reloaded = (projection: Projection, by: Projection = projection): unknown => {
  const text = saved(programWith(projection))
  if (text === undefined) return 'not saved'
  const restored = restoreState(programWith(by), [text])
  return restored === undefined ? 'not loaded' : restored.projections[0]
}

describe('a projection that is saved halfway', () => {
  test('goes on from there to the very same state', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 5 }), { minLength: 1, maxLength: 8 }), fc.nat(), (texts, cut) => {
        const events = history(texts)
        const half = (cut % events.length) + 1
        const text = saveState(reader.program, foldAll(reader.program, events.slice(0, half)), 0)!
        const resumed = foldAll(reader.program, events.slice(half), restoreState(reader.program, [text]))
        expect(resumed.projections).toStrictEqual(foldAll(reader.program, events).projections)
      }),
    )
  })

  test('in no state yet is begun anew', () => {
    expect(reloaded(defineProjection({ ...letters, initial: () => ({ count: 7, last: null }), apply: (state) => state }))).toEqual({
      count: 7,
      last: null,
    })
  })
})

const holding = (state: unknown): Projection => ({ name: 'odd', initial: () => state, apply: (before) => before })
const cycle: unknown[] = []
cycle.push(cycle)
const deep = (levels: number): Json => (levels === 0 ? 1 : [deep(levels - 1)])
class Amount {
  readonly cents = 5
}
let doubled: unknown = 'x'
for (let times = 0; times < 40; times++) doubled = [doubled, doubled]

describe('a state that JSON does not carry as it is', () => {
  test.each([
    ['a Map', new Map()],
    ['a Date', new Date(0)],
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['NaN', { a: Number.NaN }],
    ['-0', [-0]],
    ['a BigInt', 1n],
    ['an instance of a class', new Amount()],
    ['a function', { toJSON: () => 'x' }],
    ['a hidden member', Object.defineProperty({}, 'a', { value: 1 })],
    ['a hole', new Array(2)],
    ['an array with a name', Object.assign([1], { total: 1 })],
    ['a member behind a symbol', { [Symbol('a')]: 1 }],
    ['a getter', Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })],
    ['an object without prototype', Object.create(null)],
    ['a cycle', cycle],
    ['too many levels', deep(500)],
    ['an array that doubles itself forty times', doubled],
    ['two million letters', 'x'.repeat(2_000_000)],
    ['a name of two million letters', { ['x'.repeat(2_000_000)]: 1 }],
  ])('is not saved: %s', (_, state) => {
    expect(reloaded(holding(state))).toBe('not saved')
  })

  test.each([[null], [0], [''], [[]], [{}], [{ a: [1, 'b', false, { c: null }] }], ['\ud800'], [JSON.parse('{"__proto__":{"a":1}}')]])(
    'is not %j',
    (state) => {
      expect(reloaded(holding(state))).toStrictEqual(state)
    },
  )
})

describe('code that saves and loads', () => {
  const broken = (parts: Partial<Projection>): Projection => ({ ...(words as Projection), ...parts })
  const fails = (): never => {
    throw new Error('no')
  }

  test.each<[string, Partial<Projection>]>([
    ['throws while it saves', { save: fails }],
    ['saves what is no JSON', { save: (state) => state }],
    ['saves a promise', { save: () => Promise.resolve([]) }],
    ['throws while it loads', { load: fails }],
    ['loads another state than was saved', { load: () => new Map() }],
  ])('and %s leaves no snapshot', (_, parts) => {
    expect(reloaded(broken(parts))).toBe('not saved')
  })

  test('and throws on what an earlier process has saved makes the run be folded from its beginning', () => {
    let fail = false
    const load: Projection['load'] = (json) => (fail ? fails() : words.load!(json))
    const moody = broken({ load })
    const text = saved(programWith(moody))!
    fail = true
    expect(restoreState(programWith(moody), [text])).toBeUndefined()
  })
})

describe('a snapshot', () => {
  const other = letters as Projection
  test.each<[string, Projection]>([
    ['of another name', { ...other, name: 'mail' }],
    ['of another version', { ...other, version: 2 }],
    ['of another apply', { ...other, apply: (state) => ({ ...(state as Letters), count: -1 }) }],
    ['of another start', { ...other, initial: () => ({ count: 100, last: null }) }],
    ['of another load', { ...other, save: (state) => state, load: (state) => state }],
  ])('is passed over by a projection %s', (_, by) => {
    expect(reloaded(other, by)).toBe('not loaded')
  })

  test('is passed over by a projection of the version after its own', () => {
    expect(reloaded({ ...other, version: 1 }, { ...other, version: 2 })).toBe('not loaded')
    expect(reloaded({ ...other, version: 1 })).toMatchObject({ count: 2 })
  })

  test('is passed over where a projection was added or taken out', () => {
    const text = saved(programWith(letters as Projection))!
    expect(restoreState(programWith(letters as Projection, words as Projection), [text])).toBeUndefined()
    expect(restoreState(programWith(), [text])).toBeUndefined()
  })

  test('of code that does not show itself is written only where it has a version', () => {
    const apply = letters.apply.bind(undefined) as Projection['apply']
    expect(reloaded({ ...other, apply })).toBe('not saved')
    expect(reloaded({ ...other, apply, version: 'a' })).toMatchObject({ count: 2 })
  })

  test('is not written of a run whose projection is broken', () => {
    const breaking = programWith({ ...other, apply: (state, { revision }) => (revision === 2 ? (JSON.parse('no') as unknown) : state) })
    expect(saved(breaking)).toBeUndefined()
  })
})
