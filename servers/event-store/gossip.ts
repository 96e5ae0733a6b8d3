import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import gossip from '@eventstore/db-client/generated/gossip_pb.js'
import type { ClusterInfo, MemberInfo } from '@eventstore/db-client/generated/gossip_pb.js'
import type { Empty } from '@eventstore/db-client/generated/shared_pb.js'
import type { FaultyState } from './faulty-state.ts'
import { uuidOf } from './responses.ts'

/** The nodes that this one knows: itself and, where it follows, its leader. */
export const readGossip =
  (ownPort: () => number, state: FaultyState) =>
  (_call: ServerUnaryCall<Empty, ClusterInfo>, done: sendUnaryData<ClusterInfo>): void => {
    const { LEADER, FOLLOWER } = gossip.MemberInfo.VNodeState
    const { leader } = state.faults
    const info = new gossip.ClusterInfo()
    info.addMembers(member(ownPort(), leader === 'itself' ? LEADER : FOLLOWER))
    if (leader !== 'itself') info.addMembers(member(leader, LEADER))
    done(null, info)
  }

const member = (port: number, role: MemberInfo.VNodeState): MemberInfo =>
  new gossip.MemberInfo()
    .setInstanceId(uuidOf(crypto.randomUUID()))
    .setTimeStamp('0')
    .setIsAlive(true)
    .setState(role)
    .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port))
