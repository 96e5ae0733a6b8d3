import type { BacklogOptions, SubscriptionItem } from '../event-log.ts'
import type { Lease } from './connection.ts'
import { cutOff, judgeRead, unavailable } from './errors.ts'
import { incomingOfAll, type Progress, caughtUp, passed, placeOf, taken } from './filter.ts'
import { patience } from './patience.ts'
import type { ReadParts } from './contact.ts'

interface BacklogParts extends ReadParts {
  /** Position of the newest event. */
  readonly head: () => Promise<number | undefined>
}

/**
 * What the log holds behind a position, by a subscription that ends once it has caught up: only so does the server itself leave out what does
 * not fit, and say how far it has looked. From the leader, and with the patience of a read.
 */
export async function* backlogItems(parts: BacklogParts, options: BacklogOptions): AsyncGenerator<SubscriptionItem, void, undefined> {
  const { connection, clock, contact, timeoutMs } = parts
  const between = patience(clock, timeoutMs)
  const waiting = contact.waitFor('read the log')
  const progress: Progress = { handled: options.after, considered: options.after, hasCaughtUp: false }
  try {
    await waiting.begin()
    while (isGoingOn(options, progress)) {
      const lease = await connection.lease()
      try {
        for await (const item of session(parts, options, progress, lease)) {
          waiting.answered()
          between.renew()
          yield item
        }
      } catch (error) {
        lease.failed(error)
        const verdict = judgeRead(error, { stream: 'the log' })
        if (verdict.kind === 'refused') throw verdict.error
        const why = await waiting.failed(error)
        if (between.isOver) throw unavailable('read the log', why, error)
        await between.pause()
      }
    }
  } finally {
    waiting.end()
    between.renew()
  }
}

const isGoingOn = ({ signal }: BacklogOptions, { hasCaughtUp }: Progress): boolean => !hasCaughtUp && signal?.aborted !== true

async function* session(
  { clock, timeoutMs, storedAtStepMs, head }: BacklogParts,
  options: BacklogOptions,
  progress: Progress,
  lease: Lease,
): AsyncGenerator<SubscriptionItem, void, undefined> {
  const items = incomingOfAll(
    { lease, clock, silenceMs: timeoutMs, requiresLeader: true },
    { after: placeOf(progress), filter: options.filter },
  )
  try {
    while (isGoingOn(options, progress)) {
      const item = await items.next()
      if (item.kind === 'end') throw cutOff('the server ended a read of the log before its end')
      if (item.kind === 'silence') {
        // Not every server says that there is nothing more.
        if (((await head()) ?? 0) <= (placeOf(progress) ?? 0)) {
          yield caughtUp(progress)
          return
        }
        lease.silent()
        throw cutOff(`nothing to read within ${timeoutMs} ms`)
      }
      lease.answered()
      if (item.kind === 'caughtUp') yield caughtUp(progress)
      else if (item.kind === 'passed') yield* passed(item.position, progress)
      else yield* taken(item.event, options, progress, storedAtStepMs)
    }
  } finally {
    items.stop()
  }
}
