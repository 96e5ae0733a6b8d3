import type { Clock } from '../clock.ts'

export interface RateLimit {
  /** Takes one token of this name. Returns 0, or in how many ms there will be one. */
  take(name: string): number
}

interface Bucket {
  tokens: number
  filledAt: number
}

/** Names that were asked for lately are known; one that is forgotten has a full bucket again. */
const MOST_BUCKETS = 10_000

/** One bucket a name: it holds `burst` tokens at most, and `perSecond` flow in. Starts full. */
export const tokenBuckets = (clock: Clock, { perSecond, burst }: { readonly perSecond: number; readonly burst: number }): RateLimit => {
  const buckets = new Map<string, Bucket>()

  const filled = (name: string): Bucket => {
    const now = clock.now()
    const bucket = buckets.get(name) ?? { tokens: burst, filledAt: now }
    // A clock that stepped backwards fills nothing, and takes nothing away.
    const elapsedMs = Math.max(0, now - bucket.filledAt)
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1000)
    bucket.filledAt = now
    // In order of use.
    buckets.delete(name)
    buckets.set(name, bucket)
    const [oldest] = buckets.keys()
    if (buckets.size > MOST_BUCKETS && oldest !== undefined) buckets.delete(oldest)
    return bucket
  }

  return {
    take(name) {
      const bucket = filled(name)
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1000) / perSecond)
      bucket.tokens -= 1
      return 0
    },
  }
}
