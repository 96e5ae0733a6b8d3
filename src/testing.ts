// What tests of agents need: Refold in memory, on a clock and models that do what they are told.
import './check-node.ts'

export { openTestRefold, type OtherCode, type SettleOptions, type TestOptions, type TestRefold } from './testing/test-refold.ts'
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
