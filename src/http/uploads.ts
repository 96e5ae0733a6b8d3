import { HttpProblem } from './problem.ts'

// Each message with files is in memory some times over, from its first byte until it is answered.

const MOST_OF_KEY = 4
const MOST_IN_ALL = 16

/** Those that are being taken in by this process. */
export interface Uploads {
  /** Throws `RateLimited`. What it returns has to be called once the request is answered. */
  begin(key: string): () => void
}

export const createUploads = (): Uploads => {
  const ofKeys = new Map<string, number>()
  let inAll = 0
  const count = (key: string, more: number): void => {
    const ofKey = (ofKeys.get(key) ?? 0) + more
    if (ofKey === 0) ofKeys.delete(key)
    else ofKeys.set(key, ofKey)
    inAll += more
  }
  return {
    begin(key) {
      if ((ofKeys.get(key) ?? 0) >= MOST_OF_KEY || inAll >= MOST_IN_ALL) throw tooMany(key)
      count(key, 1)
      return () => count(key, -1)
    },
  }
}

const tooMany = (key: string): HttpProblem =>
  new HttpProblem(
    'RateLimited',
    `Expected ${MOST_OF_KEY} messages with files of ${key} at one time at most, ${MOST_IN_ALL} of all keys, found more`,
    { headers: { 'retry-after': '1' } },
  )
