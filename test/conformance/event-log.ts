import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appendLimits, expectedRevisions, repeatedAppends } from './event-log-appends.ts'
import type { Capabilities, LogUnderTest, OpenLog } from './event-log-cases.ts'
import { collect, newEvents, newStream, rejection } from './event-log-cases.ts'
import { deletion, streamReads, wholeLogReads } from './event-log-reads.ts'
import { restarts, subscriptions } from './event-log-subscriptions.ts'

/** What every event log keeps; the numbers are those of test/conformance/README.md. */
export const eventLogConformance = (name: string, open: OpenLog, capabilities: Capabilities = { readsFromAnyPosition: true }): void => {
  describe(`the ${name} event log`, () => {
    let opened: LogUnderTest
    let log: LogUnderTest['log']
    beforeAll(async () => {
      opened = await open()
      log = opened.log
    })
    afterAll(() => opened.dispose())
    const reopen = async (): Promise<LogUnderTest['log']> => (log = await opened.reopen())

    expectedRevisions(() => log)
    repeatedAppends(() => log)
    appendLimits(() => log)
    streamReads(() => log)
    wholeLogReads(() => log, capabilities)
    deletion(() => log)
    subscriptions(() => log)
    restarts(() => log, reopen)
    closing(open)
  })
}

const closing = (open: OpenLog): void => {
  describe('closing', () => {
    test('a closed log refuses every call and tells its subscribers', async () => {
      const opened = await open()
      const { log } = opened
      const stream = newStream()
      await log.append(stream, 'no-stream', newEvents(1))
      const iterator = log.subscribe({ stream: newStream() })[Symbol.asyncIterator]()
      await iterator.next()
      const waiting = iterator.next()
      const [closed] = await Promise.all([log.close(), rejection(waiting, 'Closed')])
      expect(closed).toBeUndefined()
      await rejection(log.append(stream, 0, newEvents(1)), 'Closed')
      await rejection(collect(log.readStream(stream)), 'Closed')
      await rejection(collect(log.readAll()), 'Closed')
      await rejection(collect(log.subscribe()), 'Closed')
      await rejection(log.head(), 'Closed')
      await rejection(log.setMetadata(stream, {}), 'Closed')
      await rejection(log.deleteStream(stream, 0), 'Closed')
      await log.close()
      await opened.dispose()
    })
  })
}
