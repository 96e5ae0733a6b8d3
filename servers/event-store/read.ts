import { setTimeout as pause } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { AppError, isAppError } from '../../src/errors.ts'
import type { Direction } from '../../src/eventlog/event-log.ts'
import type { ReadFault, RecordedCall, ServerVersion } from './faults.ts'
import type { Access } from './access.ts'
import type { FaultyState } from './faulty-state.ts'
import type { ReadCall, ReadOptions } from './read-call.ts'
import { fail, passesOf, send } from './read-call.ts'
import type { Failure } from './responses.ts'
import { eventResponse, failure, failureOf, nameOf, notFoundResponse } from './responses.ts'
import { runSubscription } from './run-subscription.ts'
import type { StoredWireEvent, WireLog } from './wire-log.ts'

export const read =
  (log: WireLog, state: FaultyState, access: Access) =>
  (call: ReadCall): void => {
    state.seen(call.getPeer())
    const options = call.request.getOptions()
    if (options === undefined) return
    const subject = options.hasStream() ? nameOf(options.getStream()?.getStreamIdentifier()) : '$all'
    void access(call.metadata, subject, '$r').then((denied) =>
      denied === undefined ? begin(log, state, call, options) : fail(call, denied),
    )
  }

const begin = (log: WireLog, state: FaultyState, call: ReadCall, options: ReadOptions): void => {
  if (state.faults.leader !== 'itself' && call.metadata.get('requires-leader')[0] === 'true') {
    fail(call, notLeader(state.faults.leader))
  } else if (options.hasSubscription()) {
    void runSubscription(log, state, call, options)
  } else {
    void answer(log, state, call, options)
  }
}

export const notLeader = (leaderPort: number): Failure =>
  failure(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': '127.0.0.1',
    'leader-endpoint-port': String(leaderPort),
  })

const answer = async (log: WireLog, state: FaultyState, call: ReadCall, options: ReadOptions): Promise<void> => {
  const fault = state.nextRead()
  if (fault.kind === 'unanswered') return
  if (fault.kind === 'recorded') {
    replay(call, fault.call)
    return
  }
  const most = Math.min(Number(options.getCount()), fault.kind === 'broken' ? fault.afterEvents : Infinity)
  const stream = options.hasStream() ? nameOf(options.getStream()?.getStreamIdentifier()) : undefined
  try {
    await sendEvents(call, slowed(eventsOf({ log, state, options, stream }), pauseOf(fault, options)), most)
    if (fault.kind === 'broken') fail(call, failure(fault.code, fault.details))
    else call.end()
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) {
      fail(call, failureOf(error, stream ?? ''))
      return
    }
    call.write(notFoundResponse(stream ?? ''))
    call.end()
  }
}

const pauseOf = (fault: ReadFault, options: ReadOptions): number =>
  fault.kind === 'slow' && !options.hasStream() && directionOf(options) === 'forwards' ? fault.pauseMs : 0

async function* slowed(events: AsyncIterable<StoredWireEvent>, pauseMs: number): AsyncGenerator<StoredWireEvent> {
  for await (const event of events) {
    if (pauseMs > 0) await pause(pauseMs)
    yield event
  }
}

const directionOf = (options: ReadOptions): Direction =>
  options.getReadDirection() === streams.ReadReq.Options.ReadDirection.FORWARDS ? 'forwards' : 'backwards'

const sendEvents = async (call: ReadCall, events: AsyncIterable<StoredWireEvent>, most: number): Promise<void> => {
  let sent = 0
  for await (const event of events) {
    if (sent >= most || call.cancelled) return
    await send(call, eventResponse(event))
    sent += 1
  }
}

interface Reading {
  readonly log: WireLog
  readonly state: FaultyState
  readonly options: ReadOptions
  readonly stream: string | undefined
}

async function* eventsOf({ log, state, options, stream }: Reading): AsyncGenerator<StoredWireEvent> {
  const direction = directionOf(options)
  const passes = passesOf(options)
  const from = stream === undefined ? await positionOf(log, options, state.faults.version) : revisionOf(options)
  const begin = { direction, ...(from === undefined ? {} : { from }) } as const
  for await (const event of stream === undefined ? log.readAll(begin) : log.readStream(stream, begin)) {
    if (stream === undefined) state.lookedAt()
    if (passes(event)) yield event
  }
}

const revisionOf = (options: ReadOptions): number | undefined =>
  options.getStream()?.hasRevision() === true ? Number(options.getStream()?.getRevision()) : undefined

const INVALID_POSITION = {
  '24.2.0': 'Unexpected ReadAllResult: InvalidPosition',
  '26.1.0': 'Unexpected ReadAllResult: InvalidPosition >> Error while reading all events',
}

/** A position has to be that of an event, also of one that was scavenged, unless it lies behind the newest one. */
const positionOf = async (log: WireLog, options: ReadOptions, version: ServerVersion): Promise<number | undefined> => {
  const given = options.getAll()?.getPosition()?.getCommitPosition()
  if (given === undefined) return undefined
  const position = Number(given)
  if (position >= (await log.head())) return position
  if (await log.isPosition(position)) return position
  throw new AppError('InvalidInput', INVALID_POSITION[version])
}

const replay = (call: ReadCall, { frames, trailers }: RecordedCall): void => {
  for (const frame of frames) call.write(streams.ReadResp.deserializeBinary(Buffer.from(frame, 'base64')))
  const { 'grpc-status': code = '0', 'grpc-message': details = '', ...facts } = trailers
  if (code === '0') call.end()
  else fail(call, failure(Number(code), decodeURIComponent(details), facts))
}
