import type { Publisher, TopicMessages } from '../../src/bus/bus.ts'
import { isAppError } from '../../src/errors.ts'

/** As the relay does: the very same until it is taken. Resolves with how often it was not. */
export const insist = async (publisher: Publisher, topics: readonly TopicMessages[]): Promise<number> => {
  for (let failures = 0; ; failures++) {
    try {
      await publisher.publish(topics)
      return failures
    } catch (error) {
      if (!isAppError(error, 'BusUnavailable')) throw error
    }
  }
}
