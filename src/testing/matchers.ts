import { inspect, isDeepStrictEqual } from 'node:util'
import type { WaitsFor } from '../events/run-events.ts'
import type { RunView } from '../fold/run-view.ts'
import type { Json } from '../json.ts'
import { beginning } from '../text.ts'

/** What a matcher says: as `expect.extend` of vitest and Jest wants it. */
export interface Matched {
  readonly pass: boolean
  readonly message: () => string
}

/** What `expect` can say of a `RunView`, once `runMatchers` are in it. docs/testing.md says how the compiler learns of it. */
export interface RunMatchers<Result = void> {
  /** The model has asked for this tool, with these arguments where some are given, at whatever turn. */
  toHaveCalled: (tool: string, input?: Json) => Result
  /** It waits for somebody: `message`, `approval`, `human` or `resume`; `null` for nobody. */
  toWaitFor: (whom: WaitsFor | null) => Result
  /** What the agent said last is this text, or fits the pattern. */
  toHaveAnswered: (answer: string | RegExp) => Result
  /** It has used up so much at most. */
  toHaveSpentAtMost: (limits: SpentAtMost) => Result
}

export interface SpentAtMost {
  /** Input and output. */
  readonly tokens?: number | undefined
  /** US dollars. */
  readonly costUsd?: number | undefined
}

/** A matcher of runs, as `expect.extend` takes it. */
export type RunMatcher<Expected extends readonly unknown[]> = (view: RunView, ...expected: Expected) => Matched

/** For `expect.extend(runMatchers)`. A failure says what the run did instead. */
export const runMatchers: {
  readonly toHaveCalled: RunMatcher<[tool: string, input?: Json]>
  readonly toWaitFor: RunMatcher<[whom: WaitsFor | null]>
  readonly toHaveAnswered: RunMatcher<[answer: string | RegExp]>
  readonly toHaveSpentAtMost: RunMatcher<[limits: SpentAtMost]>
} = {
  toHaveCalled(view, tool, input) {
    const calls = callsOf(view)
    const pass = calls.some((call) => call.name === tool && (input === undefined || isDeepStrictEqual(call.input, input)))
    const found = calls.length === 0 ? 'no call of a tool' : calls.map(({ name, input: given }) => `${name} ${shown(given)}`).join(', ')
    return matched(pass, view, { expected: `a call of ${tool}${input === undefined ? '' : ` with ${shown(input)}`}`, found })
  },
  toWaitFor: (view, whom) =>
    matched(view.waitsFor === whom, view, {
      expected: `to wait for ${whom ?? 'nobody'}`,
      found: `that it waits for ${view.waitsFor ?? 'nobody'} in ${view.state}${view.reason === null ? '' : `: ${view.reason}`}`,
    }),
  toHaveAnswered: (view, answer) =>
    matched(typeof answer === 'string' ? view.answer === answer : answer.test(view.answer ?? ''), view, {
      expected: `the answer ${shown(answer)}`,
      found: view.answer === null ? `no answer, in ${view.state}` : shown(view.answer),
    }),
  toHaveSpentAtMost(view, { tokens = Infinity, costUsd = Infinity }) {
    const { spent } = view
    const found = `${spent.tokens} tokens and $${spent.costMicroUsd / 1e6}`
    return matched(spent.tokens <= tokens && spent.costMicroUsd <= costUsd * 1e6, view, {
      expected: `at most ${tokens} tokens and $${costUsd}`,
      found,
    })
  },
}

const matched = (
  pass: boolean,
  { runId, agent }: RunView,
  { expected, found }: { readonly expected: string; readonly found: string },
): Matched => ({
  pass,
  message: () => `Expected ${pass ? 'not ' : ''}${expected}, found ${found} (${runId} of ${agent})`,
})

interface AskedCall {
  readonly name: string
  /** The arguments; as the model wrote them where they are no JSON. */
  readonly input: unknown
}

const callsOf = ({ transcript }: RunView): readonly AskedCall[] =>
  transcript.flatMap((message) =>
    message.role === 'assistant'
      ? message.parts.flatMap((part) => (part.type === 'toolCall' ? [{ name: part.name, input: parsed(part.argumentsText) }] : []))
      : [],
  )

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const LONGEST = 200
const shown = (value: unknown): string => beginning(inspect(value, { breakLength: Infinity, depth: 4 }), LONGEST)
