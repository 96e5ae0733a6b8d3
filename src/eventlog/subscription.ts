import { aheadOfLog, passes, type BacklogOptions, type StoredEvent, type SubscribeOptions, type SubscriptionItem } from './event-log.ts'
import type { Alarm, WakeUps } from './wake-ups.ts'

export interface Page {
  readonly events: readonly StoredEvent[]
  /** Mark of the last event considered, which the filter may have left out: where the next page begins. */
  readonly end: number | undefined
  /** Whether there was more behind this page when it was read. */
  readonly more: boolean
}

/** What a log offers to its subscribers. Marks are revisions where a stream is given, else positions. */
export interface SubscriptionSource {
  readonly wakeUps: WakeUps
  /** Throws `Closed`. */
  checkOpen(): void
  /** The newest mark, or undefined where there is no event. */
  newest(stream: string | undefined): number | undefined
  /** Events behind `after`, in order. Throws `Closed` once the log is closed and `StreamDeleted` for a tombstone. */
  pageAfter(after: number | undefined, options: SubscribeOptions): Page
  /** Lets others have the thread between two pages of a long backlog. */
  breathe(): Promise<void>
}

/**
 * Every subscriber pulls pages from the log itself and is told when to look again, so a slow one loses nothing and cannot hold up another.
 * One that is up to date is handed what this process appends to its stream: that need not be read again.
 */
export const subscription = (source: SubscriptionSource, options: SubscribeOptions): AsyncIterable<SubscriptionItem> => ({
  [Symbol.asyncIterator]() {
    const ending = newEnding(options.signal)
    const items = follow(source, options, ending)
    return {
      next: () => items.next(),
      // A generator that waits cannot be ended from outside: it has to be woken first.
      return: () => {
        ending.end()
        return items.return(undefined)
      },
    }
  },
})

/** What is there by now, in the same pages. */
export async function* backlog(
  source: SubscriptionSource,
  options: BacklogOptions,
): AsyncGenerator<SubscriptionItem, undefined, undefined> {
  source.checkOpen()
  refuseAhead(source, options)
  const isEnded = (): boolean => options.signal?.aborted === true
  let after = options.after
  while (!isEnded()) {
    const page = source.pageAfter(after, options)
    for (const event of page.events) {
      if (isEnded()) return
      yield { kind: 'event', event }
    }
    yield* passedBy(page, after)
    after = page.end
    if (!page.more) {
      yield { kind: 'caughtUp' }
      return
    }
    await source.breathe()
  }
}

interface Ending {
  readonly reached: boolean
  end(): void
  rings(alarm: Alarm): void
  release(): void
}

const newEnding = (signal: AbortSignal | undefined): Ending => {
  let reached = signal?.aborted ?? false
  let alarm: Alarm | undefined
  const end = (): void => {
    reached = true
    alarm?.ring()
  }
  signal?.addEventListener('abort', end)
  return {
    get reached() {
      return reached
    },
    end,
    rings(given) {
      alarm = given
    },
    release() {
      signal?.removeEventListener('abort', end)
    },
  }
}

async function* follow(
  source: SubscriptionSource,
  options: SubscribeOptions,
  ending: Ending,
): AsyncGenerator<SubscriptionItem, undefined, undefined> {
  source.checkOpen()
  const alarm = source.wakeUps.listen(options.stream)
  ending.rings(alarm)
  try {
    refuseAhead(source, options)
    let after = options.after
    let isLive = false
    /** Up to what the alarm has not told yet. */
    let hasAll = false
    while (!ending.reached) {
      const news = alarm.news()
      const page: Page = (hasAll ? handedPage(news, after, options) : undefined) ?? source.pageAfter(after, options)
      hasAll = !page.more
      for (const event of page.events) {
        if (ending.reached) return
        yield { kind: 'event', event }
      }
      if (options.stream === undefined) yield* passedBy(page, after)
      after = page.end
      if (page.more) {
        isLive = false
        await source.breathe()
      } else if (isLive) {
        await alarm.rung()
      } else {
        isLive = true
        yield { kind: 'caughtUp' }
      }
    }
  } finally {
    alarm.stop()
    ending.release()
  }
}

/** Undefined where something lies between: what another process has appended, or what came before the subscriber did. */
const handedPage = (
  news: readonly StoredEvent[] | undefined,
  after: number | undefined,
  { filter }: SubscribeOptions,
): Page | undefined => {
  if (news === undefined) return undefined
  const [first] = news
  if (first !== undefined && first.revision !== (after ?? -1) + 1) return undefined
  return {
    events: filter === undefined ? news : news.filter((event) => passes(filter, event)),
    end: news.at(-1)?.revision ?? after,
    more: false,
  }
}

/** What the filter has left out behind the last event of the page. */
function* passedBy({ events, end = 0 }: Page, after: number | undefined): Generator<SubscriptionItem, void, undefined> {
  if (end > (events.at(-1)?.position ?? after ?? 0)) yield { kind: 'passed', position: end }
}

/** Such a checkpoint would skip, in silence, every event up to it. */
const refuseAhead = (source: SubscriptionSource, { after, stream }: SubscribeOptions): void => {
  if (after === undefined) return
  const newest = source.newest(stream)
  // No event has position 0, but one has revision 0.
  if (after > (newest ?? (stream === undefined ? 0 : -1))) throw aheadOfLog(after, newest, stream)
}
