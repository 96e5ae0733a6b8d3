import { status } from '@grpc/grpc-js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import type { FaultyState } from './faulty-state.ts'
import type { ReadCall } from './read.ts'
import { passesOf, send } from './read.ts'
import { caughtUpResponse, checkpointResponse, confirmationResponse, eventResponse, failure, failureOf, nameOf } from './responses.ts'
import type { StoredWireEvent, WireLog } from './wire-log.ts'

/** A filtered subscription is told how far the server has looked after so many events. */
const CHECKPOINT_INTERVAL = 32

export const runSubscription = async (log: WireLog, state: FaultyState, call: ReadCall, options: ReadReq.Options): Promise<void> => {
  const stream = options.hasStream() ? nameOf(options.getStream()?.getStreamIdentifier()) : undefined
  const over = new AbortController()
  const end = (code: number | undefined, details: string): void => {
    over.abort()
    state.openSubscriptions.delete(end)
    if (code === undefined) call.end()
    else call.emit('error', failure(code, details))
  }
  state.openSubscriptions.add(end)
  call.on('cancelled', () => {
    over.abort()
    state.openSubscriptions.delete(end)
  })
  try {
    await send(call, confirmationResponse())
    await follow(log, state, call, options, stream, over.signal)
  } catch (error) {
    if (over.signal.aborted) return
    state.openSubscriptions.delete(end)
    call.emit('error', failureOf(error, stream ?? ''))
  }
}

const follow = async (
  log: WireLog,
  state: FaultyState,
  call: ReadCall,
  options: ReadReq.Options,
  stream: string | undefined,
  signal: AbortSignal,
): Promise<void> => {
  const passes = passesOf(options)
  const isFiltered = options.hasFilter()
  let considered = 0
  let newest: StoredWireEvent | undefined
  for await (const item of log.subscribe(stream, await startOf(log, options, stream), signal)) {
    if (state.faults.subscriptionsMuted) continue
    if (item.kind === 'event') {
      newest = item.event
      considered += 1
      if (passes(item.event)) await send(call, eventResponse(item.event))
    }
    const isDue = item.kind === 'caughtUp' || considered % CHECKPOINT_INTERVAL === 0
    if (isFiltered && isDue && newest !== undefined) await send(call, checkpointResponse(newest.position))
    if (item.kind === 'caughtUp') await send(call, caughtUpResponse())
  }
}

const startOf = async (log: WireLog, options: ReadReq.Options, stream: string | undefined): Promise<number | undefined> => {
  if (stream === undefined) {
    const all = options.getAll()
    if (all?.hasEnd() === true) return log.head()
    return all?.hasPosition() === true ? Number(all.getPosition()?.getCommitPosition()) : undefined
  }
  const from = options.getStream()
  return from?.hasRevision() === true ? Number(from.getRevision()) : undefined
}

export const SLOW_CONSUMER = {
  code: status.ABORTED,
  details: 'Operation timed out: Consumer too slow to handle event while live. Client resubscription required.',
}
