/** The part of `Headers` that is read here. */
export interface ResponseHeaders {
  get(name: string): string | null
}

/**
 * How long the vendor asks us to wait, ms: `retry-after-ms`, else `retry-after` in seconds or as a date.
 * A date is measured from the vendor's own `date` header, so that two clocks may differ, and from `now` where there is none.
 */
export const retryAfterMs = (headers: ResponseHeaders, now = Date.now()): number | undefined => {
  const ms = amount(headers.get('retry-after-ms'))
  if (ms !== undefined) return Math.ceil(ms)
  const retryAfter = headers.get('retry-after')
  const seconds = amount(retryAfter)
  if (seconds !== undefined) return Math.ceil(seconds * 1000)
  const date = Date.parse(headers.get('date') ?? '')
  const sentAt = Number.isNaN(date) ? now : date
  if (!/[a-z]{3}/i.test(retryAfter ?? '')) return undefined
  const waitMs = Date.parse(retryAfter ?? '') - sentAt
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}

const amount = (text: string | null): number | undefined => (text !== null && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined)
