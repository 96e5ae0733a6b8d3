import type { RunEvent } from '../src/events/envelope.ts'
import { canonicalJson } from '../src/json.ts'
import { ToolFailure, type Lookup, type Tool, type ToolContext } from '../src/tools/tool.ts'
import type { Hands } from './agents.ts'
import type { Bookkeeper } from './bookkeeper.ts'
import type { Fates, ToolFate } from './chaos.ts'
import type { Life } from './life.ts'
import type { Deed } from './tally.ts'
import { TIME_LIMITS_MS } from './time-limits.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Where tools have their effects. It outlives every process, and counts. */
export interface OutsideWorld {
  handsOf(life: Life): Hands
  /** Effects that have happened, of any tool that has any. */
  effects(): number
  /** Whether this one has. */
  happened(idempotencyKey: string): boolean
  /** What is recorded as certain has to be true. */
  note(event: RunEvent): void
  readonly ledger: WorldLedger
}

/** What has happened, and may still, by idempotency key. */
export type WorldLedger = Map<string, Entry>

export interface WorldParts {
  readonly time: VirtualTime
  readonly fates: Fates
  readonly books: Bookkeeper
  readonly problems: string[]
  readonly count: (deed: Deed) => void
  readonly tell: (line: () => string) => void
}

interface OnTheWay {
  readonly life: Life
  isSent: boolean
}

interface Entry {
  readonly input: string
  /** Times that it was done. */
  times: number
  /** That have asked for it when it was done, or since. */
  readonly runs: Set<string>
  /** Requests that may still be done: on their way, or in the hands of a process that has not sent them. */
  readonly underWay: Set<OnTheWay>
}

export const outsideWorld = (parts: WorldParts, ledger: WorldLedger = new Map<string, Entry>()): OutsideWorld => {
  const begun = new Set<string>()
  /** Of a log that has gone another way since: it may hold another call at the same place. */
  const fromBefore = new Set(ledger.keys())

  const entryOf = (tool: Tool, input: unknown, { idempotencyKey }: ToolContext): Entry => {
    const text = `${tool.name} ${canonicalJson(input)}`
    const entry = ledger.get(idempotencyKey) ?? { input: text, times: 0, runs: new Set(), underWay: new Set() }
    ledger.set(idempotencyKey, entry)
    if (entry.input !== text && !fromBefore.has(idempotencyKey))
      parts.problems.push(`${idempotencyKey} was for ${entry.input} and is now for ${text}`)
    return entry
  }

  const checkClaim = (life: Life, tool: Tool, input: unknown, context: ToolContext): void => {
    const { runId, callId, attempt } = context
    const name = `${runId}/${callId}/${attempt}`
    const claim = parts.books.toolClaim(runId, callId, attempt)
    if (claim?.owner !== life.owner)
      parts.problems.push(`${life.owner} does ${tool.name} ${name}, which ${claim?.owner ?? 'nobody'} has claimed`)
    if (claim !== undefined && canonicalJson(claim.input) !== canonicalJson(input)) {
      parts.problems.push(`${name} gets ${canonicalJson(input)}, but the log says ${canonicalJson(claim.input)}`)
    }
    if (claim !== undefined && claim.idempotencyKey !== context.idempotencyKey)
      parts.problems.push(`${name} has another key than its claim`)
    if (begun.has(name)) parts.problems.push(`${life.owner} begins ${tool.name} ${name} a second time`)
    begun.add(name)
  }

  const happen = (tool: Tool, { runId, idempotencyKey: key }: ToolContext, entry: Entry): void => {
    entry.runs.add(runId)
    // Whoever takes orders knows them by their key, also those of another run.
    if (tool.idempotencyKey !== undefined && entry.times > 0) return
    entry.times += 1
    parts.tell(() => `the world: ${tool.name} ${key} happens${entry.times > 1 ? `, for the ${entry.times}th time` : ''}`)
    if (tool.effect === 'once' && entry.times > 1) parts.problems.push(`${tool.name} ${key} was done ${entry.times} times`)
  }

  const noteCorrection = ({ runId, revision, data }: Extract<RunEvent, { type: 'ToolCallCorrected' }>): void => {
    parts.count('corrections')
    const key = parts.books.toolClaim(runId, data.callId, data.attempt)?.idempotencyKey ?? ''
    if (data.succeeded === happened(key) || data.settledBy === 'human') return
    parts.problems.push(`${runId}@${revision} says that ${key} ${data.succeeded ? 'has happened' : 'did not happen'}, which is not so`)
  }

  const happened = (key: string): boolean => (ledger.get(key)?.times ?? 0) > 0

  return {
    ledger,
    effects: () => [...ledger.values()].reduce((sum, { times }) => sum + times, 0),
    happened,
    note: (event) => {
      if (event.type === 'ToolCallCorrected') noteCorrection(event)
      if (event.type !== 'ToolCallFailed' || event.data.happened !== 'no' || event.data.settledBy === 'human') return
      const { callId, attempt } = event.data
      const key = parts.books.toolClaim(event.runId, callId, attempt)?.idempotencyKey ?? ''
      // Of an act of another run, which knows nothing of it, this one says that it was refused here.
      if (ledger.get(key)?.runs.has(event.runId) === true)
        parts.problems.push(`${event.runId}@${event.revision} says that ${key} did not happen, but it did`)
    },
    handsOf: (life) => ({
      execute: (tool, input, context) => {
        checkClaim(life, tool, input, context)
        const entry = entryOf(tool, input, context)
        const fate = parts.fates.tool()
        if (fate !== 'done') {
          parts.count('toolTroubles')
          const deed = TROUBLES[fate]
          if (deed !== undefined) parts.count(deed)
          parts.tell(() => `${life.owner}: ${tool.name} ${context.idempotencyKey} is ${fate}`)
        }
        return request(parts, life, { context, fate, entry, happen: () => tool.effect !== 'read' && happen(tool, context, entry) }, input)
      },
      lookUp: (tool, key) => lookUp(parts, life, ledger.get(key), tool),
    }),
  }
}

const TROUBLES: Partial<Record<ToolFate, Deed>> = { throwsAfter: 'throwsAfterTheDeed', badOutput: 'misshapenAnswers', late: 'lateAnswers' }

/** One number has an answer that is too large for an event, and goes to the blob store. */
const BULKY = 12
const bulk = 'bulk '.repeat(14_000)

interface Request {
  readonly context: ToolContext
  readonly fate: ToolFate
  readonly entry: Entry
  readonly happen: () => void
}

/** Sent after a while, done after a while, answered after a while; the process may be gone, or have given up, at any of these points. */
const request = (parts: WorldParts, life: Life, { context, fate, entry, happen }: Request, input: unknown): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const { time, fates } = parts
    const { n } = input as { n: number }
    const attempt: OnTheWay = { life, isSent: false }
    entry.underWay.add(attempt)
    const answer = (settle: () => void): void => void life.later(fates.latency(), settle)
    const arrive = (): void => {
      entry.underWay.delete(attempt)
      if (fate === 'refused') return answer(() => reject(new ToolFailure('refused', { happened: false })))
      if (fate === 'refusedForNow') return answer(() => reject(new ToolFailure('not now', { retryable: true, happened: false })))
      if (fate === 'throwsBefore') return answer(() => reject(new Error('the connection was refused')))
      happen()
      if (fate === 'throwsAfter') return answer(() => reject(new Error('the connection broke')))
      if (fate !== 'mute') answer(() => resolve(fate === 'badOutput' ? { wrong: true } : { n, done: n === BULKY ? bulk : `did ${n}` }))
    }
    life.later(fates.latency(), () => {
      if (context.signal.aborted || fate === 'lost') return void entry.underWay.delete(attempt)
      attempt.isSent = true
      time.schedule(fates.workTime() + (fate === 'late' ? TIME_LIMITS_MS.tool * 4 : 0), arrive)
    })
  })

const lookUp = (parts: WorldParts, life: Life, entry: Entry | undefined, tool: Tool): Promise<Lookup<unknown>> =>
  new Promise((resolve, reject) => {
    const { time, fates } = parts
    const fate = fates.lookUp()
    time.schedule(fates.latency(), () => {
      const truth = fate === 'unknown' ? { found: 'unknown' as const } : truthOf(entry)
      parts.tell(() => `${life.owner}: the look-up of ${tool.name} is ${fate === 'truth' ? truth.found : fate}`)
      if (fate === 'lost') return
      life.later(fates.latency(), () => {
        if (fate === 'broken') reject(new Error('the look-up broke'))
        else resolve(truth)
      })
    })
  })

/**
 * `nothing` is so far: an attempt may still be under way in a process that is there, which has to take care of that. What a process that is
 * gone has sent nobody but the world outside can know.
 */
const truthOf = (entry: Entry | undefined): Lookup<unknown> => {
  if (entry === undefined) return { found: 'nothing' }
  if (entry.times > 0) return { found: 'succeeded', output: { n: 0, done: 'found it done' } }
  const mayCome = [...entry.underWay].some(({ life, isSent }) => isSent && !life.isAlive())
  return mayCome ? { found: 'unknown' } : { found: 'nothing' }
}
