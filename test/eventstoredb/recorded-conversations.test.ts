import { credentials, Client } from '@grpc/grpc-js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Conversation, RecordedLine } from './recorded-data.ts'
import { isRecordedDataThere, recordedConversations, skipWithoutRecordings } from './recorded-data.ts'
import type { ReplayedCall } from './replayed-call.ts'
import { replayedCall } from './replayed-call.ts'
import type { StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { startStandIn } from '../../servers/event-store/event-store-stand-in.ts'

// Positions, times and subscription ids are those of the day of the recording; everything else has to be the same.

const POSITION_KEYS = new Set(['commitPosition', 'preparePosition'])

/** From the recorded positions to those of the stand-in, as the answers show them. */
const positions = new Map<string, string>()

const isEmpty = (value: unknown): boolean => value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

const comparable = (key: string, value: unknown): unknown => {
  if (key === 'subscriptionId') return 'some id'
  if (Array.isArray(value)) return value[0] === 'created' ? ['created', 'some time'] : value.map((item) => comparable('', item))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, member]) => !isEmpty(member))
  return Object.fromEntries(entries.map(([name, member]) => [name, POSITION_KEYS.has(name) ? 'some position' : comparable(name, member)]))
}

const positionsIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => (POSITION_KEYS.has(key) ? [String(member)] : positionsIn(member)))
}

const learnPositions = (recorded: unknown, answered: unknown): void => {
  const found = positionsIn(answered)
  positionsIn(recorded).forEach((position, i) => {
    const known = positions.get(position) ?? found[i]
    expect(found[i], `the position that was ${position}`).toBe(known)
    positions.set(position, known ?? '')
  })
}

const translated = (position: string): string => {
  for (const [recorded, actual] of positions) {
    const distance = Number(position) - Number(recorded)
    if (Math.abs(distance) < 10) return String(Number(actual) + distance)
  }
  throw new Error(`no recorded answer has a position near ${position}`)
}

const requestOf = (path: string, line: RecordedLine): Uint8Array => {
  if (line.base64 === undefined) return largeAppend(line)
  const bytes = Buffer.from(line.base64, 'base64')
  if (!path.endsWith('/Read')) return bytes
  const request = streams.ReadReq.deserializeBinary(bytes)
  const position = request.getOptions()?.getAll()?.getPosition()
  position?.setCommitPosition(translated(position.getCommitPosition()))
  position?.setPreparePosition(translated(position.getPreparePosition()))
  return request.serializeBinary()
}

/** Its bytes were too many to be recorded. */
const largeAppend = (line: RecordedLine): Uint8Array => {
  const { correlationId, options, proposedMessagesList } = line.json as {
    correlationId: { string: string }
    options: { streamIdentifier: { streamName: string } }
    proposedMessagesList: { id: { string: string }; metadataMap: [string, string][] }[]
  }
  const request = new streams.BatchAppendReq()
  const uuid = (text: string): NonNullable<ReturnType<typeof request.getCorrelationId>> => {
    const message = streams.BatchAppendReq.deserializeBinary(Buffer.from('0a020a00', 'hex')).getCorrelationId()
    return message!.setString(text)
  }
  const identifier = streams.ReadReq.Options.StreamOptions.deserializeBinary(Buffer.from('0a00', 'hex')).getStreamIdentifier()
  request.setCorrelationId(uuid(correlationId.string)).setIsFinal(true)
  request.setOptions(
    new streams.BatchAppendReq.Options().setStreamIdentifier(identifier?.setStreamName(options.streamIdentifier.streamName)),
  )
  for (const { id, metadataMap } of proposedMessagesList) {
    const message = new streams.BatchAppendReq.ProposedMessage().setId(uuid(id.string)).setData(new Uint8Array(line.bytes ?? 0))
    for (const [key, value] of metadataMap) message.getMetadataMap().set(key, value)
    request.addProposedMessages(message)
  }
  return request.serializeBinary()
}

/** The recorded texts say RUN where the frames hold the mark of their run. */
const withoutMark = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll(/wire-[a-z0-9]{8}-/g, 'wire-RUN-'))

const replay = async (client: Client, { lines }: Conversation): Promise<void> => {
  const calls = new Map<number, { path: string; call: ReplayedCall }>()
  for (const line of lines) {
    if (line.path !== undefined) calls.set(line.call, { path: line.path, call: replayedCall(client, line.path, line.headers ?? {}) })
    const { path, call } = calls.get(line.call)!
    if (line.to === 'server') call.send(requestOf(path, line))
    if (line.to === 'client') {
      const answer = await call.nextAnswer()
      expect(comparable('', answer)).toEqual(comparable('', line.json))
      learnPositions(line.json, answer)
    }
    if (line.trailers !== undefined) {
      const { 'grpc-status': code, 'grpc-message': details = 'OK', ...facts } = line.trailers
      const ended = withoutMark(await call.status())
      expect(ended).toMatchObject({ code: Number(code), details: decodeURIComponent(details), facts })
    }
  }
  for (const { call } of calls.values()) call.cancel()
}

const conversations = isRecordedDataThere ? recordedConversations() : []

describe('the stand-in for EventStoreDB', () => {
  let standIn: StandIn
  let client: Client
  beforeAll(async () => {
    standIn = await startStandIn()
    // When it was recorded, the stream that was deleted was found at once.
    await standIn.set({ reopeningMs: 0 })
    client = new Client(`127.0.0.1:${standIn.port}`, credentials.createInsecure())
  })
  afterAll(async () => {
    client.close()
    await standIn.stop()
  })

  test.each(conversations)('answers as the real server did in the conversation $scenario', async (conversation) => {
    await replay(client, conversation)
  })
  skipWithoutRecordings('the stand-in is compared with no real server')
})
