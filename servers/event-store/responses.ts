import { Metadata, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import empty from 'google-protobuf/google/protobuf/empty_pb.js'
import anyPb from 'google-protobuf/google/protobuf/any_pb.js'
import type { Message } from 'google-protobuf'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { StreamIdentifier } from '@eventstore/db-client/generated/shared_pb.js'
import codes from '@eventstore/db-client/generated/code_pb.js'
import type { Code } from '@eventstore/db-client/generated/code_pb.js'
import statusPb from '@eventstore/db-client/generated/status_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { BatchAppendResp, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { isAppError } from '../../src/errors.ts'
import { MAX_APPEND_BYTES, type ExpectedRevision } from '../../src/eventlog/event-log.ts'
import type { AppError } from '../../src/errors.ts'
import type { StoredWireEvent } from './wire-log.ts'

const { INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, ALREADY_EXISTS } = codes.Code

export const uuidOf = (text: string): InstanceType<typeof shared.UUID> => new shared.UUID().setString(text)

export const identifierOf = (stream: string): StreamIdentifier => new shared.StreamIdentifier().setStreamName(Buffer.from(stream))

export const nameOf = (identifier: StreamIdentifier | undefined): string => Buffer.from(identifier?.getStreamName_asU8() ?? []).toString()

export const batchSuccess = (revision: number, position: number): BatchAppendResp => {
  const at = new shared.AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position))
  return new streams.BatchAppendResp().setSuccess(
    new streams.BatchAppendResp.Success().setCurrentRevision(String(revision)).setPosition(at),
  )
}

export const emptyBatchSuccess = (position: number): BatchAppendResp => {
  const response = batchSuccess(0, position)
  response.getSuccess()?.setNoStream(new empty.Empty())
  return response
}

/** `google.rpc.Status`; the details are absent where the client is to see only a message. */
const batchFailure = (code: Code, message: string, detail?: Detail): BatchAppendResp => {
  const failure = new statusPb.Status().setCode(code).setMessage(message)
  const details = new anyPb.Any()
  details.pack((detail?.message ?? new shared.Unknown()).serializeBinary(), `event_store.client.${detail?.name ?? message}`)
  return new streams.BatchAppendResp().setError(failure.setDetails(details))
}

interface Detail {
  readonly name: string
  readonly message: Message
}

export const badRequest = (message: string): BatchAppendResp =>
  batchFailure(INVALID_ARGUMENT, 'BadRequest', { name: 'BadRequest', message: new shared.BadRequest().setMessage(message) })

export const tooLarge = (maxAppendBytes: number): BatchAppendResp =>
  batchFailure(INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', {
    name: 'MaximumAppendSizeExceeded',
    message: new shared.MaximumAppendSizeExceeded().setMaxappendsize(maxAppendBytes),
  })

/** Of KurrentDB; no client has a name for it. */
export const eventTooLarge = (): BatchAppendResp => batchFailure(INVALID_ARGUMENT, 'MaximumAppendEventSizeExceeded')

export const accessDenied = (): BatchAppendResp =>
  batchFailure(PERMISSION_DENIED, 'Access Denied', { name: 'AccessDenied', message: new shared.AccessDenied() })

/** What a refused append is answered. */
export const refusal = (error: unknown, stream: string): BatchAppendResp => {
  if (isAppError(error, 'TooLarge')) return tooLarge(MAX_APPEND_BYTES)
  if (isAppError(error, 'StreamDeleted')) {
    const message = new shared.StreamDeleted().setStreamIdentifier(identifierOf(stream))
    return batchFailure(NOT_FOUND, 'StreamDeleted', { name: 'StreamDeleted', message })
  }
  if (!isAppError(error, 'EventLogConflict')) throw error
  return batchFailure(ALREADY_EXISTS, 'WrongExpectedVersion', { name: 'WrongExpectedVersion', message: wrongVersion(error) })
}

const wrongVersion = ({ details }: AppError): Message => {
  const message = new shared.WrongExpectedVersion()
  if (details['actual'] === 'no-stream') message.setCurrentNoStream(new empty.Empty())
  else message.setCurrentStreamRevision(String(details['actual']))
  const expected = details['expected'] as ExpectedRevision
  if (expected === 'no-stream') return message.setExpectedNoStream(new empty.Empty())
  if (expected === 'stream-exists') return message.setExpectedStreamExists(new empty.Empty())
  return expected === 'any' ? message.setExpectedAny(new empty.Empty()) : message.setExpectedStreamPosition(String(expected))
}

export const eventResponse = (event: StoredWireEvent): ReadResp => {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(uuidOf(event.id))
    .setStreamIdentifier(identifierOf(event.stream))
    .setStreamRevision(String(event.revision))
    .setPreparePosition(String(event.position))
    .setCommitPosition(String(event.position))
    .setData(Uint8Array.from(event.data))
  if (event.customMetadata.length > 0) recorded.setCustomMetadata(Uint8Array.from(event.customMetadata))
  const metadata = recorded.getMetadataMap()
  metadata.set('type', event.type)
  // In .NET's ticks of 100 ns.
  metadata.set('created', `${event.storedAt}0000`)
  metadata.set('content-type', event.contentType)
  return new streams.ReadResp().setEvent(new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(String(event.position)))
}

export const notFoundResponse = (stream: string): ReadResp =>
  new streams.ReadResp().setStreamNotFound(new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(stream)))

export const confirmationResponse = (): ReadResp =>
  new streams.ReadResp().setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(crypto.randomUUID()))

export const caughtUpResponse = (): ReadResp => new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp())

export const checkpointResponse = (position: number): ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(String(position)).setPreparePosition(String(position)),
  )

export type Failure = Pick<ServiceError, 'code' | 'details' | 'metadata'>

/** The code is a number that gRPC knows. */
export const failure = (code: number, details: string, facts: Readonly<Record<string, string>> = {}): Failure => {
  const metadata = new Metadata()
  for (const [key, value] of Object.entries(facts)) metadata.set(key, value)
  return { code: status[status[code] as keyof typeof status], details, metadata }
}

/** What a refused read or deletion ends with. */
export const failureOf = (error: unknown, stream: string): Failure => {
  if (isAppError(error, 'StreamDeleted')) {
    return failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
      exception: 'stream-deleted',
      'stream-name': stream,
    })
  }
  if (isAppError(error, 'EventLogConflict')) {
    const { expected, actual } = error.details
    const numbers: Record<string, string> = { any: '-2', 'no-stream': '-1', 'stream-exists': '-4' }
    return failure(status.FAILED_PRECONDITION, 'Append failed due to WrongExpectedVersion.', {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': numbers[String(expected)] ?? String(expected),
      'actual-version': actual === 'no-stream' ? '-1' : String(actual),
    })
  }
  return failure(status.UNKNOWN, error instanceof Error ? error.message : String(error))
}
