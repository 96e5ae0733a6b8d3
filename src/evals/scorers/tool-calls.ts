import type { ExpectedToolCall } from '../dataset-case.ts'
import { argumentProblem } from './allowed-arguments.ts'
import { argumentsFit, type ArgumentsMode } from './arguments-fit.ts'
import { largestMatching } from './matching.ts'
import { fails, passes, type Score, type ScoredRun, type ScoredToolCall, type Scorer } from './scorer.ts'
import { shortNote, shortValue } from './short-text.ts'

/**
 * How the calls of a run have to fit those that are expected: the same in the same order; the same in any order; none beside them; all of them,
 * perhaps with others.
 */
export type TrajectoryMode = 'strict' | 'unordered' | 'subset' | 'superset'

export interface TrajectoryOptions {
  /** Of each call; `exact` without it. */
  readonly arguments?: ArgumentsMode | undefined
  /** By the name of a tool, where it differs. */
  readonly tools?: Readonly<Record<string, ArgumentsMode>> | undefined
}

/** The calls of the run are those of the case, in one of four {@link TrajectoryMode}s. The step that lost it is the first call that has no place. */
export const trajectoryScorer = (mode: TrajectoryMode, options: TrajectoryOptions = {}, name = 'trajectory'): Scorer => ({
  name,
  score(run) {
    const modeOf = (tool: string): ArgumentsMode =>
      (Object.hasOwn(options.tools ?? {}, tool) ? options.tools?.[tool] : undefined) ?? options.arguments ?? 'exact'
    const fits: Fits = (call, expected) => call.tool === expected.tool && argumentsFit(call.input, expected.input, modeOf(call.tool))
    return compared(run, mode, fits)
  },
})

/**
 * The calls of the run are those of `expected.toolCalls`, each once and in any order, where each argument is a list of values that it may have, as
 * the Berkeley function-calling leaderboard has it: see {@link argumentProblem}.
 */
export const argumentsScorer = (name = 'arguments'): Scorer => ({
  name,
  score(run) {
    if (run.case.expected?.toolCalls === undefined)
      return fails('The case expects no calls with lists of allowed values: `expected.toolCalls` is missing')
    const fits: Fits = (call, expected) => call.tool === expected.tool && argumentProblem(call.input, expected.input) === undefined
    return compared(run, 'unordered', fits, (call, expected) => argumentProblem(call.input, expected.input))
  },
})

type Fits = (call: ScoredToolCall, expected: ExpectedToolCall) => boolean
type Why = (call: ScoredToolCall, expected: ExpectedToolCall) => string | undefined

/** All pairs of calls are looked at. */
const MOST_CALLS = 300

const compared = (run: ScoredRun, mode: TrajectoryMode, fits: Fits, why: Why = () => undefined): Score => {
  const calls = run.toolCalls
  const expected: readonly ExpectedToolCall[] = run.case.expected?.toolCalls ?? run.case.output.toolCalls
  if (calls.length > MOST_CALLS || expected.length > MOST_CALLS)
    return fails(`Expected ${MOST_CALLS} calls at most, found ${calls.length}, with ${expected.length} expected`)
  const placeOf =
    mode === 'strict'
      ? calls.map((call, index) => (isThe(call, expected[index], fits) ? index : undefined))
      : largestMatching(calls.length, expected.length, (call, place) => isThe(calls[call], expected[place], fits))
  const found = new Set(placeOf)
  const missing = mode === 'subset' ? [] : expected.filter((_, place) => !found.has(place))
  const extra = mode === 'superset' ? [] : calls.filter((_, call) => placeOf[call] === undefined)
  if (missing.length === 0 && extra.length === 0) return passes(`${calls.length} calls, as expected`)
  return {
    ...lostBy({ run, mode, missing, extra, why }),
    value: shareOf(placeOf.filter((place) => place !== undefined).length, mode, run, expected),
  }
}

const isThe = (call: ScoredToolCall | undefined, expected: ExpectedToolCall | undefined, fits: Fits): boolean =>
  call !== undefined && expected !== undefined && fits(call, expected)

/** Of the calls that count, how many have found their place: less than 1, since something is missing or too many. */
const shareOf = (placed: number, mode: TrajectoryMode, { toolCalls }: ScoredRun, expected: readonly ExpectedToolCall[]): number => {
  const counted = { strict: Math.max(toolCalls.length, expected.length), unordered: Math.max(toolCalls.length, expected.length) }
  const all = mode === 'subset' ? toolCalls.length : mode === 'superset' ? expected.length : counted[mode]
  return all === 0 ? 0 : placed / all
}

interface Lost {
  readonly run: ScoredRun
  readonly mode: TrajectoryMode
  readonly missing: readonly ExpectedToolCall[]
  readonly extra: readonly ScoredToolCall[]
  readonly why: Why
}

const lostBy = ({ run, mode, missing, extra, why }: Lost): Score => {
  const [call] = extra
  if (call === undefined) return fails(shortNote(`Never called: ${missing.map(callText).join(', ')}`), run.events.at(-1)?.revision)
  const meant = (mode === 'strict' ? undefined : missing.find(({ tool }) => tool === call.tool)) ?? missing[0]
  const reason = meant?.tool === call.tool ? why(call, meant) : undefined
  const wanted = meant === undefined ? 'no such call' : callText(meant)
  return fails(shortNote(`Expected ${wanted}, found ${callText(call)}${reason === undefined ? '' : `: ${reason}`}`), call.revision)
}

const callText = ({ tool, input }: ExpectedToolCall): string => `${tool}(${shortValue(input)})`
