// A process that speaks EventStoreDB's protocol over an embedded log, until it is told to stop. Started by start-stand-in.ts.
import { Server, ServerCredentials } from '@grpc/grpc-js'
import gossip from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import serverFeatures from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { systemClock } from '../../src/clock.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import { sqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts'
import { accessTo } from './access.ts'
import { batchAppend } from './batch-append.ts'
import { deleteStream, tombstoneStream } from './deletion.ts'
import type { Request } from './faults.ts'
import type { FaultyState } from './faulty-state.ts'
import { faultyState } from './faulty-state.ts'
import { getSupportedMethods } from './features.ts'
import { readGossip } from './gossip.ts'
import type { StandInSettings } from './event-store-stand-in.ts'
import { read } from './read.ts'
import { wireLog } from './wire-log.ts'

const [wantedPort = '0', path = '', settings = '{}'] = process.argv.slice(2)
const { tls, users } = JSON.parse(settings) as StandInSettings
const state = faultyState()
const log = wireLog(path === '' ? memoryEventLog({ clock: systemClock }) : sqliteEventLog({ path, clock: systemClock }), {
  reopeningMs: () => state.faults.reopeningMs,
})
let port = 0

const access = accessTo(log, users)
const credentials =
  tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(null, [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) }])

const server = new Server({
  'grpc.max_receive_message_length': 17 * 1024 * 1024,
  // As the real one, which leaves it at its web server's default.
  'grpc.max_concurrent_streams': 100,
})
server.addService(streams.StreamsService, {
  read: read(log, state, access),
  batchAppend: batchAppend(log, state, access),
  delete: deleteStream(log, state, access),
  tombstone: tombstoneStream(log, state, access),
})
server.addService(serverFeatures.ServerFeaturesService, { getSupportedMethods: getSupportedMethods(state, access) })
server.addService(gossip.GossipService, { read: readGossip(() => port, state) })
server.bindAsync(`127.0.0.1:${wantedPort}`, credentials, (error, boundPort) => {
  if (error !== null) throw error
  port = boundPort
  process.send?.({ port })
})

const fulfil = async (faulty: FaultyState, request: Request): Promise<unknown> => {
  switch (request.do) {
    case 'set':
      faulty.set(request.faults)
      return undefined
    case 'wedge':
      faulty.wedge()
      return undefined
    case 'answerLate':
      faulty.answerLate()
      return undefined
    case 'endSubscriptions':
      for (const end of faulty.openSubscriptions) end(request.code, request.details ?? '')
      return undefined
    case 'awaitAppends':
      return faulty.arrived(request.appends)
    case 'scavenge':
      return log.scavenge()
    case 'report':
      return faulty.report()
  }
}

process.on('message', ({ id, request }: { id: number; request: Request }) => {
  void fulfil(state, request).then((answer) => process.send?.({ id, answer }))
})
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => {
  server.forceShutdown()
  void log.close().then(() => process.exit())
})
