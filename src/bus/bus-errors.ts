import { AppError } from '../errors.ts'

export const busClosed = (): AppError => new AppError('Closed', 'the bus is closed')

export const noTopic = (topic: string, cause?: unknown): AppError =>
  new AppError('InvalidConfiguration', `Expected the topic ${topic}, found none: make it, or let Refold make its topics`, {
    details: { topic },
    cause,
  })

export const topicNotKnownYet = (topic: string, cause: unknown): AppError =>
  new AppError('BusUnavailable', `the broker does not know the topic ${topic} yet, which others do`, { retryable: true, cause })

export const messageTooLarge = (topic: string, bytes: number | undefined, cause?: unknown): AppError =>
  new AppError('TooLarge', `${bytes === undefined ? 'A message' : `A message of ${bytes} bytes`} is larger than the topic ${topic} takes`, {
    details: { topic, bytes },
    cause,
  })

export const fenced = (transactionalId: string | undefined, cause?: unknown): AppError =>
  new AppError('BusFenced', `another process publishes as ${transactionalId ?? 'this producer'}: this one has to end`, {
    details: { transactionalId },
    cause,
  })
