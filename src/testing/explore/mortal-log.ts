import type { EventLog } from '../../eventlog/event-log.ts'

/** One place where a process may end. */
export interface Death {
  /** Which of its appends: 1, 2 … */
  readonly append: number
  /** `before`: the events are not stored. `after`: they are, and the process does not hear of it. */
  readonly moment: 'before' | 'after'
}

export interface MortalLog {
  readonly log: EventLog
  readonly appends: () => number
  /** What was to be appended where it died, by type. */
  readonly lastWords: () => readonly string[]
  /** Aborted when the process is dead. */
  readonly signal: AbortSignal
}

/** The log of a process that ends at one of its appends. Nothing is heard of it from then on, and it appends nothing. */
export const mortalLog = (log: EventLog, death: Death | undefined): MortalLog => {
  const died = new AbortController()
  let appends = 0
  let isDead = false
  let lastWords: readonly string[] = []
  return {
    appends: () => appends,
    lastWords: () => lastWords,
    signal: died.signal,
    log: {
      ...log,
      async append(stream, expected, events) {
        if (isDead) return never()
        appends += 1
        if (appends !== death?.append) return log.append(stream, expected, events)
        isDead = true
        lastWords = events.map(({ type }) => type)
        if (death.moment === 'after') await log.append(stream, expected, events)
        died.abort()
        return never()
      },
    },
  }
}

const never = <Result>(): Promise<Result> => new Promise(() => undefined)
