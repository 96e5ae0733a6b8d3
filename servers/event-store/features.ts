import { status } from '@grpc/grpc-js'
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js'
import type { Empty } from '@eventstore/db-client/generated/shared_pb.js'
import type { Access } from './access.ts'
import type { FaultyState } from './faulty-state.ts'
import { failure } from './responses.ts'

const PERSISTENT = ['stream', 'all']

/** What EventStoreDB 24.2 says of itself: methods by service, with the features of those that have any. Of what KurrentDB can do besides nothing is used. */
const METHODS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'persistent_subscriptions.persistentsubscriptions': {
    create: PERSISTENT,
    update: PERSISTENT,
    delete: PERSISTENT,
    read: PERSISTENT,
    getinfo: PERSISTENT,
    replayparked: PERSISTENT,
    list: PERSISTENT,
    restartsubsystem: PERSISTENT,
  },
  'users.users': { create: [], update: [], delete: [], disable: [], enable: [], details: [], changepassword: [], resetpassword: [] },
  'streams.streams': { read: ['position', 'events'], append: [], delete: [], tombstone: [], batchappend: ['deadline_duration'] },
  'operations.operations': {
    startscavenge: [],
    stopscavenge: [],
    shutdown: [],
    mergeindexes: [],
    resignnode: [],
    setnodepriority: [],
    restartpersistentsubscriptions: [],
  },
  'gossip.gossip': { read: [] },
  'monitoring.monitoring': { stats: [] },
  'server_features.serverfeatures': { getsupportedmethods: [] },
  'redaction.redaction': { geteventpositions: [], switchchunks: [] },
}

const supportedMethods = (version: string): SupportedMethods => {
  const answer = new features.SupportedMethods().setEventStoreServerVersion(version)
  for (const [service, methods] of Object.entries(METHODS)) {
    for (const [method, list] of Object.entries(methods)) {
      const supported = new features.SupportedMethod().setMethodName(method).setServiceName(`event_store.client.${service}`)
      answer.addMethods(supported.setFeaturesList([...list]))
    }
  }
  return answer
}

export const getSupportedMethods =
  (state: FaultyState, access: Access) =>
  (call: ServerUnaryCall<Empty, SupportedMethods>, done: sendUnaryData<SupportedMethods>): void => {
    state.seen(call.getPeer())
    const { capabilities, version } = state.faults
    if (capabilities === 'unanswered') return
    if (capabilities !== 'answered') return done(failure(capabilities.code, 'told to fail'))
    // Everybody may ask, but for somebody who is not known.
    void access(call.metadata, 'any', '$r').then((denied) =>
      denied?.code === status.UNAUTHENTICATED ? done(denied) : done(null, supportedMethods(version)),
    )
  }
