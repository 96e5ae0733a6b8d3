import { setTimeout as pause } from 'node:timers/promises'
import type { FaultyState } from './faulty-state.ts'
import type { ReadCall, ReadOptions } from './read-call.ts'
import { fail, passesOf, send } from './read-call.ts'
import { caughtUpResponse, checkpointResponse, confirmationResponse, eventResponse, failure, failureOf, nameOf } from './responses.ts'
import type { WireItem, WireLog } from './wire-log.ts'

/** Of events, where the client does not say how many are looked at at one time. */
const SEARCH_WINDOW = 32

/** A filtered subscription is told how far the server has looked after so many events. */
const checkpointInterval = (options: ReadOptions): number => {
  const filter = options.getFilter()
  return (filter?.hasMax() === true ? filter.getMax() : SEARCH_WINDOW) * Math.max(1, filter?.getCheckpointintervalmultiplier() ?? 1)
}

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
    await pass(call, options, items, state)
  } catch (error) {
    if (over.signal.aborted) return
    leave()
    fail(call, failureOf(error, stream ?? ''))
  }
}

const pass = async (call: ReadCall, options: ReadOptions, items: AsyncIterable<WireItem>, state: FaultyState): Promise<void> => {
  const passes = passesOf(options)
  const interval = checkpointInterval(options)
  let considered = 0
  let newest: number | undefined
  for await (const item of items) {
    const { subscriptionsMuted, caughtUpWithheld, checkpointsBetween, reads } = state.faults
    if (subscriptionsMuted) continue
    if (item.kind === 'event') {
      if (!options.hasStream()) await goThrough(state)
      newest = item.event.position
      considered += 1
      if (passes(item.event)) await send(call, eventResponse(item.event))
    }
    const isFar = item.kind === 'caughtUp' || reads.kind === 'slow' || considered % interval === 0
    if (options.hasFilter() && isFar && newest !== undefined) await send(call, checkpointResponse(newest + (checkpointsBetween ? 1 : 0)))
    if (item.kind === 'caughtUp' && !caughtUpWithheld) await send(call, caughtUpResponse())
  }
}

const goThrough = async (state: FaultyState): Promise<void> => {
  state.lookedAt()
  const { reads } = state.faults
  if (reads.kind === 'slow') await pause(reads.pauseMs)
}

const startOf = async (log: WireLog, options: ReadOptions): Promise<number | undefined> => {
  const all = options.getAll()
  if (all?.hasEnd() === true) return log.head()
  if (all?.hasPosition() === true) return Number(all.getPosition()?.getCommitPosition())
  return options.getStream()?.hasRevision() === true ? Number(options.getStream()?.getRevision()) : undefined
}
