// What can be read from the text of a function. Best effort by nature: a bound or native function shows no text, a value may be
// fetched through another function, a minifier renames what is local. It is a net under the probes, never a proof.

const CLOCK_AND_CHANCE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/, 'Date.now'],
  [/\bnew\s+Date\b/, 'new Date'],
  [/\bMath\s*\.\s*random\b/, 'Math.random'],
  [/\bperformance\s*\.\s*now\b/, 'performance.now'],
  [/\brandomUUID\b/, 'crypto.randomUUID'],
  [/\bgetRandomValues\b/, 'crypto.getRandomValues'],
  [/\bfetch\s*\(/, 'fetch('],
  [/\bprocess\s*\./, 'process.'],
  [/\bset(?:Timeout|Interval|Immediate)\s*\(/, 'setTimeout'],
  [/\bqueueMicrotask\s*\(/, 'queueMicrotask'],
  [/\basync\b|\bawait\b/, 'async'],
]

const ACTORS: readonly (readonly [RegExp, string])[] = [
  [/\bspawn\s*\(/, 'spawn('],
  [/\.\s*spawnChild\s*\(/, 'spawnChild('],
  [/\.\s*stopChild\s*\(/, 'stopChild('],
  [/\.\s*sendTo\s*\(/, 'sendTo('],
  [/\.\s*sendParent\s*\(/, 'sendParent('],
  [/\.\s*emit\s*\(/, 'emit('],
  [/\bself\s*\.\s*send\b/, 'self.send'],
  [/\bsystem\s*\.\s*get\b/, 'system.get'],
]

const CALL_WITH_NAME = /\b(\w+)\s*\(\s*(?:\{\s*type\s*:\s*)?(['"`])([\w.]+)\2/g

// A template literal is kept: its holes are code. The text of plain strings and comments is not code.
const NOT_CODE = /(`(?:\\.|[^`\\])*`)|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
const COMMENTS = /(`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g

const keepFirst = (_match: string, kept: string | undefined): string => kept ?? ' '

const textOf = (subject: unknown): string => (typeof subject === 'function' ? Function.prototype.toString.call(subject) : '')

const mentions = (subject: unknown, patterns: readonly (readonly [RegExp, string])[]): readonly string[] => {
  const code = textOf(subject).replace(NOT_CODE, keepFirst)
  return patterns.filter(([pattern]) => pattern.test(code)).map(([, name]) => name)
}

/** Clocks, chance and the outside world that a function's text mentions. */
export const impureMentions = (subject: unknown): readonly string[] => mentions(subject, CLOCK_AND_CHANCE)

/** Actors that a function's text makes or sends to. */
export const actorMentions = (subject: unknown): readonly string[] => mentions(subject, ACTORS)

/** The action names that the collector of an `enqueueActions` hands to `enqueue`, in the order written. */
export const enqueuedNames = (collect: unknown): readonly string[] => {
  const text = textOf(collect).replace(COMMENTS, keepFirst)
  const enqueue = /\benqueue\s*:\s*(\w+)/.exec(text)?.[1] ?? 'enqueue'
  const calls = [...text.matchAll(CALL_WITH_NAME)].filter(([, callee]) => callee === enqueue)
  return [...new Set(calls.flatMap(([, , , name]) => name ?? []))]
}
