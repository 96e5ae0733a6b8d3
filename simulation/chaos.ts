import type { ModelFailureClass } from '../src/events/message.ts'
import type { Chance } from '../src/evals/statistics/chance.ts'

/** How likely each misfortune is in one seed, 0 … 1 for each chance to happen. */
export interface Climate {
  /** Of a process, at each call to one of its ports. */
  readonly crash: number
  readonly appendLost: number
  readonly readLost: number
  readonly slow: number
  readonly toolTrouble: number
  readonly modelTrouble: number
  /** Runs that a process keeps in memory though nothing of it goes on. */
  readonly idleRunsInMemory: number
  /** Steps of a process's clock, ms either way. */
  readonly clockStepMs: number
  /** Whether processes see at once that another one is gone; otherwise its lease has to pass. */
  readonly seesDeath: boolean
  /** Whether anybody looks for runs that nobody works on. */
  readonly sweeps: boolean
  /** Of a process that starts: that its code is not that of the others. */
  readonly otherCode: number
  /** Commands out of the blue, for each run. */
  readonly interference: number
}

export const LARGEST_CLOCK_STEP_MS = 3_000

export const drawClimate = (chance: Chance): Climate => {
  const kind = chance.pick(['calm', 'crashes', 'network', 'world', 'everything', 'everything'])
  const crash = kind === 'crashes' || kind === 'everything' ? chance.pick([0.004, 0.015, 0.04]) : 0
  const network = kind === 'network' || kind === 'everything'
  const world = kind === 'world' || kind === 'everything'
  return {
    crash,
    appendLost: network ? chance.pick([0.02, 0.1, 0.25]) : 0,
    readLost: network ? chance.pick([0, 0.02, 0.1]) : 0,
    slow: chance.pick([0, 0.02, 0.1]),
    toolTrouble: world ? chance.pick([0.05, 0.2, 0.4]) : 0,
    modelTrouble: world ? chance.pick([0.05, 0.2, 0.4]) : 0,
    clockStepMs: chance.pick([0, 0, 400, LARGEST_CLOCK_STEP_MS]),
    seesDeath: chance.hits(0.5),
    sweeps: crash > 0 || network,
    // Nobody would find what such a process leaves behind.
    otherCode: crash > 0 || network ? chance.pick([0, 0.3, 0.6]) : 0,
    interference: chance.pick([0, 1, 3]),
    idleRunsInMemory: chance.pick([0, 2]),
  }
}

/** Nothing goes wrong: what is left to do can be done. */
export const calmed = (climate: Climate): Climate => ({
  ...climate,
  otherCode: 0,
  crash: 0,
  appendLost: 0,
  readLost: 0,
  slow: 0,
  toolTrouble: 0,
  modelTrouble: 0,
  clockStepMs: 0,
})

export type AppendFate = 'stored' | 'unavailable' | 'lostAnswer' | 'lostRequest' | 'lateRequest' | 'lateAnswer'
export type ReadFate = 'whole' | 'failed' | 'broken'
export type ToolFate = 'done' | 'refused' | 'refusedForNow' | 'lost' | 'mute' | 'late' | 'badOutput' | 'throwsBefore' | 'throwsAfter'
export type LookUpFate = 'truth' | 'unknown' | 'broken' | 'lost'
export type ModelFate = 'answers' | 'lost' | 'late' | { readonly fails: ModelFailureClass; readonly retryAfterMs?: number }

/** Draws what becomes of each call, by the climate that holds at that moment. */
export interface Fates {
  crashes(): boolean
  /** One way of a call, ms. */
  latency(): number
  /** What a model or a tool takes, ms. */
  workTime(): number
  append(): AppendFate
  /** Of a request that is still under way when nobody waits for it any more, and of an answer that takes its time, ms. */
  lateness(): number
  read(): ReadFate
  /** How many of so many come through. */
  part(whole: number): number
  tool(): ToolFate
  lookUp(): LookUpFate
  model(): ModelFate
}

const failureClasses: [ModelFailureClass, ...ModelFailureClass[]] = [
  'rateLimit',
  'quota',
  'overloaded',
  'server',
  'network',
  'protocol',
  'auth',
  'badRequest',
  'contextLength',
  'length',
  'refusal',
  'empty',
]

/** A network that has just failed is likely to fail again. */
const AGAIN = 0.7

export const fatesOf = (chance: Chance, climate: () => Climate): Fates => {
  let isTroubled = false
  return {
    crashes: () => chance.hits(climate().crash),
    latency: () => (chance.hits(climate().slow) ? chance.between(100, chance.pick([1_000, 20_000])) : chance.between(0.5, 8)),
    workTime: () => chance.between(1, chance.pick([20, 400, 1_500])),
    append: () => {
      const { appendLost } = climate()
      isTroubled = chance.hits(isTroubled && appendLost > 0 ? AGAIN : appendLost)
      return isTroubled ? chance.pick<AppendFate>(['unavailable', 'lostAnswer', 'lostRequest', 'lateRequest', 'lateAnswer']) : 'stored'
    },
    lateness: () => chance.between(10, chance.pick([500, 30_000])),
    read: () => (chance.hits(climate().readLost) ? chance.pick<ReadFate>(['failed', 'broken']) : 'whole'),
    part: (whole) => chance.below(whole + 1),
    tool: () =>
      chance.hits(climate().toolTrouble)
        ? chance.pick<ToolFate>(['refused', 'refusedForNow', 'lost', 'mute', 'late', 'badOutput', 'throwsBefore', 'throwsAfter'])
        : 'done',
    lookUp: () => (chance.hits(climate().toolTrouble) ? chance.pick<LookUpFate>(['unknown', 'broken', 'lost']) : 'truth'),
    model: () => {
      if (!chance.hits(climate().modelTrouble)) return 'answers'
      const fails = { fails: chance.pick(failureClasses) }
      return chance.pick<ModelFate>(['lost', 'late', fails, fails, { ...fails, retryAfterMs: chance.below(5_000) }])
    },
  }
}
