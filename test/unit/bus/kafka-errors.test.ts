import {
  KafkaJSAggregateError,
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSProtocolError,
  KafkaJSTopicMetadataNotLoaded,
} from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { toBusError } from '../../../src/bus/kafka/errors.ts'
import { AppError } from '../../../src/errors.ts'

const protocolError = (type: string): KafkaJSProtocolError =>
  Object.assign(new KafkaJSProtocolError(type), { type, code: 1, retriable: false })

/** As the client's retrier wraps whatever it gives up on. */
const givenUp = (cause: Error): Error => Object.assign(new KafkaJSNonRetriableError(cause), { cause })

const call = { what: 'publish to events', topic: 'events', transactionalId: 'relay' }

describe('an error of the Kafka client', () => {
  test.each([
    ['a lost connection, whatever it calls itself', givenUp(new KafkaJSConnectionError('ECONNREFUSED')), 'BusUnavailable', true],
    ['a message that is too large', givenUp(protocolError('MESSAGE_TOO_LARGE')), 'TooLarge', false],
    ['a topic that is not there', givenUp(protocolError('UNKNOWN_TOPIC_OR_PARTITION')), 'InvalidConfiguration', false],
    ['that its own client was closed meanwhile', new KafkaJSTopicMetadataNotLoaded('Topic metadata not loaded'), 'BusUnavailable', true],
    ['another producer of the id', protocolError('INVALID_PRODUCER_EPOCH'), 'BusFenced', false],
    ['a broker that lets nobody in', givenUp(protocolError('TOPIC_AUTHORIZATION_FAILED')), 'InvalidConfiguration', false],
    ['one of several', new KafkaJSAggregateError('several', [protocolError('INVALID_REPLICATION_FACTOR')]), 'InvalidConfiguration', false],
    ['a defect of its own', new TypeError('undefined is not a function'), 'BusUnavailable', true],
  ])('that says %s becomes one of ours', (_, error, code, retryable) => {
    expect(toBusError(error, call)).toMatchObject({ code, retryable, cause: error })
  })
  test('names the reason at the bottom of it', () => {
    expect(toBusError(givenUp(new Error('the disk is full')), call).message).toContain('the disk is full')
  })
  test('that is ours already stays as it is', () => {
    const ours = new AppError('Closed', 'the bus is closed')
    expect(toBusError(ours, call)).toBe(ours)
  })
})
