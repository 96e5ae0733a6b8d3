import { status } from '@grpc/grpc-js'
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { ExpectedRevision } from '../../src/eventlog/event-log.ts'
import type { Faults } from './faults.ts'
import type { Access } from './access.ts'
import type { FaultyState } from './faulty-state.ts'
import {
  accessDenied,
  badRequest,
  batchSuccess,
  emptyBatchSuccess,
  eventTooLarge,
  failure,
  identifierOf,
  nameOf,
  refusal,
  tooLarge,
  uuidOf,
} from './responses.ts'
import type { WireEvent, WireLog } from './wire-log.ts'

type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>

/** One append, gathered from its frames. */
interface Batch {
  readonly stream: string
  readonly expected: ExpectedRevision
  readonly events: WireEvent[]
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const batchAppend =
  (log: WireLog, state: FaultyState, access: Access) =>
  (call: BatchCall): void => {
    state.seen(call.getPeer())
    const { isWedged } = state.newBatchStream()
    const name = String(call.metadata.get('connection-name')[0] ?? '')
    const unfinished = new Map<string, Batch>()
    // One after the other, as the one writer of the real server does.
    let queue = Promise.resolve()
    call.on('data', (request: BatchAppendReq) => {
      const correlationId = request.getCorrelationId()?.getString() ?? ''
      const batch = gather(unfinished.get(correlationId) ?? begin(request), request)
      unfinished.set(correlationId, batch)
      if (!request.getIsFinal()) return
      unfinished.delete(correlationId)
      if (!isWedged()) queue = queue.then(() => answer({ call, log, state, access, name, correlationId }, batch))
    })
    call.on('error', () => undefined)
    call.on('end', () => {
      call.end()
    })
  }

interface Conversation {
  readonly call: BatchCall
  readonly log: WireLog
  readonly state: FaultyState
  readonly access: Access
  readonly name: string
  readonly correlationId: string
}

const answer = async (conversation: Conversation, batch: Batch): Promise<void> => {
  const { call, log, state, access, name, correlationId } = conversation
  const denied = await access(call.metadata, batch.stream, '$w')
  // A wrong password ends the conversation, what is not granted is answered.
  if (denied?.code === status.UNAUTHENTICATED) return void call.emit('error', denied)
  if (denied !== undefined) return void call.write(addressed(accessDenied(), correlationId, batch.stream))
  const fault = state.nextAppend(name)
  const send = (response: BatchAppendResp): void => {
    if (call.writable) call.write(addressed(response, correlationId, batch.stream))
  }
  switch (fault.kind) {
    case 'none':
      send(await store(log, batch, state.faults))
      return
    case 'swallowed':
      return
    case 'storedSilently':
      await store(log, batch, state.faults)
      return
    case 'answeredLate': {
      const response = await store(log, batch, state.faults)
      state.keepAnswer(() => send(response))
      return
    }
    case 'refused':
      send(new streams.BatchAppendResp().setError(unrecognised(fault.message)))
      return
    case 'streamEnded':
      call.end()
      return
    case 'storedThenBroken':
      await store(log, batch, state.faults)
      call.emit('error', failure(fault.code, fault.details, fault.facts))
      return
    case 'recorded':
      send(streams.BatchAppendResp.deserializeBinary(Buffer.from(fault.frame, 'base64')))
  }
}

const unrecognised = (message: string): ReturnType<BatchAppendResp['getError']> => {
  const error = badRequest(message).getError()
  return error?.setMessage(message)
}

const addressed = (response: BatchAppendResp, correlationId: string, stream: string): BatchAppendResp =>
  response.setCorrelationId(uuidOf(correlationId)).setStreamIdentifier(identifierOf(stream))

const begin = (request: BatchAppendReq): Batch => {
  const options = request.getOptions()
  return { stream: nameOf(options?.getStreamIdentifier()), expected: expectedOf(options), events: [] }
}

const expectedOf = (options: BatchAppendReq.Options | undefined): ExpectedRevision => {
  if (options === undefined || options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no-stream'
  return options.hasStreamExists() ? 'stream-exists' : Number(options.getStreamPosition())
}

const gather = (batch: Batch, request: BatchAppendReq): Batch => {
  for (const message of request.getProposedMessagesList()) {
    batch.events.push({
      id: message.getId()?.getString() ?? '',
      type: message.getMetadataMap().get('type') ?? '',
      contentType: message.getMetadataMap().get('content-type') ?? '',
      data: message.getData_asU8(),
      customMetadata: message.getCustomMetadata_asU8(),
    })
  }
  return batch
}

const store = async (log: WireLog, { stream, expected, events }: Batch, faults: Faults): Promise<BatchAppendResp> => {
  const problem = problemOf(stream, events, faults)
  if (problem !== undefined) return problem
  if (events.length === 0) return emptyBatchSuccess(await log.head())
  try {
    const { revision, position } = await log.append(
      stream,
      expected,
      events.map((event) => ({ ...event, id: event.id.toLowerCase() })),
    )
    return batchSuccess(revision, position)
  } catch (error) {
    return refusal(error, stream)
  }
}

const MAX_APPEND_BYTES = { '24.2.0': 1_048_576, '26.1.0': 256 * 1024 * 1024 }

const problemOf = (stream: string, events: readonly WireEvent[], { version, mostEventBytes }: Faults): BatchAppendResp | undefined => {
  if (stream === '') return badRequest('streamName')
  if (!events.every(({ id }) => GUID.test(id))) return badRequest('Unrecognized Guid format.')
  if (events.some(({ type }) => type === '')) return badRequest("Empty eventType provided. (Parameter 'eventType')")
  const sizes = events.map(({ type, data, customMetadata }) => type.length + data.length + customMetadata.length)
  if (version === '26.1.0' && sizes.some((bytes) => bytes > mostEventBytes)) return eventTooLarge()
  const most = MAX_APPEND_BYTES[version]
  return sizes.reduce((sum, bytes) => sum + bytes, 0) > most ? tooLarge(most) : undefined
}
