import type { ServerWritableStream } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Failure } from './responses.ts'
import type { StoredWireEvent } from './wire-log.ts'

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>
export type ReadOptions = ReadReq.Options

/** Waits while the client reads no further. */
export const send = async (call: ReadCall, response: ReadResp): Promise<void> => {
  if (call.cancelled || call.write(response)) return
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      call.off('drain', goOn).off('cancelled', goOn)
      resolve()
    }
    call.on('drain', goOn).on('cancelled', goOn)
  })
}

export const fail = (call: ReadCall, problem: Failure): void => {
  call.emit('error', problem)
}

/** Whether an event passes the filter that a read came with. */
export const passesOf = (options: ReadOptions): ((event: StoredWireEvent) => boolean) => {
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
