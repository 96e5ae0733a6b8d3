import { AppError, isAppError, messageOf } from '../../errors.ts'
import { fenced, messageTooLarge, noTopic } from '../bus.ts'

export interface KafkaCall {
  /** In words, for the message: `publish`, `read the topic x`. */
  readonly what: string
  readonly topic?: string
  readonly transactionalId?: string | undefined
}

const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']
// Not `KafkaJSTopicMetadataNotLoaded`: that says only that somebody else has just closed the client.
const NO_TOPIC = ['UNKNOWN_TOPIC_OR_PARTITION']
const FENCED = ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'TRANSACTION_COORDINATOR_FENCED']
const REFUSED = [
  'KafkaJSSASLAuthenticationError',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]
const WRONG = ['INVALID_TOPIC_EXCEPTION', 'INVALID_PARTITIONS', 'INVALID_REPLICATION_FACTOR', 'INVALID_CONFIG', 'POLICY_VIOLATION']

/** What kafkajs rejected with, in our words. Its `KafkaJSNonRetriableError` only says that it has given up: the cause says why. */
export const toBusError = (error: unknown, call: KafkaCall): AppError => {
  if (isAppError(error)) return error
  const names = namesIn(error)
  const is = (known: readonly string[]): boolean => known.some((name) => names.includes(name))
  if (is(TOO_LARGE)) return messageTooLarge(call.topic ?? call.what, undefined, error)
  if (call.transactionalId !== undefined && is(FENCED)) return fenced(call.transactionalId, error)
  if (call.topic !== undefined && is(NO_TOPIC)) return noTopic(call.topic, error)
  if (is(REFUSED) || is(WRONG)) {
    return new AppError('InvalidConfiguration', `Kafka refused to ${call.what}: ${reasonIn(error)}`, { cause: error })
  }
  return new AppError('BusUnavailable', `Kafka cannot be reached to ${call.what}: ${reasonIn(error)}`, { retryable: true, cause: error })
}

/** Whether a broker has said that there is no such topic: it may be one that does not know of it yet, as after a restart. */
export const saysNoTopic = (error: unknown): boolean => namesIn(error).some((name) => NO_TOPIC.includes(name))

/** Runs a call of the client and rejects with our own errors only. */
export const asBusCall = async <Result>(call: KafkaCall, work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (error) {
    throw toBusError(error, call)
  }
}

/** Names and protocol types of an error, of its causes and of the errors it is made of. */
const namesIn = (error: unknown): string[] => {
  if (!(error instanceof Error)) return []
  const type = 'type' in error && typeof error.type === 'string' ? [error.type] : []
  const parts = 'errors' in error && Array.isArray(error.errors) ? error.errors.flatMap(namesIn) : []
  return [error.name, ...type, ...parts, ...namesIn(error.cause)]
}

const reasonIn = (error: unknown): string => {
  if (!(error instanceof Error)) return messageOf(error)
  const parts: unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : []
  const inner = error.cause ?? parts[0]
  return inner === undefined ? messageOf(error) : reasonIn(inner)
}
