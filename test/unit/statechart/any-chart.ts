import { and, assign, cancel, createMachine, enqueueActions, not, raise, type AnyStateMachine } from 'xstate'
import { fc } from '../../support/fast-check.ts'

// Charts of any shape, also of those that no agent may have: what they do is not meant to make sense.

interface Context {
  readonly n: number
  readonly seen: readonly string[]
}
interface Given {
  readonly context: Context
  readonly event: { readonly type: string; readonly n?: number }
}

interface Node {
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  readonly children: readonly Node[]
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  readonly on: readonly Edge[]
  readonly always: readonly Edge[]
  readonly after: readonly Edge[]
  readonly done: readonly Edge[]
  readonly hasOutput: boolean
}

interface Edge {
  readonly on: string
  readonly guard: string | undefined
  readonly target: number | undefined
  readonly reenter: boolean
  readonly actions: readonly string[]
}

const actionNames = ['ask', 'askWhy', 'bump', 'note', 'noteWith', 'ring', 'hush', 'maybe', 'again', 'clear', 'break'] as const
const guardNames = ['isEven', 'isHigh', 'isBoth', 'isOdd', 'atMost', 'broken'] as const
export const eventTypes = ['Go', 'Stop', 'Go.far', 'Other'] as const

/** The names that come early come often. */
const oftenFirst = <Name>(names: readonly Name[]): fc.Arbitrary<Name> =>
  fc.oneof(...names.map((name, index) => ({ weight: Math.max(1, 8 - 2 * index), arbitrary: fc.constant(name) })))

const actions = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...actionNames.slice(0, 7)) },
    { weight: 1, arbitrary: fc.constantFrom(...actionNames.slice(7)) },
  ),
  { maxLength: 2 },
)
const edge: fc.Arbitrary<Edge> = fc.record({
  on: oftenFirst([...eventTypes, 'Go.*', '*']),
  guard: fc.option(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...guardNames.slice(0, 5)) },
      { weight: 1, arbitrary: fc.constantFrom(...guardNames.slice(5)) },
    ),
    { nil: undefined },
  ),
  target: fc.option(fc.nat(20), { nil: undefined }),
  reenter: fc.boolean(),
  actions,
})
const edges = (maxLength: number): fc.Arbitrary<readonly Edge[]> => fc.array(edge, { maxLength })
const seldom = (maxLength: number): fc.Arbitrary<readonly Edge[]> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: edges(maxLength) })

const body = {
  entry: actions,
  exit: actions,
  on: edges(3),
  always: seldom(2),
  after: seldom(1),
  done: seldom(1),
  hasOutput: fc.constant(false),
}
const leaf: fc.Arbitrary<Node> = fc.record({
  ...body,
  type: fc.oneof(
    { weight: 8, arbitrary: fc.constant('atomic' as const) },
    { weight: 2, arbitrary: fc.constant('final' as const) },
    { weight: 1, arbitrary: fc.constant('history' as const) },
  ),
  children: fc.constant([]),
  hasOutput: fc.boolean(),
})
const nodeWithin = (depth: number): fc.Arbitrary<Node> =>
  depth === 0
    ? leaf
    : fc.oneof(
        { weight: 2, arbitrary: leaf },
        {
          weight: 1,
          arbitrary: fc.record({
            ...body,
            type: fc.constantFrom('compound' as const, 'compound' as const, 'parallel' as const),
            children: fc.array(nodeWithin(depth - 1), { minLength: 1, maxLength: 3 }),
          }),
        },
      )

const guards = {
  isEven: ({ context }: Given) => context.n % 2 === 0,
  isHigh: ({ context, event }: Given) => context.n + (event.n ?? 0) > 4,
  isOdd: not('isEven'),
  isBoth: and(['isEven', not('isHigh')]),
  atMost: ({ context }: Given, { most }: { most: number }) => context.n <= most,
  broken: () => {
    throw new Error('the guard fell over')
  },
}

const implementations = {
  ask: () => undefined,
  askWhy: () => undefined,
  bump: assign({ n: ({ context }: Given) => context.n + 1 }),
  note: assign(({ context, event }: Given) => ({ seen: [...context.seen, `${event.type}@${context.n}`].slice(-5) })),
  noteWith: assign({ seen: ({ context }: Given, { as }: { as: string }) => [...context.seen, as].slice(-5) }),
  ring: raise({ type: 'Rung' }, { id: 'ring', delay: ({ context }: Given) => context.n * 10 }),
  hush: cancel('ring'),
  maybe: enqueueActions(({ context, enqueue }: { context: Context; enqueue: (action: string) => void }) => {
    if (context.n % 3 === 0) enqueue('ask')
  }),
  again: raise({ type: 'Other' }),
  clear: assign({ n: 0, seen: [] }),
  break: assign({
    n: () => {
      throw new Error('the assign fell over')
    },
  }),
}

const withParams: Readonly<Record<string, object>> = {
  askWhy: { type: 'askWhy', params: ({ context, event }: Given) => ({ of: event.type, n: context.n }) },
  ask: { type: 'ask', params: { as: 'written' } },
  noteWith: { type: 'noteWith', params: ({ context }: Given) => ({ as: String(context.n) }) },
  atMost: { type: 'atMost', params: { most: 3 } },
}
const written = (names: readonly string[]): readonly unknown[] =>
  names.map((name, index) => (name === 'bump' && index === 0 ? implementations.bump : (withParams[name] ?? name)))

const count = ({ children }: Node): number => children.reduce((sum, child) => sum + count(child), 1)

const configOf = (root: Node): object => {
  const all = count(root)
  let next = 0
  const edgeConfig = ({ guard, target, reenter, actions: taken }: Edge): object => ({
    ...(guard !== undefined && { guard: withParams[guard] ?? guard }),
    ...(target !== undefined && all > 1 && { target: `#n${1 + (target % (all - 1))}` }),
    reenter,
    actions: written(taken),
  })
  const config = (node: Node): object => {
    const id = next++
    const states = node.children.map((child, index) => [`s${index}`, config(child)] as const)
    const plain = node.type === 'history' ? {} : behaviour(node)
    return {
      ...plain,
      id: `n${id}`,
      ...(node.type === 'atomic' || node.type === 'compound' ? {} : { type: node.type }),
      ...(node.type === 'compound' && { initial: 's0' }),
      ...(states.length > 0 && { states: Object.fromEntries(states) }),
      ...(node.type === 'final' && node.hasOutput && { output: ({ context }: Given) => context.n }),
      tags: [`t${id % 3}`],
    }
  }
  const behaviour = ({ type, entry, exit, on, always, after, done }: Node): object => ({
    entry: written(entry),
    exit: written(exit),
    ...(type !== 'final' && {
      on: Object.fromEntries(
        [...new Set(on.map((each) => each.on))].map((name) => [name, on.filter((each) => each.on === name).map(edgeConfig)]),
      ),
      always: always.map(edgeConfig),
      after: Object.fromEntries(after.map((each) => [50, edgeConfig(each)])),
      ...(done.length > 0 && type !== 'atomic' && { onDone: done.map(edgeConfig) }),
    }),
  })
  return { ...config(root), context: ({ input }: { input: { n: number } }) => ({ n: input.n, seen: [] }) }
}

/** Undefined for what XState itself takes for no chart. */
const chartOf = (root: Node): AnyStateMachine | undefined => {
  try {
    return createMachine(configOf(root) as never, { actions: implementations, guards } as never) as unknown as AnyStateMachine
  } catch {
    return undefined
  }
}

export const anyChart: fc.Arbitrary<AnyStateMachine> = fc
  .record({
    ...body,
    type: fc.constantFrom('compound' as const, 'compound' as const, 'parallel' as const),
    children: fc.array(nodeWithin(2), { minLength: 1, maxLength: 4 }),
  })
  .map(chartOf)
  .filter((chart) => chart !== undefined)
