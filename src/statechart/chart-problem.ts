/** A rule that replay depends on. Those with a number guard against a hazard of XState v5 that was reproduced, see below. */
export type ChartRule = keyof typeof EXPECTED

/** One breach of a rule: where in the chart, what stands there and what should. */
export interface ChartProblem {
  readonly rule: ChartRule
  /** A state, a transition of it, or a part of the chart: `agent.acting entry`, `agent on RunCancelled [0]`, `context.limits`. */
  readonly at: string
  readonly found: string
  readonly expected: string
}

const EXPECTED = {
  id: 'an id in the config of the chart, for runs are pinned to it',
  intent: 'the name of an intent that the runtime performs',
  inline: 'a name, for a bare function is invisible in pictures, in the structure hash and in the log',
  // XState ignores a delay it does not know and raises the event at once.
  missing: 'an implementation under this name in setup()',
  delay: 'a number of milliseconds or the name of a delay',
  // XState hands a function on as it is instead of calling it, and timers without id cannot be told apart.
  timer: 'an id written in the chart, or enqueue.raise() where it depends on the event',
  // Actors are invisible in the result of a transition, or live objects in it; a replay would start them again.
  H3: 'effects as named intents, for actors cannot be replayed',
  H4: 'the same state from the same input: take the time from the event, and chance from the input',
  // Only the first transition reports a throw in a snapshot of status `error`; all others throw.
  H5: 'the first transition to lead to a state',
  // JSON makes {} of an Error or a Map, and text of a Date.
  H6: 'what JSON can carry',
  // getPersistedSnapshot replaces such objects by references to actors.
  H7: 'no keys by which XState knows an actor',
  // XState obeys its own event types also when they come from outside.
  H8: 'an event type of the log',
  // XState copies the context one level deep, so a change inside would reach the other runs.
  H10: 'a context that each run gets for itself: make it inside a function, or freeze it',
  // `*` also catches the events of XState.
  H13: 'event types by name, or a wildcard within a namespace such as `domain.*`',
  // XState has no bound of its own.
  H16: 'eventless transitions that come to rest',
} as const

export const chartProblem = (rule: ChartRule, at: string, found: string): ChartProblem => ({ rule, at, found, expected: EXPECTED[rule] })
