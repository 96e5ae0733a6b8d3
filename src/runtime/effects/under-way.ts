import type { Clock } from '../../clock.ts'
import type { Owed } from '../../fold/run-state.ts'

export interface UnderWay {
  readonly owed: Owed
  readonly controller: AbortController
  /** `lost`: its result could not be recorded, and never will; it is kept so that it does not begin again. */
  phase: 'performing' | 'reporting' | 'lost'
}

/** What this process is doing, by run. */
export interface UnderWayTable {
  of(runId: string): Iterable<UnderWay>
  /** That something is performed for. */
  readonly performing: () => readonly string[]
  /** Of all runs, without what is lost. */
  size(): number
  has(runId: string, owed: Owed): boolean
  enter(runId: string, entry: UnderWay): void
  leave(runId: string, owed: Owed): void
  lose(entry: UnderWay): void
  readonly abortAll: () => void
  /** All was aborted: nothing is reported any more. */
  isShut(): boolean
  /** Resolves once nothing but lost results is left, or after `graceMs`. */
  drain(clock: Clock, graceMs: number): Promise<void>
}

export const createUnderWayTable = (): UnderWayTable => {
  const runs = new Map<string, Map<string, UnderWay>>()
  const drained: (() => void)[] = []
  let isShut = false

  const isBusy = (): boolean => [...runs.values()].some((entries) => [...entries.values()].some(isAlive))
  const resolveDrained = (): void => {
    if (drained.length > 0 && !isBusy()) for (const resolve of drained.splice(0)) resolve()
  }

  return {
    of: (runId) => runs.get(runId)?.values() ?? [],
    performing: () =>
      [...runs].flatMap(([runId, entries]) => ([...entries.values()].some(({ phase }) => phase === 'performing') ? [runId] : [])),
    size: () => [...runs.values()].reduce((sum, entries) => sum + [...entries.values()].filter(isAlive).length, 0),
    has: (runId, owed) => runs.get(runId)?.has(nameOf(owed)) ?? false,
    enter(runId, entry) {
      const entries = runs.get(runId) ?? new Map<string, UnderWay>()
      runs.set(runId, entries.set(nameOf(entry.owed), entry))
    },
    leave(runId, owed) {
      const entries = runs.get(runId)
      entries?.delete(nameOf(owed))
      if (entries?.size === 0) runs.delete(runId)
      resolveDrained()
    },
    lose(entry) {
      entry.phase = 'lost'
      resolveDrained()
    },
    isShut: () => isShut,
    abortAll() {
      isShut = true
      for (const entries of runs.values()) for (const { controller } of entries.values()) controller.abort()
    },
    drain: (clock, graceMs) =>
      new Promise((resolve) => {
        if (!isBusy()) {
          resolve()
          return
        }
        const giveUp = clock.setTimer(graceMs, resolve)
        drained.push(() => {
          giveUp()
          resolve()
        })
      }),
  }
}

const isAlive = ({ phase }: UnderWay): boolean => phase !== 'lost'

const nameOf = ({ intent, key, attempt }: Owed): string => `${intent} ${key} ${attempt}`

/** Attempts of tool calls whose code has not returned, whether anybody still waits for it or not. Of this process alone. */
export interface Attempts {
  /** Returns what is called once the code has returned and what it said is on its way. */
  start(runId: string, callId: string): () => void
  isUnderWay(runId: string, callId: string): boolean
  /** Resolves once no attempt of the call is under way. */
  over(runId: string, callId: string): Promise<void>
  /** Whether any call of any run has one. */
  readonly any: () => boolean
}

interface CallUnderWay {
  count: number
  readonly waiting: (() => void)[]
}

export const createAttempts = (): Attempts => {
  const calls = new Map<string, CallUnderWay>()
  const nameOf = (runId: string, callId: string): string => `${runId} ${callId}`

  const end = (name: string, call: CallUnderWay): void => {
    call.count -= 1
    if (call.count > 0) return
    calls.delete(name)
    for (const tell of call.waiting) tell()
  }

  return {
    start(runId, callId) {
      const name = nameOf(runId, callId)
      const call = calls.get(name) ?? { count: 0, waiting: [] }
      call.count += 1
      calls.set(name, call)
      let isOver = false
      return () => {
        if (!isOver) end(name, call)
        isOver = true
      }
    },
    isUnderWay: (runId, callId) => calls.has(nameOf(runId, callId)),
    over: (runId, callId) =>
      new Promise((resolve) => {
        const call = calls.get(nameOf(runId, callId))
        if (call === undefined) resolve()
        else call.waiting.push(resolve)
      }),
    any: () => calls.size > 0,
  }
}
