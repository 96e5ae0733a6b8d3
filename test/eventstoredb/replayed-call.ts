import type { Client, ServiceError, StatusObject } from '@grpc/grpc-js'
import { Metadata } from '@grpc/grpc-js'
import type { Message } from 'google-protobuf'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'

/** A gRPC call that is given recorded frames one by one and gives back what is answered. */
export interface ReplayedCall {
  send(frame: Uint8Array): void
  nextAnswer(): Promise<unknown>
  status(): Promise<{ code: number; details: string; facts: Record<string, string> }>
  cancel(): void
}

interface MessageType {
  deserializeBinary(bytes: Uint8Array): Message
}

const ANSWERS: Readonly<Record<string, MessageType>> = {
  GetSupportedMethods: features.SupportedMethods,
  BatchAppend: streams.BatchAppendResp,
  Read: streams.ReadResp,
  Delete: streams.DeleteResp,
  Tombstone: streams.TombstoneResp,
}

const HALF_OPEN = new Set(['BatchAppend'])

export const replayedCall = (client: Client, path: string, headers: Readonly<Record<string, string>>): ReplayedCall => {
  const method = path.slice(path.lastIndexOf('/') + 1)
  const metadata = new Metadata()
  for (const [key, value] of Object.entries(headers)) if (key !== 'grpc-timeout') metadata.set(key, value)
  const call = client.makeBidiStreamRequest(
    path,
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => bytes,
    metadata,
  )
  const answers = call.iterator({ destroyOnReturn: false })
  const status = new Promise<StatusObject>((resolve) => call.once('status', resolve))
  call.on('error', (_error: ServiceError) => undefined)
  return {
    send(frame) {
      call.write(Buffer.from(frame))
      if (!HALF_OPEN.has(method)) call.end()
    },
    async nextAnswer() {
      const { value, done } = (await answers.next()) as IteratorResult<Buffer, undefined>
      return done === true ? 'no further answer' : ANSWERS[method]?.deserializeBinary(value).toObject()
    },
    async status() {
      const { code, details, metadata: trailers } = await status
      return { code, details, facts: Object.fromEntries(Object.entries(trailers.getMap()).map(([key, value]) => [key, String(value)])) }
    },
    cancel: () => {
      call.cancel()
    },
  }
}
