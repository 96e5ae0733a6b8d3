// What tests of agents need: Refold in memory, on a clock and models that do what they are told.
import './check-node.ts'

export { openTestRefold, type OtherCode, type SettleOptions, type TestOptions, type TestRefold } from './testing/test-refold.ts'
export { explore, type Exploration, type ExploredDeath, type ExploreOptions, type Scenario } from './testing/explore/explore.ts'
export { fact, given, started, type Decided, type Given, type Happening, type Then } from './testing/given.ts'
export type { ChartCommand, Command, Decision } from './fold/decide.ts'
export type { Limits } from './events/limits.ts'
export type { Death } from './testing/explore/mortal-log.ts'
export { coverage, type Coverage, type CoveredTransition, type UncoveredTransition } from './testing/coverage/coverage.ts'
export { recordedRuns } from './testing/replay/recording.ts'
export { replay, type Replayed, type ReplayOptions } from './testing/replay/replay.ts'
export { runMatchers, type Matched, type RunMatcher, type RunMatchers, type SpentAtMost } from './testing/matchers.ts'
export { memoryStores, type TestStores } from './testing/memory-stores.ts'
export { manualClock, type ManualClock } from './testing/manual-clock.ts'
export type { Clock } from './clock.ts'
export { scriptedModel } from './models/scripted/scripted-model.ts'
export {
  answer,
  failure,
  toolCalls,
  type ModelScript,
  type ScriptedAnswer,
  type ScriptedOutcome,
  type ScriptedToolCall,
  type WantedToolCall,
} from './models/scripted/script.ts'
