import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { DeleteReq, DeleteResp, TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { ExpectedRevision } from '../../src/eventlog/event-log.ts'
import type { Access } from './access.ts'
import type { FaultyState } from './faulty-state.ts'
import { notLeader } from './read.ts'
import type { Failure } from './responses.ts'
import { failureOf, nameOf } from './responses.ts'
import type { WireLog } from './wire-log.ts'

export const deleteStream =
  (log: WireLog, state: FaultyState, access: Access) =>
  (call: ServerUnaryCall<DeleteReq, DeleteResp>, done: sendUnaryData<DeleteResp>): void => {
    const position = new streams.DeleteResp.Position()
    answer({ log, state, access }, call, 'soft').then(
      (at) => done(null, new streams.DeleteResp().setPosition(position.setCommitPosition(at).setPreparePosition(at))),
      (problem: unknown) => done(problem as Failure),
    )
  }

export const tombstoneStream =
  (log: WireLog, state: FaultyState, access: Access) =>
  (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, done: sendUnaryData<TombstoneResp>): void => {
    const position = new streams.TombstoneResp.Position()
    answer({ log, state, access }, call, 'tombstone').then(
      (at) => done(null, new streams.TombstoneResp().setPosition(position.setCommitPosition(at).setPreparePosition(at))),
      (problem: unknown) => done(problem as Failure),
    )
  }

type Call = ServerUnaryCall<DeleteReq, DeleteResp> | ServerUnaryCall<TombstoneReq, TombstoneResp>

interface Parts {
  readonly log: WireLog
  readonly state: FaultyState
  readonly access: Access
}

const answer = async ({ log, state: { faults }, access }: Parts, call: Call, kind: 'soft' | 'tombstone'): Promise<string> => {
  const options = call.request.getOptions()
  const stream = nameOf(options?.getStreamIdentifier())
  const denied = await access(call.metadata, stream, '$d')
  if (denied !== undefined) throw denied
  if (faults.leader !== 'itself' && call.metadata.get('requires-leader')[0] === 'true') throw notLeader(faults.leader)
  try {
    return String(await log.remove(stream, expectedOf(options), kind))
  } catch (error) {
    throw failureOf(error, stream)
  }
}

const expectedOf = (options: DeleteReq.Options | TombstoneReq.Options | undefined): ExpectedRevision => {
  if (options === undefined || options.hasAny()) return 'any'
  if (options.hasNoStream()) return 'no-stream'
  return options.hasStreamExists() ? 'stream-exists' : Number(options.getRevision())
}
