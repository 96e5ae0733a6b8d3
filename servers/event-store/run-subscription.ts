import type { Faults } from './faults.ts'
import type { FaultyState } from './faulty-state.ts'
import type { ReadCall, ReadOptions } from './read-call.ts'
import { fail, passesOf, send } from './read-call.ts'
import { caughtUpResponse, checkpointResponse, confirmationResponse, eventResponse, failure, failureOf, nameOf } from './responses.ts'
import type { WireItem, WireLog } from './wire-log.ts'

/** A filtered subscription is told how far the server has looked after so many events. */
const CHECKPOINT_INTERVAL = 32

export const runSubscription = async (log: WireLog, state: FaultyState, call: ReadCall, options: ReadOptions): Promise<void> => {
  const stream = options.hasStream() ? nameOf(options.getStream()?.getStreamIdentifier()) : undefined
  const over = new AbortController()
  const leave = (): void => {
    over.abort()
    state.openSubscriptions.delete(end)
  }
  const end = (code: number | undefined, details: string): void => {
    leave()
    if (code === undefined) call.end()
    else fail(call, failure(code, details))
  }
  state.openSubscriptions.add(end)
  call.on('cancelled', leave)
  try {
    await send(call, confirmationResponse())
    const items = log.subscribe(stream, await startOf(log, options), over.signal)
    await pass(call, options, items, () => state.faults)
  } catch (error) {
    if (over.signal.aborted) return
    leave()
    fail(call, failureOf(error, stream ?? ''))
  }
}

const pass = async (call: ReadCall, options: ReadOptions, items: AsyncIterable<WireItem>, faults: () => Faults): Promise<void> => {
  const passes = passesOf(options)
  let considered = 0
  let newest: number | undefined
  for await (const item of items) {
    const { subscriptionsMuted, caughtUpWithheld, checkpointsBetween } = faults()
    if (subscriptionsMuted) continue
    if (item.kind === 'event') {
      newest = item.event.position
      considered += 1
      if (passes(item.event)) await send(call, eventResponse(item.event))
    }
    const isCheckpoint = options.hasFilter() && (item.kind === 'caughtUp' || considered % CHECKPOINT_INTERVAL === 0)
    if (isCheckpoint && newest !== undefined) await send(call, checkpointResponse(newest + (checkpointsBetween ? 1 : 0)))
    if (item.kind === 'caughtUp' && !caughtUpWithheld) await send(call, caughtUpResponse())
  }
}

const startOf = async (log: WireLog, options: ReadOptions): Promise<number | undefined> => {
  const all = options.getAll()
  if (all?.hasEnd() === true) return log.head()
  if (all?.hasPosition() === true) return Number(all.getPosition()?.getCommitPosition())
  return options.getStream()?.hasRevision() === true ? Number(options.getStream()?.getRevision()) : undefined
}
