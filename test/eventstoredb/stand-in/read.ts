import type { ServerWritableStream } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { isAppError } from '../../../src/errors.ts'
import type { Direction } from '../../../src/eventlog/event-log.ts'
import type { RecordedCall } from './faults.ts'
import type { FaultyState } from './faulty-state.ts'
import type { Failure } from './responses.ts'
import { eventResponse, failure, failureOf, nameOf, notFoundResponse } from './responses.ts'
import { runSubscription } from './run-subscription.ts'
import type { StoredWireEvent, WireLog } from './wire-log.ts'

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>
type Options = ReadReq.Options

export const read =
  (log: WireLog, state: FaultyState) =>
  (call: ReadCall): void => {
    state.seen('call', call.getPeer())
    const options = call.request.getOptions()
    if (options === undefined) return
    if (state.faults.leaderPort !== undefined && call.metadata.get('requires-leader')[0] === 'true') {
      fail(call, notLeader(state.faults.leaderPort))
    } else if (options.hasSubscription()) {
      void runSubscription(log, state, call, options)
    } else {
      void answer(log, state, call, options)
    }
  }

const notLeader = (leaderPort: number): Failure =>
  failure(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': '127.0.0.1',
    'leader-endpoint-port': String(leaderPort),
  })

const fail = (call: ReadCall, problem: Failure): void => {
  call.emit('error', problem)
}

const answer = async (log: WireLog, state: FaultyState, call: ReadCall, options: Options): Promise<void> => {
  const fault = state.nextRead()
  if (fault.kind === 'unanswered') return
  if (fault.kind === 'recorded') {
    replay(call, fault.call)
    return
  }
  const stream = options.hasStream() ? nameOf(options.getStream()?.getStreamIdentifier()) : undefined
  let left = Number(options.getCount())
  let events = 0
  try {
    for await (const event of eventsOf(log, options, stream)) {
      if (left-- <= 0 || call.cancelled) break
      if (fault.kind === 'broken' && events++ >= fault.afterEvents) break
      await send(call, eventResponse(event))
    }
    if (fault.kind === 'broken') fail(call, failure(fault.code, fault.details))
    else call.end()
  } catch (error) {
    if (isAppError(error, 'StreamNotFound')) call.end(notFoundResponse(stream ?? ''))
    else fail(call, error instanceof InvalidPosition ? failure(status.UNKNOWN, error.message) : failureOf(error, stream ?? ''))
  }
}

/** Waits while the client reads no further. */
export const send = async (call: ReadCall, response: ReadResp): Promise<void> => {
  if (call.cancelled || call.write(response)) return
  await new Promise<void>((resolve) => {
    call.once('drain', resolve)
    call.once('cancelled', resolve)
  })
}

class InvalidPosition extends Error {}

async function* eventsOf(log: WireLog, options: Options, stream: string | undefined): AsyncGenerator<StoredWireEvent> {
  const direction = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.FORWARDS ? 'forwards' : 'backwards'
  const passes = passesOf(options)
  const from = stream === undefined ? await positionOf(log, options) : revisionOf(options)
  const begin = { direction: direction as Direction, ...(from === undefined ? {} : { from }) }
  for await (const event of stream === undefined ? log.readAll(begin) : log.readStream(stream, begin)) if (passes(event)) yield event
}

const revisionOf = (options: Options): number | undefined =>
  options.getStream()?.hasRevision() === true ? Number(options.getStream()?.getRevision()) : undefined

/** A position has to be that of an event, unless it lies behind the newest one. */
const positionOf = async (log: WireLog, options: Options): Promise<number | undefined> => {
  const given = options.getAll()?.getPosition()?.getCommitPosition()
  if (given === undefined) return undefined
  const position = Number(given)
  if (position >= (await log.head())) return position
  for await (const event of log.readAll({ direction: 'forwards', from: position })) {
    if (event.position !== position) throw new InvalidPosition('Unexpected ReadAllResult: InvalidPosition')
    break
  }
  return position
}

export const passesOf = (options: Options): ((event: StoredWireEvent) => boolean) => {
  const filter = options.getFilter()
  if (filter === undefined) return () => true
  const ofStream = filter.getStreamIdentifier()
  const expression = ofStream ?? filter.getEventType()
  const prefixes = expression?.getPrefixList() ?? []
  const regex = expression?.getRegex() ?? ''
  const pattern = regex === '' ? undefined : new RegExp(regex)
  return (event) => {
    const text = ofStream === undefined ? event.type : event.stream
    return pattern === undefined ? prefixes.some((prefix) => text.startsWith(prefix)) : pattern.test(text)
  }
}

const replay = (call: ReadCall, { frames, trailers }: RecordedCall): void => {
  for (const frame of frames) call.write(streams.ReadResp.deserializeBinary(Buffer.from(frame, 'base64')))
  const { 'grpc-status': code = '0', 'grpc-message': details = '', ...facts } = trailers
  if (code === '0') call.end()
  else fail(call, failure(Number(code), decodeURIComponent(details), facts))
}
